#include "attest/steps.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "hash/sha256.h"
#include "json/json.h"
#include "registry/challenge.h"

namespace slipway::attest {
namespace {

using json::Value;

/// Inputs of an operation in the order in which it numbers them; scratch is no input (-1).
class Inputs {
 public:
  Inputs(const graph::Graph& graph, const BuildSteps& steps) : graph_(graph), steps_(steps) {}
  int add(std::optional<graph::StepId> step) {
    if (!step || graph_.steps[*step].as<graph::Scratch>()) return -1;
    const auto it = std::ranges::find(ids_, *step);
    if (it != ids_.end()) return static_cast<int>(it - ids_.begin());
    ids_.push_back(*step);
    return static_cast<int>(ids_.size()) - 1;
  }
  Value names() const {
    Value out = Value::array();
    for (const auto id : ids_) out.push_back(fmt::format("step{}:0", steps_.number.at(id)));
    return out;
  }

 private:
  const graph::Graph& graph_;
  const BuildSteps& steps_;
  std::vector<graph::StepId> ids_;
};

Value source(const std::string& identifier,
             const std::map<std::string, std::string>& attributes = {}) {
  Value out = Value::object();
  out["source"]["identifier"] = identifier;
  for (const auto& [key, value] : attributes) out["source"]["attrs"][key] = value;
  return out;
}

Value local_source(const graph::Context& context) {
  Value paths = Value::array();
  bool is_all = false;
  for (const auto& path : context.wanted) {
    is_all |= path.empty();
    paths.push_back(path);
  }
  std::map<std::string, std::string> attributes = {{"local.sharedkeyhint", context.name}};
  if (!is_all) attributes["local.followpaths"] = json::dump(paths);
  return source("local://" + context.name, attributes);
}

/// A user or a group: by number where it is one.
Value owner_part(const std::string& text) {
  Value out = Value::object();
  if (const auto id = parse_u64(text))
    out["User"]["byID"] = *id;
  else
    out["User"]["byName"]["name"] = text;
  return out;
}

void put_owner(Value& action, const std::string& chown) {
  if (chown.empty()) return;
  const size_t colon = chown.find(':');
  if (colon != 0) action["owner"]["user"] = owner_part(chown.substr(0, colon));
  if (colon != chown.npos && colon + 1 < chown.size())
    action["owner"]["group"] = owner_part(chown.substr(colon + 1));
}

Value file_action(int input, int secondary, int output, const char* kind, Value action) {
  Value out = Value::object();
  out["input"] = input;
  out["secondaryInput"] = secondary;
  out["output"] = output;
  out["Action"][kind] = std::move(action);
  return out;
}

Value copy(const graph::Copy& copy, std::optional<graph::StepId> parent, Inputs& inputs) {
  const int base = inputs.add(copy.link ? std::nullopt : parent);
  Value actions = Value::array();
  const size_t count = copy.sources.size() + copy.files.size();
  std::vector<int> secondaries;
  for (const auto& one : copy.sources) secondaries.push_back(inputs.add(one.input));
  const auto mode = parse_u64(copy.chmod, 8);
  // Each action goes on from the one before; only the last is the result.
  const auto push = [&](int secondary, const char* kind, Value action) {
    const int input =
        actions.empty() ? base : static_cast<int>(inputs.names().size() + actions.size()) - 1;
    const bool is_last = actions.size() + 1 == count;
    actions.push_back(file_action(input, secondary, is_last ? 0 : -1, kind, std::move(action)));
  };
  for (size_t i = 0; i < copy.sources.size(); ++i) {
    Value action = Value::object();
    action["src"] = "/" + copy.sources[i].path;
    action["dest"] = copy.dest;
    put_owner(action, copy.chown);
    action["mode"] = mode ? static_cast<int64_t>(*mode) : -1;
    if (!copy.chmod.empty() && !mode) action["modeStr"] = copy.chmod;
    action["followSymlink"] = true;
    action["dirCopyContents"] = true;
    if (copy.sources[i].unpack) action["attemptUnpackDockerCompatibility"] = true;
    action["createDestPath"] = true;
    action["allowWildcard"] = true;
    action["allowEmptyWildcard"] = true;
    if (!copy.excludes.empty()) action["excludePatterns"] = copy.excludes;
    action["timestamp"] = -1;
    push(secondaries[i], "copy", std::move(action));
  }
  for (const auto& file : copy.files) {
    Value action = Value::object();
    action["path"] = copy.dest.ends_with('/') ? copy.dest + file.name : copy.dest;
    put_owner(action, copy.chown);
    action["mode"] = mode ? static_cast<int64_t>(*mode) : 0644;
    action["data"] = registry::base64_encode(file.bytes);
    action["timestamp"] = -1;
    push(-1, "mkfile", std::move(action));
  }
  Value out = Value::object();
  out["file"]["actions"] = std::move(actions);
  return out;
}

Value make_dir(const graph::MakeDir& dir, std::optional<graph::StepId> parent, Inputs& inputs) {
  Value action = Value::object();
  action["path"] = dir.path;
  action["mode"] = 0755;
  action["makeParents"] = true;
  put_owner(action, dir.owner);
  action["timestamp"] = -1;
  Value out = Value::object();
  out["file"]["actions"] =
      Value::array({file_action(inputs.add(parent), -1, 0, "mkdir", std::move(action))});
  return out;
}

/// A secret or an agent, and whom its file belongs to.
Value credential(const graph::Mount& mount) {
  Value out = Value::object();
  out["ID"] = mount.id;
  if (mount.uid) out["uid"] = mount.uid;
  if (mount.gid) out["gid"] = mount.gid;
  out["mode"] = mount.mode;
  if (!mount.required) out["optional"] = true;
  return out;
}

Value mount(const graph::Mount& mount, Inputs& inputs) {
  using Type = dockerfile::Mount::Type;
  using Sharing = dockerfile::Mount::Sharing;
  Value out = Value::object();
  if (const int input = inputs.add(mount.from); input != 0) out["input"] = input;
  if (!mount.source.empty()) out["selector"] = mount.source;
  out["dest"] = mount.target;
  switch (mount.type) {
    case Type::Bind:
      if (mount.read_only) out["readonly"] = true;
      break;
    case Type::Secret:
      out["mountType"] = 1;
      out["secretOpt"] = credential(mount);
      break;
    case Type::Ssh:
      out["mountType"] = 2;
      out["SSHOpt"] = credential(mount);
      break;
    case Type::Cache:
      out["mountType"] = 3;
      out["cacheOpt"]["ID"] = mount.id;
      if (mount.sharing != Sharing::Shared)
        out["cacheOpt"]["sharing"] = mount.sharing == Sharing::Private ? 1 : 2;
      break;
    case Type::Tmpfs:
      out["mountType"] = 4;
      if (mount.size) out["TmpfsOpt"]["size"] = mount.size;
      break;
  }
  return out;
}

Value exec(const graph::Run& run, std::optional<graph::StepId> parent, Inputs& inputs) {
  Value out = Value::object();
  Value& exec = out["exec"];
  exec["meta"]["args"] = run.argv;
  if (!run.env.empty()) exec["meta"]["env"] = run.env;
  exec["meta"]["cwd"] = run.cwd;
  if (!run.user.empty()) exec["meta"]["user"] = run.user;
  Value root = Value::object();
  if (const int input = inputs.add(parent); input != 0) root["input"] = input;
  root["dest"] = "/";
  exec["mounts"] = Value::array({std::move(root)});
  for (const auto& one : run.mounts) {
    if (one.type == dockerfile::Mount::Type::Secret && one.env) {
      Value variable = {{"ID", one.id}, {"name", *one.env}};
      if (!one.required) variable["optional"] = true;
      exec["secretenv"].push_back(std::move(variable));
    }
    if (!one.target.empty()) exec["mounts"].push_back(mount(one, inputs));
  }
  if (run.network == "host") exec["network"] = 1;
  if (run.network == "none") exec["network"] = 2;
  if (run.insecure) exec["security"] = 1;
  return out;
}

Value operation(const graph::Graph& graph, const graph::Step& step, Inputs& inputs) {
  if (const auto* image = step.as<graph::BaseImage>())
    return source("docker-image://" + image->reference);
  if (const auto* files = step.as<graph::ContextFiles>())
    return local_source(graph.contexts[files->context]);
  if (const auto* file = step.as<graph::Download>())
    return source(file->url, file->checksum.empty() ? std::map<std::string, std::string>{}
                                                    : std::map<std::string, std::string>{
                                                          {"http.checksum", file->checksum}});
  if (const auto* git = step.as<graph::GitCheckout>()) {
    std::map<std::string, std::string> attributes = {{"git.fullurl", git->url.remote}};
    if (git->keep_git_dir) attributes["git.keepgitdir"] = "true";
    const std::string fragment = git->url.ref + (git->url.subdir.empty() ? "" : ":" + git->url.subdir);
    return source("git://" + git->url.remote + (fragment.empty() ? "" : "#" + fragment), attributes);
  }
  if (const auto* one = step.as<graph::Copy>()) return copy(*one, step.parent, inputs);
  if (const auto* dir = step.as<graph::MakeDir>()) return make_dir(*dir, step.parent, inputs);
  if (const auto* run = step.as<graph::Run>()) return exec(*run, step.parent, inputs);
  return Value::object();
}

void visit(const graph::Graph& graph, graph::StepId id, BuildSteps& out) {
  if (graph.steps[id].as<graph::Scratch>() || out.number.contains(id)) return;
  for (const auto input : graph.steps[id].inputs()) visit(graph, input, out);
  out.number[id] = out.order.size();
  out.order.push_back(id);
}

/// The line of "Dockerfile:12"; 0 if it names none.
int line_of(const std::string& location) {
  const size_t colon = location.rfind(':');
  int line = 0;
  if (colon != location.npos)
    std::from_chars(location.data() + colon + 1, location.data() + location.size(), line);
  return line;
}

}  // namespace

BuildSteps steps_of(const graph::Graph& graph, const graph::Target& target) {
  BuildSteps out;
  visit(graph, target.files, out);
  return out;
}

Value build_config(const graph::Graph& graph, const BuildSteps& steps) {
  Value definition = Value::array();
  std::map<std::string, std::string> mapping;
  std::vector<std::string> digests;
  const auto add = [&](Value operation, const Value& inputs) {
    Value step = Value::object();
    step["id"] = fmt::format("step{}", digests.size());
    step["op"] = std::move(operation);
    if (!inputs.empty()) step["inputs"] = inputs;
    // A step's digest stands for everything that it depends on.
    std::string identity = json::dump(step["op"]);
    for (const auto& input : inputs) {
      const auto name = input.get<std::string>();
      size_t number = 0;
      std::from_chars(name.data() + 4, name.data() + name.find(':'), number);
      identity += "\n" + digests[number];
    }
    digests.push_back("sha256:" + hash::sha256_hex(identity));
    mapping[digests.back()] = step["id"].get<std::string>();
    definition.push_back(std::move(step));
  };
  for (const auto id : steps.order) {
    const graph::Step& step = graph.steps[id];
    Inputs inputs(graph, steps);
    Value operation_value = Value::object();
    operation_value["Op"] = operation(graph, step, inputs);
    if (!step.platform.os.empty()) {
      operation_value["platform"]["Architecture"] = step.platform.arch;
      operation_value["platform"]["OS"] = step.platform.os;
      if (!step.platform.variant.empty())
        operation_value["platform"]["Variant"] = step.platform.variant;
    }
    operation_value["constraints"] = Value::object();
    add(std::move(operation_value), inputs.names());
  }
  // The last step names the result.
  Value result = Value::object();
  result["Op"] = Value::object();
  Value inputs = Value::array();
  if (!steps.order.empty()) inputs.push_back(fmt::format("step{}:0", steps.order.size() - 1));
  add(std::move(result), inputs);

  Value out = Value::object();
  out["llbDefinition"] = std::move(definition);
  for (const auto& [digest, name] : mapping) out["digestMapping"][digest] = name;
  return out;
}

Value step_locations(const graph::Graph& graph, const BuildSteps& steps) {
  Value out = Value::object();
  for (const auto id : steps.order) {
    Value& step = out[fmt::format("step{}", steps.number.at(id))];
    step = Value::object();
    const int line = line_of(graph.steps[id].location);
    if (line == 0) continue;
    Value range = Value::object();
    range["start"]["line"] = line;
    range["end"]["line"] = line;
    Value place = Value::object();
    place["ranges"] = Value::array({std::move(range)});
    step["locations"] = Value::array({std::move(place)});
  }
  return out;
}

Value step_layers(const graph::Graph& graph, const graph::Target& target, const BuildSteps& steps,
                  const std::vector<oci::Descriptor>& layers) {
  Value out = Value::object();
  Value chain = Value::array();
  size_t next = 0;
  const auto take = [&](size_t count) {
    for (; count > 0 && next < layers.size(); --count, ++next) {
      oci::Descriptor layer = layers[next];
      layer.annotations.clear();
      chain.push_back(oci::to_json(layer));
    }
  };
  const auto put = [&](graph::StepId id) {
    if (const auto it = steps.number.find(id); it != steps.number.end())
      out[fmt::format("step{}:0", it->second)] = Value::array({chain});
  };
  if (target.base)
    if (const auto* image = graph.steps[*target.base].as<graph::BaseImage>()) {
      take(image->layers.size());
      put(*target.base);
    }
  for (const auto id : target.layers) {
    take(1);
    put(id);
  }
  return out;
}

}  // namespace slipway::attest
