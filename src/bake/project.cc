#include "bake/project.h"

#include <algorithm>
#include <cctype>
#include <set>

#include <fmt/core.h>

#include "base/text.h"
#include "bake/compose.h"
#include "bake/decode.h"
#include "dockerfile/git_url.h"
#include "dockerfile/parse.h"
#include "os/fs.h"
#include "yaml/yaml.h"

namespace slipway::bake {
namespace {

enum class Language { Hcl, Json, Compose };

bool is_compose(const Text& file) {
  try {
    const yaml::Document document = yaml::parse(file.bytes, file.name);
    return yaml::find(document.root(), "services") != nullptr;
  } catch (const Error&) {
    return false;
  }
}

/// By the end of its name; what has no such name, by what it looks like.
Language language_of(const Text& file) {
  const std::string name = to_lower(file.name);
  if (name.ends_with(".yml") || name.ends_with(".yaml")) return Language::Compose;
  if (name.ends_with(".json")) return Language::Json;
  if (name.ends_with(".hcl")) return Language::Hcl;
  if (looks_like_json(file.bytes)) return Language::Json;
  return is_compose(file) ? Language::Compose : Language::Hcl;
}

template <class T>
T* named(std::vector<T>& all, std::string_view name) {
  const auto it = std::ranges::find(all, name, &T::name);
  return it == all.end() ? nullptr : &*it;
}
template <class T>
const T* named(const std::vector<T>& all, std::string_view name) {
  const auto it = std::ranges::find(all, name, &T::name);
  return it == all.end() ? nullptr : &*it;
}

void add(Project& project, Target target) {
  if (Target* same = named(project.targets, target.name)) merge(*same, target);
  else project.targets.push_back(std::move(target));
}

std::vector<std::string> names_of(const Project& project) {
  std::vector<std::string> out;
  for (const auto& group : project.groups) out.push_back(group.name);
  for (const auto& target : project.targets) out.push_back(target.name);
  return out;
}

/// The context as it is built from: "cwd://" is the working directory, paths of this machine are cleaned.
std::string settled(std::string context) {
  if (context.starts_with("cwd://")) context.erase(0, 6);
  else if (context.starts_with("http://") || context.starts_with("https://") || dockerfile::parse_git_url(context)) return context;
  return os::clean_path(context);
}

/// Finds targets by name with everything they inherit.
class Resolver {
 public:
  Resolver(const Project& project, const std::vector<std::string>& overrides, const Overrides& environment)
      : project_(project) {
    for (const auto& text : overrides) read_override(text, environment);
  }

  /// The targets of a group and of the groups in it, and these groups; a name that is no group is a target.
  void expand(const std::string& name, std::vector<std::string>& targets, std::vector<std::string>& groups) {
    const Group* group = named(project_.groups, name);
    // A target may have the name of its group.
    if (!group || std::ranges::find(groups, name) != groups.end()) {
      if (!group || named(project_.targets, name)) add_once(targets, name);
      return;
    }
    groups.push_back(name);
    for (const auto& member : group->targets) expand(member, targets, groups);
  }

  Target resolve(const std::string& name) {
    Target out = with_inherited(name);
    out.inherits.clear();
    out.context = settled(out.context.value_or("."));
    if (!out.dockerfile || out.dockerfile->empty()) out.dockerfile = "Dockerfile";
    return out;
  }

  /// Adds the targets that `target` is made of.
  void link(Target& target, std::map<std::string, Target>& all, std::vector<std::string>& path) {
    path.push_back(target.name);
    for (const auto& [name, context] : target.contexts) {
      if (!context.starts_with("target:")) continue;
      const std::string used = context.substr(7);
      const auto refuse = [&](const std::string& what) {
        return error_at(target.span, what, "a target can only be made of targets that are not made of it");
      };
      if (used == target.name) throw refuse(fmt::format("the target {} is made of itself", used));
      if (std::ranges::find(path, used) != path.end())
        throw refuse(fmt::format("targets use each other in a circle: {} -> {}", join(path, " -> "), used));
      if (!all.contains(used)) {
        Target other = resolve(used);
        other.is_linked = true;
        other.outputs = std::vector<Entry>{{{"type", "cacheonly"}}};
        all.emplace(used, std::move(other));
      }
      Target& other = all.at(used);
      link(other, all, path);
      if (other.entitlements) {
        Target wishes;
        wishes.entitlements = other.entitlements;
        merge(target, wishes);
        normalize(target);
      }
      const size_t mine = target.platforms ? target.platforms->size() : 0;
      if (mine > 1 && other.platforms && other.platforms->size() > 1)
        for (const auto& platform : *target.platforms)
          if (std::ranges::find(*other.platforms, platform) == other.platforms->end())
            throw error_at(target.span, fmt::format("the target {} is built for {}, and {}, which it is made of, is not",
                                                    target.name, platform, used));
    }
    path.pop_back();
  }

