#include "bake/compose.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "bake/project.h"
#include "os/fs.h"
#include "yaml/yaml.h"

namespace slipway::bake {
namespace {

/// "128MiB": powers of 1024 with at most four digits, as docker writes sizes.
std::string size_text(uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double n = static_cast<double>(bytes);
  size_t unit = 0;
  for (; n >= 1024 && unit < 4; ++unit) n /= 1024;
  return fmt::format("{:.4g}{}", n, kUnits[unit]);
}

class ComposeReader {
 public:
  ComposeReader(const Text& file, const Overrides& variables, std::vector<Error>& mistakes)
      : file_(file), variables_(variables), mistakes_(mistakes) {}

  void read(std::vector<ComposeTarget>& services) {
    document_ = yaml::parse(file_.bytes, file_.name);
    const yaml::Node& root = document_.root();
    const yaml::Node* all = yaml::find(root, "services");
    if (!all || !all->is_mapping()) throw error_at(span(all ? *all : root), "this compose file has no services");
    secrets_ = yaml::find(root, "secrets");
    services_ = all;
    for (const auto& [key, node] : members(*all)) {
      attempt(*key, [&, key = key, node = node] {
        auto target = service(key->text, *node, 0);
        if (!target) return;
        target->name = sanitized(key->text);
        const auto same = std::ranges::find_if(services, [&](const auto& s) { return s.target.name == target->name; });
        if (same == services.end()) {
          services.push_back({std::move(*target)});
          return;
        }
        // A later file adds to an earlier one; lists grow.
        Texts tags = same->target.tags, platforms = same->target.platforms;
        merge(same->target, *target);
        for (auto [before, after] : {std::pair(&tags, &same->target.tags), {&platforms, &same->target.platforms}})
          if (*before && *after != *before) (*after)->insert((*after)->begin(), (*before)->begin(), (*before)->end());
        normalize(same->target);
      });
    }
  }

 private:
  using Node = yaml::Node;
  using Member = std::pair<const Node*, const Node*>;

  Span span(const Node& node) const { return {&file_, node.begin, std::max(node.end, node.begin + 1)}; }

  template <class Work>
  void attempt(const Node& node, const Work& work) {
    try {
      work();
    } catch (Error& error) {
      locate(error, span(node));
      mistakes_.push_back(std::move(error));
    }
  }

  /// The members of a mapping with those that "<<" merges into it.
  std::vector<Member> members(const Node& node, int depth = 0) const {
    std::vector<Member> out;
    const auto add = [&](const Member& member) {
      if (std::ranges::none_of(out, [&](const Member& other) { return other.first->text == member.first->text; })) out.push_back(member);
    };
    for (const auto& member : node.members)
      if (member.first->text != "<<") add(member);
    if (depth < 20)
      for (const auto& [key, value] : node.members) {
        if (key->text != "<<") continue;
        for (const Node* part : value->is_sequence() ? value->items : std::vector<const Node*>{value}) {
          const auto merged = members(*part, depth + 1);
          for (const auto& member : merged) add(member);
        }
      }
    return out;
  }

  std::string text(const Node& node) const {
    if (!node.is_scalar()) throw error_at(span(node), "a single value is needed here");
    try {
      return interpolated(node.text, variables_);
    } catch (Error& error) {
      locate(error, span(node));
      throw;
    }
  }

  bool boolean(const Node& node) const {
    const std::string value = to_lower(text(node));
    if (value == "true" || value == "yes" || value == "on" || value == "1") return true;
    if (value == "false" || value == "no" || value == "off" || value == "0" || value.empty()) return false;
    throw error_at(span(node), fmt::format("\"{}\" is neither true nor false", value));
  }

  /// A list, or with `may_be_words` words side by side.
  std::vector<std::string> texts(const Node& node, bool may_be_words = false) const {
    std::vector<std::string> out;
    if (node.is_sequence()) {
      for (const Node* item : node.items) out.push_back(text(*item));
    } else if (may_be_words && node.is_scalar()) {
      for (const auto& word : split(text(node), ' '))
        if (!word.empty()) out.push_back(word);
    } else {
      throw error_at(span(node), "a list is needed here");
    }
    return out;
  }

