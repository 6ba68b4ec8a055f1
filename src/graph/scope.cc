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

std::vector<std::string> Args::names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : args_)
    if (value) names.push_back(name);
  return names;
}

Args automatic_args(const dockerfile::Dockerfile& file, const Request& request, const oci::Platform& target) {
  Args args;
  set_platform_args(args, "BUILD", request.build_platform);
  set_platform_args(args, "TARGET", target);
  const std::string stage =
      !request.target.empty() || file.stages.empty() ? request.target : file.stages.back().name();
  args.set("TARGETSTAGE", stage.empty() ? "default" : stage);
  const Args automatic = args;
  for (const auto& [name, ignored] : automatic.all())
    if (const auto it = request.build_args.find(name); it != request.build_args.end()) args.set(name, it->second);
  return args;
}

Args global_args(const dockerfile::Dockerfile& file, const Request& request, const oci::Platform& target,
                 GlobalArgs* details) {
  Args args = automatic_args(file, request, target);
  for (const auto& raw : file.global_args) {
    for (const auto& item : raw.as<dockerfile::Arg>()->items) {
      std::vector<dockerfile::Names> words;
      const auto given = request.build_args.find(item.name);
      if (given != request.build_args.end()) {
        args.set(item.name, given->second);
      } else if (item.value) {
        // A default may use what an item before it on the same line has set.
        dockerfile::Instruction single = raw;
        std::get<dockerfile::Arg>(single.body).items = {item};
        single = dockerfile::expand(file, single, args_lookup(args), &words);
        args.set(item.name, single.as<dockerfile::Arg>()->items.front().value);
      } else {
        args.set(item.name, args.get(item.name));
      }
      if (!details) continue;
      GlobalArg detail{.value = args.get(item.name).value_or(""), .doc = item.doc, .span = raw.span, .uses = {}};
      if (given == request.build_args.end() && !item.value) detail.value.clear();
      for (const auto& word : words) detail.uses.insert(word.used.begin(), word.used.end());
      if (detail.uses.erase(item.name))
        if (const auto before = details->find(item.name); before != details->end())
          detail.uses.insert(before->second.uses.begin(), before->second.uses.end());
      (*details)[item.name] = std::move(detail);
    }
  }
  return args;
}

dockerfile::Lookup args_lookup(const Args& args) {
  return [&args](std::string_view name) { return args.get(name); };
}

std::vector<std::string> proxy_variables(const std::map<std::string, std::string>& build_args, const Args& declared) {
  std::vector<std::string> out;
  for (const std::string upper : {"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"}) {
    auto given = build_args.find(to_lower(upper));
    if (given == build_args.end()) given = build_args.find(upper);
    if (given == build_args.end()) continue;
    for (const auto& name : {upper, to_lower(upper)})
      if (!declared.declared(name)) out.push_back(fmt::format("{}={}", name, given->second));
  }
  return out;
}

}  // namespace slipway::graph
