#include "image/config.h"

#include <fmt/core.h>

#include "base/error.h"
#include "json/json.h"

namespace slipway::image {
namespace {

using json::Value;

std::vector<std::string> strings_in(const Value* value) {
  std::vector<std::string> out;
  if (!value || !value->is_array()) return out;
  for (const auto& item : *value)
    if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}

std::optional<std::vector<std::string>> optional_strings(const Value& object, std::string_view key) {
  const Value* member = json::find(object, key);
  if (!member || !member->is_array()) return std::nullopt;
  return strings_in(member);
}

std::set<std::string> keys_of(const Value& object, std::string_view key) {
  std::set<std::string> out;
  const Value* member = json::find(object, key);
  if (member && member->is_object())
    for (const auto& [name, ignored] : member->items()) out.insert(name);
  return out;
}

Value set_object(const std::set<std::string>& names) {
  Value out = Value::object();
  for (const auto& name : names) out[name] = Value::object();
  return out;
}

std::optional<Healthcheck> healthcheck_from(const Value* value) {
  if (!value || !value->is_object()) return std::nullopt;
  Healthcheck h;
  h.test = strings_in(json::find(*value, "Test"));
  h.interval = json::int_or_none(*value, "Interval").value_or(0);
  h.timeout = json::int_or_none(*value, "Timeout").value_or(0);
  h.start_period = json::int_or_none(*value, "StartPeriod").value_or(0);
  h.start_interval = json::int_or_none(*value, "StartInterval").value_or(0);
  h.retries = static_cast<int>(json::int_or_none(*value, "Retries").value_or(0));
  return h;
}

Value to_json(const Healthcheck& h) {
  Value out = Value::object();
  if (!h.test.empty()) out["Test"] = h.test;
  if (h.interval) out["Interval"] = h.interval;
  if (h.timeout) out["Timeout"] = h.timeout;
  if (h.start_period) out["StartPeriod"] = h.start_period;
  if (h.start_interval) out["StartInterval"] = h.start_interval;
  if (h.retries) out["Retries"] = h.retries;
  return out;
}

Value runtime_part(const Config& c) {
  Value out = Value::object();
  if (!c.user.empty()) out["User"] = c.user;
  if (!c.exposed_ports.empty()) out["ExposedPorts"] = set_object(c.exposed_ports);
  out["Env"] = c.env;
  // Empty lists are left out: in Docker's config they mean the same as none.
  if (c.entrypoint && !c.entrypoint->empty()) out["Entrypoint"] = *c.entrypoint;
  if (c.cmd && !c.cmd->empty()) out["Cmd"] = *c.cmd;
  if (c.healthcheck) out["Healthcheck"] = to_json(*c.healthcheck);
  if (!c.volumes.empty()) out["Volumes"] = set_object(c.volumes);
  if (!c.working_dir.empty()) out["WorkingDir"] = c.working_dir;
  if (!c.labels.empty()) {
    Value labels = Value::object();
    for (const auto& [key, value] : c.labels) labels[key] = value;
    out["Labels"] = std::move(labels);
  }
  if (!c.on_build.empty()) out["OnBuild"] = c.on_build;
  if (!c.stop_signal.empty()) out["StopSignal"] = c.stop_signal;
  if (c.args_escaped) out["ArgsEscaped"] = true;
  if (c.shell && !c.shell->empty()) out["Shell"] = *c.shell;
  return out;
}

}  // namespace

std::optional<std::string> Config::env_value(std::string_view name) const {
  for (const auto& pair : env) {
    const size_t eq = pair.find('=');
    if (std::string_view(pair).substr(0, eq) == name) return eq == pair.npos ? "" : pair.substr(eq + 1);
  }
  return std::nullopt;
}

void Config::set_env(std::string_view name, std::string_view value) {
  std::string pair = fmt::format("{}={}", name, value);
  for (auto& old : env) {
    if (std::string_view(old).substr(0, old.find('=')) != name) continue;
    old = std::move(pair);
    return;
  }
  env.push_back(std::move(pair));
}

Config parse_config(std::string_view bytes, std::string_view origin) {
  const Value value = json::parse(bytes, origin);
  if (!value.is_object()) throw Error("the image config is not a JSON object", std::string(origin));
  Config c;
  c.platform = oci::normalize({.os = json::string_or(value, "os"),
                               .arch = json::string_or(value, "architecture"),
                               .variant = json::string_or(value, "variant"),
                               .os_version = json::string_or(value, "os.version")});
  c.author = json::string_or(value, "author");
  c.created = json::string_or(value, "created");
  if (const Value* config = json::find(value, "config"); config && config->is_object()) {
    c.env = strings_in(json::find(*config, "Env"));
    c.user = json::string_or(*config, "User");
    c.working_dir = json::string_or(*config, "WorkingDir");
    c.entrypoint = optional_strings(*config, "Entrypoint");
    c.cmd = optional_strings(*config, "Cmd");
    c.shell = optional_strings(*config, "Shell");
    c.on_build = strings_in(json::find(*config, "OnBuild"));
    c.exposed_ports = keys_of(*config, "ExposedPorts");
    c.volumes = keys_of(*config, "Volumes");
    c.stop_signal = json::string_or(*config, "StopSignal");
    c.healthcheck = healthcheck_from(json::find(*config, "Healthcheck"));
    c.args_escaped = json::bool_or(*config, "ArgsEscaped");
    if (const Value* labels = json::find(*config, "Labels"); labels && labels->is_object())
      for (const auto& [key, text] : labels->items())
        if (text.is_string()) c.labels[key] = text.get<std::string>();
  }
  if (const Value* rootfs = json::find(value, "rootfs")) {
    for (const auto& id : strings_in(json::find(*rootfs, "diff_ids"))) {
      const auto digest = oci::Digest::parse(id);
      if (!digest) throw Error(fmt::format("the image config has the malformed diff id \"{}\"", id), std::string(origin));
      c.diff_ids.push_back(*digest);
    }
  }
  if (const Value* history = json::find(value, "history"); history && history->is_array()) {
    for (const auto& item : *history) {
      c.history.push_back({.created = json::string_or(item, "created"),
                           .created_by = json::string_or(item, "created_by"),
                           .author = json::string_or(item, "author"),
                           .comment = json::string_or(item, "comment"),
                           .empty_layer = json::bool_or(item, "empty_layer")});
    }
  }
  return c;
}

std::string print(const Config& c) {
  Value out = Value::object();
  out["architecture"] = c.platform.arch;
  if (!c.author.empty()) out["author"] = c.author;
  out["config"] = runtime_part(c);
  if (!c.created.empty()) out["created"] = c.created;
  Value history = Value::array();
  for (const auto& h : c.history) {
    Value item = Value::object();
    if (!h.created.empty()) item["created"] = h.created;
    if (!h.author.empty()) item["author"] = h.author;
    if (!h.created_by.empty()) item["created_by"] = h.created_by;
    if (!h.comment.empty()) item["comment"] = h.comment;
    if (h.empty_layer) item["empty_layer"] = true;
    history.push_back(std::move(item));
  }
  if (!history.empty()) out["history"] = std::move(history);
  out["os"] = c.platform.os;
  if (!c.platform.os_version.empty()) out["os.version"] = c.platform.os_version;
  Value ids = Value::array();
  for (const auto& id : c.diff_ids) ids.push_back(id.str());
  out["rootfs"] = Value::object();
  out["rootfs"]["type"] = "layers";
  out["rootfs"]["diff_ids"] = std::move(ids);
  if (!c.platform.variant.empty()) out["variant"] = c.platform.variant;
  return json::dump(out);
}

std::string rfc3339(int64_t seconds) {
  // Civil-from-days (proleptic Gregorian): no time zone, no locale.
  int64_t days = seconds / 86400, rest = seconds % 86400;
  if (rest < 0) rest += 86400, --days;
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t doe = days - era * 146097;
  const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const int64_t mp = (5 * doy + 2) / 153;
  const int64_t day = doy - (153 * mp + 2) / 5 + 1;
  const int64_t month = mp < 10 ? mp + 3 : mp - 9;
  const int64_t year = yoe + era * 400 + (month <= 2);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", year, month, day, rest / 3600, rest / 60 % 60, rest % 60);
}

}  // namespace slipway::image
