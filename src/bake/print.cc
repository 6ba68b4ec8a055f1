#include "bake/print.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "json/json.h"

namespace slipway::bake {
namespace {

/// JSON as Go's MarshalIndent writes it: two blanks a level, members as they come, empty ones left out by the caller.
class Writer {
 public:
  void open(char bracket) {
    out_ += bracket;
    empty_.push_back(true);
  }
  void close(char bracket) {
    const bool was_empty = empty_.back();
    empty_.pop_back();
    if (!was_empty) line();
    out_ += bracket;
  }
  void key(const std::string& name) {
    item();
    out_ += json_string(name) + ": ";
  }
  void item() {
    if (!empty_.back()) out_ += ',';
    empty_.back() = false;
    line();
  }
  void raw(const std::string& text) { out_ += text; }
  std::string take() { return std::move(out_); }

  void text(const std::string& name, const std::string& value) {
    key(name);
    raw(json_string(value));
  }
  void texts(const std::string& name, const std::vector<std::string>& values) {
    key(name);
    open('[');
    for (const auto& value : values) {
      item();
      raw(json_string(value));
    }
    close(']');
  }
  void pairs(const std::string& name, const Pairs& values) {
    key(name);
    open('{');
    for (const auto& [member, value] : values) text(member, value);
    close('}');
  }

 private:
  void line() { out_ += "\n" + std::string(2 * empty_.size(), ' '); }

  std::string out_;
  std::vector<bool> empty_;
};

/// The text would be a template again when it is read.
std::string escaped(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] == '$' || text[i] == '%') && i + 1 < text.size() && text[i + 1] == '{') out += text[i];
    out += text[i];
  }
  return out;
}

Pairs escaped(Pairs pairs) {
  for (auto& [name, value] : pairs) value = escaped(value);
  return pairs;
}

void entries(Writer& out, const std::string& name, EntryKind kind, const Entries& all) {
  if (!all || all->empty()) return;
  out.key(name);
  out.open('[');
  for (const auto& entry : *all) {
    out.item();
    out.open('{');
    if (kind == EntryKind::Secret) {
      for (const char* key : {"id", "src", "env"})
        if (const auto it = entry.find(key); it != entry.end() && !it->second.empty()) out.text(key, it->second);
    } else {
      for (const auto& [key, value] : entry) {
        if (kind == EntryKind::Ssh && key == "paths") {
          out.texts(key, split(value, ','));
        } else if (kind == EntryKind::Attest && key == "disabled") {
          out.key(key);
          out.raw("true");
        } else {
          out.text(key, value);
        }
      }
    }
    out.close('}');
  }
  out.close(']');
}

void texts(Writer& out, const std::string& name, const Texts& values) {
  if (values && !values->empty()) out.texts(name, *values);
}

void pairs(Writer& out, const std::string& name, const Pairs& values) {
  if (!values.empty()) out.pairs(name, values);
}

void text(Writer& out, const std::string& name, const std::optional<std::string>& value) {
  if (value) out.text(name, *value);
}

void boolean(Writer& out, const std::string& name, const std::optional<bool>& value) {
  if (!value) return;
  out.key(name);
  out.raw(*value ? "true" : "false");
}

void target(Writer& out, const Target& t) {
  out.open('{');
  if (!t.description.empty()) out.text("description", t.description);
  Texts annotations = t.annotations;
  if (annotations)
    for (auto& annotation : *annotations) annotation = escaped(annotation);
  texts(out, "annotations", annotations);
  entries(out, "attest", EntryKind::Attest, t.attest);
  text(out, "context", t.context);
  pairs(out, "contexts", t.contexts);
  text(out, "dockerfile", t.dockerfile);
  if (t.dockerfile_inline) out.text("dockerfile-inline", escaped(*t.dockerfile_inline));
  pairs(out, "args", escaped(t.args));
  pairs(out, "labels", escaped(t.labels));
  texts(out, "tags", t.tags);
  entries(out, "cache-from", EntryKind::Cache, t.cache_from);
  entries(out, "cache-to", EntryKind::Cache, t.cache_to);
  text(out, "target", t.stage);
  entries(out, "secret", EntryKind::Secret, t.secrets);
  entries(out, "ssh", EntryKind::Ssh, t.ssh);
  texts(out, "platforms", t.platforms);
  entries(out, "output", EntryKind::Output, t.outputs);
  boolean(out, "pull", t.pull);
  boolean(out, "no-cache", t.no_cache);
  text(out, "network", t.network);
  texts(out, "no-cache-filter", t.no_cache_filter);
  text(out, "shm-size", t.shm_size);
  texts(out, "ulimits", t.ulimits);
  pairs(out, "resources", t.resources);
  text(out, "call", t.call);
  texts(out, "entitlements", t.entitlements);
  pairs(out, "extra-hosts", escaped(t.extra_hosts));
  entries(out, "policy", EntryKind::Policy, t.policy);
  out.close('}');
}

