// A cgroup of a step's own, for --resource and --cgroup-parent. Without either, a step stays in the
// cgroup of the program and nothing is touched.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "exec/run.h"
#include "os/fd.h"

namespace slipway::exec {

/// One file of a cgroup and what is written to it.
struct CgroupSetting {
  std::string controller;  // "memory", "cpu", "cpuset"
  std::string file;
  std::string value;
  bool is_optional = false;  // kernels without swap accounting do not have it
};

/// Docker's resource keys (memory and memory-swap in bytes, cpu-shares, cpu-period and cpu-quota in
/// microseconds, cpuset-cpus, cpuset-mems) as files of cgroup v1 or v2 (Linux,
/// Documentation/admin-guide/cgroup-v2.rst). `-1` lifts a limit. Shares become weights as runtimes
/// convert them: 2..262144 to 1..10000.
std::vector<CgroupSetting> cgroup_settings(const std::map<std::string, std::string>& resources,
                                           bool is_v2);

class StepCgroup {
 public:
  /// Makes the cgroup below `limits.cgroup_parent` (from the hierarchy's root), else below our own,
  /// and sets the limits. Throws Error with a hint where cgroups are not ours to make.
  StepCgroup(const std::string& id, const ResourceLimits& limits);
  ~StepCgroup();  // removes it; every process of the step has ended by then
  StepCgroup(const StepCgroup&) = delete;
  StepCgroup& operator=(const StepCgroup&) = delete;

  /// Files to which a process writes "0" to enter; empty if there is no cgroup to enter.
  std::vector<int> entrances() const;
  /// Whether the kernel killed a process of the step for want of memory under its limit.
  bool was_oom_killed() const;

 private:
  std::vector<std::string> dirs_;
  std::vector<os::UniqueFd> entrances_;
};

}  // namespace slipway::exec
