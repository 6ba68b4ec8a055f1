#include "exec/cgroup.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "os/fs.h"

namespace slipway::exec {
namespace {

constexpr const char* kHint =
    "limits need cgroups that this user may change: run as root, or name a cgroup that is delegated "
    "to you with --cgroup-parent (systemd-run --user -p Delegate=yes makes one)";

/// A mounted hierarchy. `root` is what of it is mounted, "/" unless an outer container shows a part.
struct Hierarchy {
  std::string dir, root;
};

/// By controller: "memory" -> /sys/fs/cgroup/memory; "" is the hierarchy of v2. The first mount counts.
std::map<std::string, Hierarchy> hierarchies() {
  std::map<std::string, Hierarchy> found;
  const std::string mounts = os::read_file_if_exists("/proc/self/mountinfo").value_or("");
  for (const auto& line : split(mounts, '\n')) {
    // "31 23 0:26 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory"
    const size_t separator = line.find(" - ");
    if (separator == line.npos) continue;
    const auto left = split(line.substr(0, separator), ' ');
    const auto right = split(line.substr(separator + 3), ' ');
    if (left.size() < 5 || right.size() < 3) continue;
    const Hierarchy here{left[4], left[3]};
    if (right[0] == "cgroup2") found.emplace("", here);
    if (right[0] == "cgroup")
      for (const auto& option : split(right[2], ',')) found.emplace(option, here);
  }
  return found;
}

/// Our own cgroup in the hierarchy of `controller` ("" for v2), from the root of what is mounted.
std::string own_cgroup(const std::string& controller, const Hierarchy& hierarchy) {
  const std::string text = os::read_file_if_exists("/proc/self/cgroup").value_or("");
  for (const auto& line : split(text, '\n')) {
    // "4:cpu,cpuacct:/user.slice", or "0::/user.slice"
    const auto fields = split(line, ':');
    if (fields.size() < 3) continue;
    std::string path = line.substr(fields[0].size() + fields[1].size() + 2);
    const auto names = split(fields[1], ',');
    if (controller.empty() ? !fields[1].empty() : std::ranges::find(names, controller) == names.end())
      continue;
    if (hierarchy.root != "/" && path.starts_with(hierarchy.root))
      path.erase(0, hierarchy.root.size());
    return path;
  }
  return "/";
}

void write_setting(const std::string& file, const std::string& value) {
  const os::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size()))
    throw errno_error(fmt::format("write {} to", value), file).hint(kHint);
}

/// v2: controllers count in a cgroup only once its parent passes them on.
void pass_on(const std::string& parent, const std::string& dir, const CgroupSetting& setting) {
  if (os::exists(dir + "/" + setting.file)) return;
  write_setting(parent + "/cgroup.subtree_control", "+" + setting.controller);
}

std::string get(const std::map<std::string, std::string>& map, const std::string& key) {
  const auto it = map.find(key);
  return it == map.end() ? "" : it->second;
}

}  // namespace