  static bool is_nothing(const Node& node) {
    return node.is_scalar() && node.is_plain && (node.text.empty() || node.text == "null" || node.text == "~");
  }

  /// A mapping, or a list of NAME=value; what has no value is asked of `values`.
  Pairs pairs(const Node& node, const Overrides& values, const char* separators = "=") const {
    Pairs out;
    const auto without = [&](const std::string& name) {
      if (const auto value = values(name)) out[name] = *value;
    };
    if (node.is_mapping()) {
      const auto all = members(node);
      for (const auto& [key, value] : all) {
        const std::string name = text(*key);
        if (is_nothing(*value)) without(name);
        else if (value->is_sequence()) out[name] = join(texts(*value), ",");
        else out[name] = text(*value);
      }
      return out;
    }
    for (const auto& item : texts(node)) {
      const size_t at = item.find_first_of(separators);
      if (at == item.npos) without(item);
      else out[item.substr(0, at)] = item.substr(at + 1);
    }
    return out;
  }

  static std::optional<std::string> nothing(const std::string&) { return std::nullopt; }
  static std::optional<std::string> empty(const std::string&) { return ""; }

  std::optional<Target> service(const std::string& name, const Node& node, int depth) {
    std::optional<Target> out;
    if (const Node* extends = yaml::find(node, "extends")) out = extended(*extends, depth);
    const Node* build = yaml::find(node, "build");
    if (build && !is_nothing(*build)) {
      Target own = this->build(*build, node);
      if (out) merge(*out, own);
      else out = std::move(own);
    }
    if (!out) return out;
    if (const Node* image = yaml::find(node, "image"); image && (!out->tags || out->tags->empty()))
      out->tags = std::vector<std::string>{text(*image)};
    out->name = name;
    return out;
  }

  std::optional<Target> extended(const Node& extends, int depth) {
    if (depth > 20) throw error_at(span(extends), "services extend each other without an end");
    const Node* file = extends.is_mapping() ? yaml::find(extends, "file") : nullptr;
    if (file) throw error_at(span(*file), "a service of another file cannot be extended here", "name both files with -f");
    const std::string name = extends.is_scalar() ? text(extends) : yaml::string_or(extends, "service");
    const Node* base = yaml::find(*services_, name);
    if (!base) throw error_at(span(extends), fmt::format("there is no service \"{}\"", name));
    return service(name, *base, depth + 1);
  }

  Target build(const Node& node, const Node& service) {
    Target out;
    if (node.is_scalar()) {
      out.context = text(node);
      return out;
    }
    if (!node.is_mapping()) throw error_at(span(node), "build is a directory, or a mapping");
    const Node* environment = yaml::find(service, "environment");
    const Pairs own = environment ? pairs(*environment, nothing) : Pairs{};
    const Overrides argument = [&](const std::string& name) -> std::optional<std::string> {
      const auto it = own.find(name);
      return it == own.end() ? variables_(name) : std::optional(it->second);
    };
    const auto all = members(node);
    for (const auto& [key, value] : all) {
      if (is_nothing(*value)) continue;
      attempt(*value, [&, key = key, value = value] { member(out, key->text, *key, *value, argument); });
    }
    return out;
  }

