#include "exec/cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "base/error.h"
#include "exec/step_fixture.h"

namespace slipway::exec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> lines(const std::map<std::string, std::string>& resources, bool is_v2) {
  std::vector<std::string> out;
  for (const auto& setting : cgroup_settings(resources, is_v2))
    out.push_back(setting.file + "=" + setting.value);
  return out;
}

TEST(CgroupSettings, AreThoseOfTheVersion) {
  const std::map<std::string, std::string> all{
      {"memory", "1000000"},    {"memory-swap", "3000000"}, {"cpu-shares", "1024"},
      {"cpu-period", "50000"},  {"cpu-quota", "25000"},     {"cpuset-cpus", "0-1"},
      {"cpuset-mems", "0"}};
  EXPECT_THAT(lines(all, false),
              ElementsAre("memory.limit_in_bytes=1000000", "memory.memsw.limit_in_bytes=3000000",
                          "cpu.shares=1024", "cpu.cfs_period_us=50000", "cpu.cfs_quota_us=25000",
                          "cpuset.cpus=0-1", "cpuset.mems=0"));
  EXPECT_THAT(lines(all, true),
              ElementsAre("memory.max=1000000", "memory.swap.max=2000000", "cpu.weight=39",
                          "cpu.max=25000 50000", "cpuset.cpus=0-1", "cpuset.mems=0"));
}

TEST(CgroupSettings, LimitsCanBeLifted) {
  EXPECT_THAT(lines({{"memory-swap", "-1"}, {"cpu-quota", "-1"}}, true),
              ElementsAre("memory.swap.max=max", "cpu.max=max 100000"));
}

/// Whether a cgroup can be made here at all.
bool can_limit() {
  try {
    const StepCgroup probe("slipway-probe", {.ulimits = {}, .resources = {{"memory", "100000000"}}});
    return true;
  } catch (const Error&) {
    return false;
  }
}

TEST_F(RunStep, AStepStaysBelowItsMemoryLimit) {
  if (!can_limit()) GTEST_SKIP() << "cgroups are not ours to make";
  spec.limits.resources = {{"memory", "20000000"}};
  EXPECT_EQ(sh("head -c 1000 /dev/zero | wc -c").exit_code, 0);
  fresh_step();
  // A line without an end has to be held in memory whole.
  const RunResult big = sh("exec grep x /dev/zero");
  EXPECT_EQ(big.signal, SIGKILL);
  EXPECT_TRUE(big.oom_killed);
}

TEST_F(RunStep, TheCgroupIsGoneAfterwards) {
  if (!can_limit()) GTEST_SKIP() << "cgroups are not ours to make";
  spec.limits.cgroup_parent = "/slipway-test";
  spec.limits.resources = {{"memory", "50000000"}};
  EXPECT_EQ(sh("true").exit_code, 0);
  for (const char* dir : {"/sys/fs/cgroup/memory/slipway-test", "/sys/fs/cgroup/slipway-test"}) {
    if (!os::exists(dir)) continue;
    EXPECT_FALSE(os::exists(std::string(dir) + "/" + spec.id));
    ::rmdir(dir);
  }
}

}  // namespace
}  // namespace slipway::exec