std::vector<CgroupSetting> cgroup_settings(const std::map<std::string, std::string>& resources,
                                           bool is_v2) {
  std::vector<CgroupSetting> out;
  const auto add = [&](const char* controller, const char* v1, const char* v2, std::string value,
                       bool is_optional = false) {
    out.push_back({controller, is_v2 ? v2 : v1, std::move(value), is_optional});
  };
  const std::string memory = get(resources, "memory"), swap = get(resources, "memory-swap");
  if (!memory.empty()) add("memory", "memory.limit_in_bytes", "memory.max", memory);
  if (!swap.empty()) {
    std::string value = swap;
    // Docker counts memory and swap together; v2 counts swap alone.
    if (is_v2) {
      const uint64_t both = parse_u64(swap).value_or(0), own = parse_u64(memory).value_or(0);
      value = swap == "-1" ? "max" : std::to_string(both > own ? both - own : 0);
    }
    add("memory", "memory.memsw.limit_in_bytes", "memory.swap.max", value, true);
  }
  if (const std::string shares = get(resources, "cpu-shares"); !shares.empty()) {
    const int64_t clamped = std::clamp<int64_t>(parse_i64(shares).value_or(1024), 2, 262144);
    add("cpu", "cpu.shares", "cpu.weight",
        std::to_string(is_v2 ? 1 + (clamped - 2) * 9999 / 262142 : clamped));
  }
  const std::string period = get(resources, "cpu-period"), quota = get(resources, "cpu-quota");
  if (is_v2 && !(period.empty() && quota.empty())) {
    const bool is_limited = parse_i64(quota).value_or(-1) > 0;
    add("cpu", "", "cpu.max",
        fmt::format("{} {}", is_limited ? quota : "max", period.empty() ? "100000" : period));
  } else {
    if (!period.empty()) add("cpu", "cpu.cfs_period_us", "", period);
    if (!quota.empty()) add("cpu", "cpu.cfs_quota_us", "", quota);
  }
  for (const char* list : {"cpus", "mems"}) {
    const std::string value = get(resources, fmt::format("cpuset-{}", list));
    const std::string file = fmt::format("cpuset.{}", list);
    if (!value.empty()) add("cpuset", file.c_str(), file.c_str(), value);
  }
  return out;
}

StepCgroup::StepCgroup(const std::string& id, const ResourceLimits& limits) {
  if (limits.resources.empty() && limits.cgroup_parent.empty()) return;
  const auto mounted = hierarchies();
  if (mounted.empty()) throw Error("this host shows no cgroups to limit a step with", {}, kHint);
  const bool is_v2 = !mounted.contains("memory") && !mounted.contains("cpu");
  const auto settings = cgroup_settings(limits.resources, is_v2);
  std::set<std::string> wanted;
  for (const auto& setting : settings) wanted.insert(is_v2 ? "" : setting.controller);
  if (wanted.empty()) wanted = is_v2 ? std::set<std::string>{""} : std::set<std::string>{"cpu", "memory"};
  for (const auto& controller : wanted) {
    const auto hierarchy = mounted.find(controller);
    if (hierarchy == mounted.end())
      throw Error(fmt::format("this host has no cgroup controller {}", controller), {}, kHint);
    const std::string parent = os::clean_path(
        hierarchy->second.dir + "/" +
        (limits.cgroup_parent.empty() ? own_cgroup(controller, hierarchy->second)
                                      : limits.cgroup_parent));
    const std::string dir = parent + "/" + id;
    os::make_dirs(parent);
    if (::mkdir(dir.c_str(), 0755) != 0) throw errno_error("create the cgroup", dir).hint(kHint);
    dirs_.push_back(dir);
    // An empty cpuset lets nobody in.
    if (controller == "cpuset")
      for (const std::string file : {"/cpuset.cpus", "/cpuset.mems"})
        write_setting(dir + file, std::string(trim(os::read_file(parent + file))));
    for (const auto& setting : settings) {
      if (!is_v2 && setting.controller != controller) continue;
      if (is_v2) pass_on(parent, dir, setting);
      if (setting.is_optional && !os::exists(dir + "/" + setting.file)) continue;
      write_setting(dir + "/" + setting.file, setting.value);
    }
    entrances_.push_back(os::open_file(dir + "/cgroup.procs", O_WRONLY));
  }
}

StepCgroup::~StepCgroup() {
  entrances_.clear();
  for (const auto& dir : dirs_) ::rmdir(dir.c_str());
}

std::vector<int> StepCgroup::entrances() const {
  std::vector<int> out;
  for (const auto& fd : entrances_) out.push_back(fd.get());
  return out;
}

bool StepCgroup::was_oom_killed() const {
  for (const auto& dir : dirs_)
    for (const char* file : {"/memory.events", "/memory.oom_control"})
      for (const auto& line : split(os::read_file_if_exists(dir + file).value_or(""), '\n'))
        if (line.starts_with("oom_kill ") && line != "oom_kill 0") return true;
  return false;
}

}  // namespace slipway::exec