  void member(Target& out, const std::string& name, const Node& key, const Node& value, const Overrides& argument) {
    if (name == "context") {
      if (const std::string path = text(value); !path.empty()) out.context = path;
    } else if (name == "dockerfile") {
      if (const std::string path = text(value); !path.empty()) out.dockerfile = path;
    } else if (name == "dockerfile_inline") out.dockerfile_inline = text(value);
    else if (name == "args") out.args = pairs(value, argument);
    else if (name == "labels") out.labels = pairs(value, empty);
    else if (name == "target") out.stage = text(value);
    else if (name == "network") out.network = text(value);
    else if (name == "tags") out.tags = texts(value);
    else if (name == "platforms") out.platforms = texts(value);
    else if (name == "entitlements") out.entitlements = texts(value);
    else if (name == "no_cache") set_if(out.no_cache, boolean(value));
    else if (name == "pull") set_if(out.pull, boolean(value));
    else if (name == "cache_from") caches(out.cache_from, texts(value));
    else if (name == "cache_to") caches(out.cache_to, texts(value));
    else if (name == "additional_contexts") out.contexts = contexts(value);
    else if (name == "extra_hosts") out.extra_hosts = pairs(value, empty, "=:");
    else if (name == "shm_size") out.shm_size = shm_size(value);
    else if (name == "ulimits") out.ulimits = ulimits(value);
    else if (name == "ssh") out.ssh = ssh(value);
    else if (name == "secrets") out.secrets = secrets(value);
    else if (name == "sbom" || name == "provenance") attest(out, name, text(value));
    else if (name == "x-bake") x_bake(out, value);
    else if (name == "privileged" || name == "isolation") throw error_at(span(key), fmt::format("{} of a build is not supported", name), "remove it");
    else if (!name.starts_with("x-")) {
      static const std::vector<std::string> kKnown = {
          "additional_contexts", "args", "cache_from", "cache_to", "context", "dockerfile", "dockerfile_inline", "entitlements",
          "extra_hosts", "labels", "network", "no_cache", "platforms", "provenance", "pull", "sbom", "secrets", "shm_size", "ssh",
          "tags", "target", "ulimits", "x-bake"};
      const auto near = closest(name, kKnown);
      throw error_at(span(key), fmt::format("a build has no \"{}\"", name), near ? fmt::format("did you mean {}?", *near) : "");
    }
  }

  /// false says nothing, as if it were not there.
  static void set_if(std::optional<bool>& to, bool value) {
    if (value) to = true;
  }

  static void caches(Entries& to, const std::vector<std::string>& values) {
    std::vector<Entry> more;
    for (const auto& value : values)
      if (!value.empty()) more.push_back(parse_entry(EntryKind::Cache, value));
    append(EntryKind::Cache, to, more);
  }

  /// "service:NAME" is what bake calls "target:NAME".
  Pairs contexts(const Node& node) const {
    Pairs out = pairs(node, empty);
    for (auto& [name, value] : out)
      if (value.starts_with("service:") || value.starts_with("target:")) {
        value = "target:" + sanitized(value.substr(value.find(':') + 1));
      } else if (!value.contains("://") && !value.empty()) {
        value = os::clean_path(value);
      }
    return out;
  }

  std::string shm_size(const Node& node) const {
    const auto bytes = parse_size(text(node));
    if (!bytes) throw error_at(span(node), fmt::format("\"{}\" is no size", text(node)), "write it like 128m");
    return size_text(*bytes);
  }

  std::vector<std::string> ulimits(const Node& node) const {
    if (!node.is_mapping()) throw error_at(span(node), "ulimits is a mapping");
    std::vector<std::string> out;
    const auto all = members(node);
    for (const auto& [key, value] : all) {
      if (value->is_mapping())
        out.push_back(fmt::format("{}={}:{}", key->text, number(*value, "soft"), number(*value, "hard")));
      else
        out.push_back(fmt::format("{}={}:{}", key->text, text(*value), text(*value)));
    }
    std::ranges::sort(out);
    return out;
  }

  std::string number(const Node& node, const char* name) const {
    const Node* found = yaml::find(node, name);
    return found ? text(*found) : "0";
  }

  std::vector<Entry> ssh(const Node& node) const {
    std::vector<Entry> out;
    if (node.is_mapping()) {
      const auto all = members(node);
      for (const auto& [key, value] : all) {
        Entry entry{{"id", key->text}};
        if (!is_nothing(*value)) entry["paths"] = text(*value);
        out.push_back(std::move(entry));
      }
    } else {
      for (const auto& item : node.is_scalar() ? std::vector<std::string>{text(node)} : texts(node))
        out.push_back(parse_entry(EntryKind::Ssh, item));
    }
    std::ranges::sort(out);
    return out;
  }

