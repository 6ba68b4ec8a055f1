#include "graph/scope.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"

namespace slipway::graph {
namespace {

void set_platform_args(Args& args, const std::string& prefix, const oci::Platform& p) {
  args.set(prefix + "PLATFORM", p.str());
  args.set(prefix + "OS", p.os);
  args.set(prefix + "OSVERSION", p.os_version);
  args.set(prefix + "ARCH", p.arch);
  args.set(prefix + "VARIANT", p.variant);
}

}  // namespace

void Args::set(const std::string& name, std::optional<std::string> value) {
  for (auto& [have, old] : args_) {
    if (have != name) continue;
    old = std::move(value);
    return;
  }
  args_.emplace_back(name, std::move(value));
}

std::optional<std::string> Args::get(std::string_view name) const {
  for (const auto& [have, value] : args_)
    if (have == name) return value;
  return std::nullopt;
}

bool Args::declared(std::string_view name) const {
  return std::any_of(args_.begin(), args_.end(), [&](const auto& arg) { return arg.first == name; });
}

Args global_args(const dockerfile::Dockerfile& file, const Request& request, const oci::Platform& target) {
  Args args;
  set_platform_args(args, "BUILD", request.build_platform);
  set_platform_args(args, "TARGET", target);
  args.set("TARGETSTAGE", request.target.empty() ? "default" : request.target);
  for (const auto& [name, ignored] : args.all())
    if (const auto it = request.build_args.find(name); it != request.build_args.end()) args.set(name, it->second);
  for (const auto& raw : file.global_args) {
    const dockerfile::Instruction instruction = dockerfile::expand(file, raw, args_lookup(args));
    for (const auto& item : instruction.as<dockerfile::Arg>()->items) {
      std::optional<std::string> value = item.value ? item.value : args.get(item.name);
      if (const auto it = request.build_args.find(item.name); it != request.build_args.end()) value = it->second;
      args.set(item.name, std::move(value));
    }
  }
  return args;
}

dockerfile::Lookup args_lookup(const Args& args) {
  return [&args](std::string_view name) { return args.get(name); };
}

dockerfile::Lookup stage_lookup(const image::Config& config, const Args& args) {
  return [&config, &args](std::string_view name) -> std::optional<std::string> {
    if (auto value = config.env_value(name)) return value;
    return args.get(name);
  };
}

bool is_proxy_arg(std::string_view name) {
  static const std::vector<std::string> kNames = {"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"};
  const std::string upper = to_upper(name);
  return (name == upper || name == to_lower(name)) && std::find(kNames.begin(), kNames.end(), upper) != kNames.end();
}

}  // namespace slipway::graph
