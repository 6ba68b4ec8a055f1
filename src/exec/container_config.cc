// The document follows what Docker gives a container: 14 capabilities, its seccomp profile, its
// masked and read-only paths, its /dev. No cgroup and no user namespace: the step lives in those of
// this process.
#include "exec/container_config.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "exec/seccomp.h"
#include "json/json.h"
#include "os/fs.h"

namespace slipway::exec {
namespace {

const std::vector<std::string> kDefaultCapabilities = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
    "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",    "CAP_AUDIT_WRITE"};

const std::vector<std::string> kFurtherCapabilities = {"CAP_AUDIT_CONTROL",
                                                       "CAP_AUDIT_READ",
                                                       "CAP_BLOCK_SUSPEND",
                                                       "CAP_BPF",
                                                       "CAP_CHECKPOINT_RESTORE",
                                                       "CAP_DAC_READ_SEARCH",
                                                       "CAP_IPC_LOCK",
                                                       "CAP_IPC_OWNER",
                                                       "CAP_LEASE",
                                                       "CAP_LINUX_IMMUTABLE",
                                                       "CAP_MAC_ADMIN",
                                                       "CAP_MAC_OVERRIDE",
                                                       "CAP_NET_ADMIN",
                                                       "CAP_NET_BROADCAST",
                                                       "CAP_PERFMON",
                                                       "CAP_SYSLOG",
                                                       "CAP_SYS_ADMIN",
                                                       "CAP_SYS_BOOT",
                                                       "CAP_SYS_MODULE",
                                                       "CAP_SYS_NICE",
                                                       "CAP_SYS_PACCT",
                                                       "CAP_SYS_PTRACE",
                                                       "CAP_SYS_RAWIO",
                                                       "CAP_SYS_RESOURCE",
                                                       "CAP_SYS_TIME",
                                                       "CAP_SYS_TTY_CONFIG",
                                                       "CAP_WAKE_ALARM"};

json::Value strings(std::initializer_list<std::string_view> items) {
  json::Value list = json::Value::array();
  for (const auto item : items) list.push_back(std::string(item));
  return list;
}

json::Value mount(std::string target, std::string type, std::string source,
                  std::initializer_list<std::string_view> options) {
  return {{"destination", std::move(target)},
          {"type", std::move(type)},
          {"source", std::move(source)},
          {"options", strings(options)}};
}

struct Limit {
  const char* type;
  int resource;
};

const std::map<std::string, Limit, std::less<>>& limits() {
  static const std::map<std::string, Limit, std::less<>> all = {
      {"as", {"RLIMIT_AS", RLIMIT_AS}},
      {"core", {"RLIMIT_CORE", RLIMIT_CORE}},
      {"cpu", {"RLIMIT_CPU", RLIMIT_CPU}},
      {"data", {"RLIMIT_DATA", RLIMIT_DATA}},
      {"fsize", {"RLIMIT_FSIZE", RLIMIT_FSIZE}},
      {"locks", {"RLIMIT_LOCKS", RLIMIT_LOCKS}},
      {"memlock", {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK}},
      {"msgqueue", {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE}},
      {"nice", {"RLIMIT_NICE", RLIMIT_NICE}},
      {"nofile", {"RLIMIT_NOFILE", RLIMIT_NOFILE}},
      {"nproc", {"RLIMIT_NPROC", RLIMIT_NPROC}},
      {"rss", {"RLIMIT_RSS", RLIMIT_RSS}},
      {"rtprio", {"RLIMIT_RTPRIO", RLIMIT_RTPRIO}},
      {"rttime", {"RLIMIT_RTTIME", RLIMIT_RTTIME}},
      {"sigpending", {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING}},
      {"stack", {"RLIMIT_STACK", RLIMIT_STACK}},
  };
  return all;
}

/// "nofile=1024:2048", "core=-1". A limit above our own hard one cannot be given in a user
/// namespace and is lowered.
json::Value rlimit(const std::string& text) {
  const size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const auto known = limits().find(name);
  if (equals == text.npos || known == limits().end()) {
    std::vector<std::string> names;
    for (const auto& [key, value] : limits()) names.push_back(key);
    const auto near = closest(name, names);
    throw Error("malformed ulimit " + text, {},
                near ? "did you mean " + *near + "=SOFT[:HARD]?"
                     : "write NAME=SOFT[:HARD], such as nofile=1024:2048");
  }
  const auto values = split(text.substr(equals + 1), ':');
  const auto number = [&](const std::string& word) -> uint64_t {
    if (word == "-1" || word == "unlimited") return RLIM_INFINITY;
    const auto value = parse_u64(word);
    if (!value)
      throw Error("malformed ulimit " + text, {},
                  "write NAME=SOFT[:HARD], such as nofile=1024:2048");
    return *value;
  };
  uint64_t soft = number(values[0]), hard = values.size() > 1 ? number(values[1]) : soft;
  if (values.size() > 2 || soft > hard)
    throw Error("malformed ulimit " + text, {}, "the soft limit comes first");
  rlimit64 own{};
  if (::getrlimit64(static_cast<__rlimit_resource>(known->second.resource), &own) == 0) {
    hard = std::min<uint64_t>(hard, own.rlim_max);
    soft = std::min(soft, hard);
  }
  return {{"type", known->second.type}, {"soft", soft}, {"hard", hard}};
}

json::Value mounts(const RunSpec& spec, const ContainerConfig& config) {
  json::Value list = json::Value::array();
  if (config.own_proc)
    list.push_back(mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}));
  else
    list.push_back(mount("/proc", "none", "/proc", {"rbind", "nosuid", "noexec", "nodev"}));
  list.push_back(mount("/dev", "bind", config.dev_dir, {"rbind", "nosuid"}));
  json::Value pts = mount("/dev/pts", "devpts", "devpts",
                          {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"});
  if (config.mapping != IdMapping::Single) pts["options"].push_back("gid=5");
  list.push_back(std::move(pts));
  list.push_back(mount(
      "/dev/shm", "tmpfs", "shm",
      {"nosuid", "noexec", "nodev", "mode=1777", fmt::format("size={}", spec.limits.shm_size)}));
  list.push_back(mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}));
  // A sysfs of its own shows a network namespace of its own; only its owner may mount one, and
  // inside another container not even he: runtimes then bind the host's, whose cgroups must not be
  // writable.
  if (spec.network == Network::None) {
    list.push_back(mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev"}));
    if (!spec.insecure) list.back()["options"].push_back("ro");
    if (os::is_directory(config.sys_dir + "/fs/cgroup"))
      list.push_back(mount("/sys/fs/cgroup", "none", config.sys_dir + "/fs/cgroup",
                           {"rbind", "ro", "nosuid", "noexec", "nodev"}));
  } else {
    list.push_back(
        mount("/sys", "none", config.sys_dir, {"rbind", "ro", "nosuid", "noexec", "nodev"}));
  }
  for (const auto& item : config.mounts) {
    if (!item.source.empty()) {
      json::Value bind = mount(item.target, "none", item.source, {"rbind"});
      for (const auto& flag : item.flags) bind["options"].push_back(flag);
      list.push_back(std::move(bind));
      continue;
    }
    json::Value tmpfs = mount(item.target, "tmpfs", "tmpfs", {"nosuid", "mode=1777"});
    if (item.tmpfs_size > 0) tmpfs["options"].push_back(fmt::format("size={}", item.tmpfs_size));
    list.push_back(std::move(tmpfs));
  }
  return list;
}