 private:
  struct Override {
    std::string key;
    bool adds = false;
    std::vector<std::string> values;
  };

  static void add_once(std::vector<std::string>& list, const std::string& name) {
    if (std::ranges::find(list, name) == list.end()) list.push_back(name);
  }

  const Target& target(const std::string& name) const {
    if (const Target* found = named(project_.targets, name)) return *found;
    const auto near = closest(name, names_of(project_));
    std::vector<std::string> known = names_of(project_);
    throw Error(fmt::format("there is no target \"{}\"", name), {},
                near          ? fmt::format("did you mean {}?", *near)
                : known.empty() ? "the files have no targets"
                                : fmt::format("there are: {}", join(known, ", ")));
  }

  Target with_inherited(const std::string& name) {
    if (const auto it = done_.find(name); it != done_.end()) return it->second;
    const Target& written = target(name);
    Target out;
    out.name = name;
    if (!in_progress_.insert(name).second) return out;  // a circle ends where it closes, as in buildx
    for (const auto& parent : written.inherits) {
      try {
        merge(out, with_inherited(parent));
      } catch (Error& error) {
        locate(error, written.span);
        throw error.while_doing(fmt::format("in what the target {} inherits", name));
      }
    }
    out.span = {};
    merge(out, written);
    if (const auto it = overrides_.find(name); it != overrides_.end())
      for (const auto& o : it->second) {
        try {
          apply_override(out, o.key, o.adds, o.values);
        } catch (Error& error) {
          error.at("--set");
          throw;
        }
      }
    normalize(out);
    in_progress_.erase(name);
    return done_[name] = out;
  }

  void read_override(const std::string& text, const Overrides& environment) {
    const size_t equals = text.find('=');
    std::string key = text.substr(0, equals);
    const bool adds = equals != text.npos && key.ends_with('+');
    if (adds) key.pop_back();
    const size_t dot = key.find('.');
    if (dot == key.npos || dot == 0)
      throw Error(fmt::format("\"{}\" names no key of a target", text), "--set", "write TARGET.KEY=VALUE, with a pattern as TARGET");
    const std::string pattern = key.substr(0, dot);
    key.erase(0, dot + 1);
    std::optional<std::string> value;
    if (equals != text.npos) value = text.substr(equals + 1);
    else if (key.starts_with("args.")) {
      value = environment(key.substr(5));
      if (!value) return;
    } else {
      throw Error(fmt::format("\"{}\" has no value", text), "--set", "write TARGET.KEY=VALUE");
    }
    bool any = false;
    for (const auto& target : project_.targets) {
      if (target.name != pattern && !matches(pattern, target.name)) continue;
      any = true;
      auto& list = overrides_[target.name];
      const auto same = std::ranges::find(list, key, &Override::key);
      if (same == list.end()) list.push_back({key, adds, {*value}});
      else if (same->adds = adds; true) same->values.push_back(*value);
    }
    if (!any) {
      const auto near = closest(pattern, names_of(project_));
      throw Error(fmt::format("no target is called \"{}\"", pattern), "--set", near ? fmt::format("did you mean {}?", *near) : "");
    }
  }

  const Project& project_;
  std::map<std::string, std::vector<Override>> overrides_;
  std::map<std::string, Target> done_;
  std::set<std::string> in_progress_;
};

}  // namespace

const std::vector<std::string>& default_files() {
  static const std::vector<std::string> kNames = {
      "compose.yaml",     "compose.yml",     "docker-compose.yml",        "docker-compose.yaml",
      "docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"};
  return kNames;
}

std::string sanitized(std::string_view name) {
  std::string out(name);
  for (char& c : out)
    if (!is_valid_name(std::string_view(&c, 1))) c = '_';
  return out;
}

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '*') {
    for (size_t i = 0; i <= name.size(); ++i)
      if (matches(pattern.substr(1), name.substr(i))) return true;
    return false;
  }
  if (name.empty()) return false;
  if (pattern[0] == '[') {
    const size_t end = pattern.find(']', 2);
    if (end == pattern.npos) return pattern == name;
    const bool negates = pattern[1] == '^';
    bool found = false;
    for (size_t i = negates ? 2 : 1; i < end; ++i) {
      if (i + 2 < end && pattern[i + 1] == '-') {
        found |= pattern[i] <= name[0] && name[0] <= pattern[i + 2];
        i += 2;
      } else {
        found |= pattern[i] == name[0];
      }
    }
    return found != negates && matches(pattern.substr(end + 1), name.substr(1));
  }
  if (pattern[0] == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
  else if (pattern[0] == '?') return matches(pattern.substr(1), name.substr(1));
  return pattern[0] == name[0] && matches(pattern.substr(1), name.substr(1));
}

