// Which variables an instruction sees: global ARGs for FROM lines, ARG and ENV of a stage for the rest.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dockerfile/ast.h"
#include "dockerfile/expand.h"
#include "graph/lower.h"

namespace slipway::graph {

/// ARGs in order of declaration; a later one of the same name replaces the value in place.
class Args {
 public:
  void set(const std::string& name, std::optional<std::string> value);
  std::optional<std::string> get(std::string_view name) const;
  bool declared(std::string_view name) const;
  std::vector<std::string> names() const;  // of those that have a value
  const std::vector<std::pair<std::string, std::optional<std::string>>>& all() const { return args_; }

 private:
  std::vector<std::pair<std::string, std::optional<std::string>>> args_;
};

/// Where a global ARG comes from, for --call outline.
struct GlobalArg {
  std::string value;
  std::string doc;
  dockerfile::Span span;
  std::set<std::string> uses;  // variables of its default
};
using GlobalArgs = std::map<std::string, GlobalArg>;

/// TARGETPLATFORM, BUILDARCH and the rest of compat 5.4, overridden by --build-arg.
Args automatic_args(const dockerfile::Dockerfile& file, const Request& request, const oci::Platform& target);
/// The same, then the file's global ARGs. `details` gets where these come from.
Args global_args(const dockerfile::Dockerfile& file, const Request& request, const oci::Platform& target,
                 GlobalArgs* details = nullptr);

/// `args` must outlive the lookup.
dockerfile::Lookup args_lookup(const Args& args);

/// "NAME=value" of HTTP_PROXY and the others that need no ARG, in upper and lower case whichever was given.
std::vector<std::string> proxy_variables(const std::map<std::string, std::string>& build_args, const Args& declared);

}  // namespace slipway::graph