/// Columns under each other with tabs between, whose stops are 8 apart: as buildx prints tables.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows[0].size(), 0);
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], (row[i].size() + 1 + 7) / 8 * 8);
  std::string out;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i)
      out += i + 1 < row.size() ? row[i] + std::string((widths[i] - row[i].size() + 7) / 8, '\t') : row[i];
    out += '\n';
  }
  return out;
}

}  // namespace

std::string print(const Plan& plan) {
  Writer out;
  out.open('{');
  if (!plan.groups.empty()) {
    out.key("group");
    out.open('{');
    for (const auto& [name, group] : plan.groups) {
      out.key(name);
      out.open('{');
      if (!group.description.empty()) out.text("description", group.description);
      out.texts("targets", group.targets);
      out.close('}');
    }
    out.close('}');
  }
  out.key("target");
  out.open('{');
  for (const auto& [name, t] : plan.targets) {
    out.key(name);
    target(out, t);
  }
  out.close('}');
  out.close('}');
  return out.take() + "\n";
}

std::vector<std::string> differences(const Target& a, const Target& b) {
  const auto members = [](const Target& t) {
    Writer out;
    target(out, t);
    return json::parse(out.take(), t.name);
  };
  const json::Value before = members(a), after = members(b);
  std::vector<std::string> out;
  const auto note = [&](const std::string& name) {
    if (name != "description" && std::ranges::find(out, name) == out.end()) out.push_back(name);
  };
  for (const auto& [name, value] : before.items())
    if (const auto* other = json::find(after, name); !other || *other != value) note(name);
  for (const auto& [name, value] : after.items())
    if (!json::find(before, name)) note(name);
  return out;
}

std::string list_targets(const Project& project, bool as_json) {
  struct Row {
    std::string name, description;
    bool is_group = false;
  };
  std::vector<Row> all;
  for (const auto& target : project.targets) all.push_back({target.name, target.description});
  for (const auto& group : project.groups) {
    auto members = group.targets;
    std::ranges::sort(members);
    const std::string names = join(members, ", ");
    all.push_back({group.name, group.description.empty() ? names : fmt::format("{} ({})", group.description, names), true});
  }
  // A leading "_" is how files mark what is not for the command line.
  std::erase_if(all, [](const Row& row) { return row.name.starts_with('_'); });
  std::ranges::stable_sort(all, {}, &Row::name);
  if (!as_json) {
    std::vector<std::vector<std::string>> rows = {{"TARGET", "DESCRIPTION"}};
    for (const auto& row : all) rows.push_back({row.name, row.description});
    return table(rows);
  }
  Writer out;
  out.open('[');
  for (const auto& row : all) {
    out.item();
    out.open('{');
    out.text("name", row.name);
    if (!row.description.empty()) out.text("description", row.description);
    if (row.is_group) {
      out.key("group");
      out.raw("true");
    }
    out.close('}');
  }
  out.close(']');
  return out.take() + "\n";
}

std::string list_variables(const Project& project, bool as_json) {
  if (!as_json) {
    std::vector<std::vector<std::string>> rows = {{"VARIABLE", "TYPE", "VALUE", "DESCRIPTION"}};
    for (const auto& v : project.variables) rows.push_back({v.name, v.type, v.value.value_or("<null>"), v.description});
    return table(rows);
  }
  Writer out;
  out.open('[');
  for (const auto& v : project.variables) {
    out.item();
    out.open('{');
    out.text("name", v.name);
    if (!v.description.empty()) out.text("description", v.description);
    if (!v.type.empty()) out.text("type", v.type);
    if (v.value) out.text("value", *v.value);
    out.close('}');
  }
  out.close(']');
  return out.take() + "\n";
}

}  // namespace slipway::bake