Project load(const std::vector<Text>& files, const Options& options) {
  Project out;
  std::vector<Error> mistakes;
  std::vector<Document> documents;
  std::vector<ComposeTarget> services;
  for (const auto& file : files) {
    switch (language_of(file)) {
      case Language::Hcl: documents.push_back(parse_hcl(file.name, file.bytes)); break;
      case Language::Json: documents.push_back(parse_json(file.name, file.bytes)); break;
      case Language::Compose: read_compose(file, options.compose_variables, services, mistakes); break;
    }
  }
  auto texts = std::make_shared<std::vector<std::shared_ptr<const Text>>>();
  for (const auto& document : documents) texts->push_back(document.text);
  out.texts = texts;

  if (!services.empty()) {
    Group group{.name = "default"};
    for (auto& service : services) {
      if (std::ranges::find(group.targets, service.target.name) == group.targets.end()) group.targets.push_back(service.target.name);
      add(out, std::move(service.target));
    }
    out.groups.push_back(std::move(group));
  }

  Module module(std::move(documents), options.builtins, options.overrides);
  for (auto& mistake : module.check()) mistakes.push_back(std::move(mistake));
  if (!mistakes.empty()) throw dockerfile::as_one(std::move(mistakes));
  out.variables = module.list_variables();
  for (Instance* instance : module.targets()) add(out, decode_target(module, *instance, mistakes));
  for (Instance* instance : module.groups()) {
    Group group = decode_group(module, *instance, mistakes);
    if (Group* same = named(out.groups, group.name)) *same = std::move(group);
    else out.groups.push_back(std::move(group));
  }
  for (const auto& [label, names] : module.renamed())
    if (names.size() != 1 || names[0] != label) {
      if (Group* same = named(out.groups, label)) same->targets.insert(same->targets.end(), names.begin(), names.end());
      else out.groups.push_back({.name = label, .description = {}, .targets = names});
    }
  if (!mistakes.empty()) throw dockerfile::as_one(std::move(mistakes));
  return out;
}

Plan resolve(const Project& project, const std::vector<std::string>& names, const std::vector<std::string>& overrides,
             const Overrides& environment) {
  std::vector<std::string> asked;
  for (const auto& given : names.empty() ? std::vector<std::string>{"default"} : names) {
    const bool is_pattern = given.find_first_of("*?[]") != given.npos;
    if (!is_pattern) {
      const std::string name = sanitized(given);
      if (std::ranges::find(asked, name) == asked.end()) asked.push_back(name);
      continue;
    }
    bool any = false;
    for (const auto& name : names_of(project)) {
      if (!matches(given, name)) continue;
      any = true;
      if (std::ranges::find(asked, name) == asked.end()) asked.push_back(name);
    }
    if (!any) throw Error(fmt::format("no target is called \"{}\"", given));
  }
  Resolver resolver(project, overrides, environment);
  Plan out;
  for (const auto& name : asked) {
    std::vector<std::string> targets, groups;
    resolver.expand(name, targets, groups);
    for (const auto& target : targets) out.targets[target] = resolver.resolve(target);
    for (const auto& group : groups) out.groups[group] = *named(project.groups, group);
  }
  // What was asked for stands under "default", too.
  for (const auto& name : asked) {
    if (name == "default" && out.groups.contains("default")) continue;
    Group& group = out.groups["default"];
    group.name = "default";
    group.targets.push_back(name);
  }
  if (const auto it = out.groups.find("default"); it != out.groups.end())
    it->second.targets = [&] {
      std::set<std::string> sorted(it->second.targets.begin(), it->second.targets.end());
      return std::vector<std::string>(sorted.begin(), sorted.end());
    }();
  std::vector<std::string> direct;
  for (const auto& [name, target] : out.targets) direct.push_back(name);
  for (const auto& name : direct) {
    std::vector<std::string> path;
    resolver.link(out.targets.at(name), out.targets, path);
  }
  return out;
}

}  // namespace slipway::bake