json::Value process(const RunSpec& spec, const ContainerConfig& config) {
  json::Value user = {{"uid", config.ids.uid}, {"gid", config.ids.gid}, {"umask", 022}};
  if (config.mapping != IdMapping::Single) {
    // The own group is among them, as in Docker and containerd: who may not read what the group may not
    // must not get at it by leaving the group.
    std::vector<uint32_t> groups = config.ids.groups;
    if (std::find(groups.begin(), groups.end(), config.ids.gid) == groups.end())
      groups.insert(groups.begin(), config.ids.gid);
    user["additionalGids"] = groups;
  }
  std::vector<std::string> all = kDefaultCapabilities;
  if (spec.insecure)
    all.insert(all.end(), kFurtherCapabilities.begin(), kFurtherCapabilities.end());
  json::Value capabilities = {{"bounding", all}};
  // As in Docker: a step that does not run as root has no capabilities until it executes a set-uid
  // program.
  if (config.ids.uid == 0) capabilities.update({{"effective", all}, {"permitted", all}});
  json::Value out = {{"terminal", false},
                     {"user", std::move(user)},
                     {"args", spec.argv},
                     {"env", config.env},
                     {"cwd", spec.cwd.empty() ? "/" : spec.cwd},
                     {"capabilities", std::move(capabilities)},
                     {"noNewPrivileges", false}};
  for (const auto& text : spec.limits.ulimits) out["rlimits"].push_back(rlimit(text));
  return out;
}

const std::string& machine_name() {
  static const std::string name = [] {
    utsname names{};
    ::uname(&names);
    return std::string(names.machine);
  }();
  return name;
}

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i)
      group = group << 8 | (at + i < bytes.size() ? static_cast<uint8_t>(bytes[at + i]) : 0);
    for (size_t i = 0; i < 4; ++i)
      out += at + i <= bytes.size() ? kDigits[group >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

/// The members that are the bulk of the document and always the same, as text to be put in before
/// its final brace. The annotation is crun's name for a compiled filter; a runtime that does not
/// know it reads the profile.
const std::string& seccomp_members() {
  static const std::string text = [] {
    std::string members = seccomp_profile(machine_name()) + "}";  // ends the member `linux`, too
    const std::string filter = seccomp_filter(machine_name());
    if (!filter.empty())
      members += ",\"annotations\":{\"run.oci.seccomp_bpf_data\":\"" + base64(filter) + "\"}";
    return members + "}";
  }();
  return text;
}

}  // namespace

std::string container_config(const RunSpec& spec, const ContainerConfig& config) {
  json::Value namespaces = json::Value::array();
  for (const char* type : {"pid", "ipc", "uts", "mount"}) namespaces.push_back({{"type", type}});
  if (spec.network == Network::None) namespaces.push_back({{"type", "network"}});
  json::Value linux_part = {{"namespaces", std::move(namespaces)}};
  if (!spec.insecure) {
    linux_part["maskedPaths"] =
        strings({"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
                 "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
                 "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware"});
    linux_part["readonlyPaths"] =
        strings({"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"});
  }
  const json::Value document = {{"ociVersion", "1.0.2"},
                                {"process", process(spec, config)},
                                {"root", {{"path", config.rootfs}, {"readonly", false}}},
                                {"hostname", spec.hostname},
                                {"mounts", mounts(spec, config)},
                                {"linux", std::move(linux_part)}};
  std::string text = json::dump(document);
  if (!spec.insecure) {
    CHECK(text.ends_with("}}"));  // of `linux`, the last member, and of the document
    text.replace(text.size() - 2, 2, ",\"seccomp\":" + seccomp_members());
  }
  return text;
}

}  // namespace slipway::exec