  std::vector<Entry> secrets(const Node& node) const {
    if (!node.is_sequence()) throw error_at(span(node), "secrets is a list");
    std::vector<Entry> out;
    for (const Node* item : node.items) {
      const std::string id = item->is_scalar() ? text(*item) : text(*find_or_throw(*item, "source"));
      const Node* declared = secrets_ ? yaml::find(*secrets_, id) : nullptr;
      if (!declared) throw error_at(span(*item), fmt::format("the secret \"{}\" is not declared under secrets:", id));
      Entry entry{{"id", id}};
      if (const Node* external = yaml::find(*declared, "external"); external && boolean(*external))
        throw error_at(span(*item), fmt::format("the secret {} is external", id), "give it a file or an environment variable");
      if (const Node* file = yaml::find(*declared, "file")) entry["src"] = os::clean_path(text(*file));
      if (const Node* variable = yaml::find(*declared, "environment")) entry["env"] = text(*variable);
      out.push_back(std::move(entry));
    }
    return out;
  }

  const Node* find_or_throw(const Node& node, const char* name) const {
    if (const Node* found = yaml::find(node, name)) return found;
    throw error_at(span(node), fmt::format("this has no {}", name));
  }

  static void attest(Target& out, const std::string& type, const std::string& value) {
    const std::string word = to_lower(value);
    Entry entry{{"type", type}};
    if (word == "false" || word == "0") entry["disabled"] = "true";
    else if (word != "true" && word != "1") entry = parse_entry(EntryKind::Attest, "type=" + type + "," + value);
    append(EntryKind::Attest, out.attest, {entry});
    // Whatever the order in the file, as buildx prints them.
    std::ranges::sort(*out.attest, std::greater<>(), [](const Entry& e) { return e.at("type"); });
  }

  void x_bake(Target& out, const Node& node) {
    if (!node.is_mapping()) throw error_at(span(node), "x-bake is a mapping");
    const auto entries = [&](EntryKind kind, Entries& to, const Node& value) {
      std::vector<Entry> more;
      for (const auto& text : texts(value, true)) more.push_back(parse_entry(kind, text));
      append(kind, to, more);
    };
    const auto add = [&](Texts& to, const Node& value) {
      if (!to) to.emplace();
      const auto more = texts(value, true);
      to->insert(to->end(), more.begin(), more.end());
    };
    const auto all = members(node);
    for (const auto& [key, value] : all) {
      const std::string& name = key->text;
      if (name == "tags") add(out.tags, *value);
      else if (name == "platforms") add(out.platforms, *value);
      else if (name == "no-cache-filter") add(out.no_cache_filter, *value);
      else if (name == "cache-from") entries(EntryKind::Cache, out.cache_from, *value);
      else if (name == "cache-to") entries(EntryKind::Cache, out.cache_to, *value);
      else if (name == "secret") entries(EntryKind::Secret, out.secrets, *value);
      else if (name == "ssh") entries(EntryKind::Ssh, out.ssh, *value);
      else if (name == "output") entries(EntryKind::Output, out.outputs, *value);
      else if (name == "pull") out.pull = boolean(*value);
      else if (name == "no-cache") out.no_cache = boolean(*value);
      else if (name == "contexts") out.contexts.merge(contexts(*value));
      else throw error_at(span(*key), fmt::format("x-bake has no \"{}\"", name),
                          "there are: cache-from, cache-to, contexts, no-cache, no-cache-filter, output, platforms, pull, secret, ssh, tags");
    }
  }

  const Text& file_;
  const Overrides& variables_;
  std::vector<Error>& mistakes_;
  yaml::Document document_;
  const Node* secrets_ = nullptr;
  const Node* services_ = nullptr;
};

}  // namespace

void read_compose(const Text& file, const Overrides& variables, std::vector<ComposeTarget>& services,
                  std::vector<Error>& mistakes) {
  try {
    ComposeReader(file, variables, mistakes).read(services);
  } catch (Error& error) {
    mistakes.push_back(std::move(error));
  }
}

}  // namespace slipway::bake
