// RUN, CMD, ENTRYPOINT and HEALTHCHECK: what has a command. See maker.h.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "dockerfile/maker.h"
#include "dockerfile/mount.h"
#include "dockerfile/values.h"

namespace slipway::dockerfile {

using Kind = FlagRule::Kind;

Command Maker::command() const {
  Command command;
  if (statement_.json) {
    command.form = Command::Form::Exec;
    command.args = texts();
    return command;
  }
  if (!words().empty()) command.text = words().front().text;
  command.heredocs = statement_.heredocs;
  if (!command.heredocs.empty() && heredoc_of(command.text)) command.form = Command::Form::Script;
  return command;
}

Run Maker::run() {
  const FlagSet set =
      flags({{"mount", Kind::Strings}, {"network"}, {"security"}, {"device", Kind::Strings}});
  Run run;
  run.command = command();
  for (const auto& mount : set.all("mount"))
    checked(mount, [&] { run.mounts.push_back(parse_mount(mount.text)); });
  run.network = one_of(set, "network", {"default", "none", "host"}, "invalid network mode");
  run.security = one_of(set, "security", {"sandbox", "insecure"}, "invalid security mode");
  for (const auto& device : set.all("device")) run.devices.push_back(this->device(device));
  return run;
}

std::string Maker::one_of(const FlagSet& set, std::string_view flag,
                          const std::vector<std::string>& known, std::string_view what) {
  std::string value = set.string(flag, known.front());
  if (std::find(known.begin(), known.end(), value) == known.end())
    wrong_at(set.word(flag), fmt::format("{} {}", what, shown(value)),
             "one of: " + join(known, ", "));
  return value;
}

DeviceSpec Maker::device(const Word& word) {
  DeviceSpec device;
  const auto fields = split_csv(word.text);
  if (!fields) {
    wrong_at(word,
             fmt::format("device {} is not a list of comma-separated fields", shown(word.text)));
    return device;
  }
  for (const auto& field : *fields) {
    const size_t equals = field.find('=');
    const std::string key = to_lower(std::string_view(field).substr(0, equals));
    const bool has_value = equals != field.npos;
    const std::string value = has_value ? field.substr(equals + 1) : "";
    if (key == "required") {
      const auto required = has_value ? parse_bool(value) : true;
      if (!required) wrong_at(word, fmt::format("invalid value for required: {}", shown(value)));
      device.required = required.value_or(false);
    } else if (has_value && key == "name") {
      if (!device.name.empty())
        wrong_at(word, fmt::format("device name already set to {}", shown(device.name)));
      device.name = value;
    } else if (device.name.empty()) {
      device.name = field;
    } else if (has_value) {
      wrong_at(word, fmt::format("unexpected key {} in {}", shown(key), shown(field)),
               "known keys: name, required");
    } else {
      wrong_at(word, fmt::format("invalid field {}: it must be a key=value pair", shown(field)));
    }
  }
  return device;
}

Cmd Maker::cmd() {
  flags();
  return {command()};
}
Entrypoint Maker::entrypoint() {
  flags();
  return {command()};
}

int64_t Maker::interval(const FlagSet& set, std::string_view name) {
  const std::string text = set.string(name);
  if (text.empty()) return 0;
  const auto value = parse_go_duration(text);
  if (!value) {
    wrong_at(set.word(name), fmt::format("invalid duration {}", shown(text)),
             "write a number and a unit: 30s, 1m30s");
  } else if (*value != 0 && *value < 1'000'000) {
    wrong_at(set.word(name), fmt::format("interval \"{}\" cannot be less than 1ms", name));
  }
  return value.value_or(0);
}

Healthcheck Maker::healthcheck() {
  Healthcheck check;
  const FlagSet set =
      flags({{"interval"}, {"timeout"}, {"start-period"}, {"start-interval"}, {"retries"}});
  if (!at_least_one()) return check;
  const std::string type = to_upper(words().front().text);
  if (type == "NONE") {
    check.none = true;
    if (words().size() > 1) wrong_at(words()[1], "HEALTHCHECK NONE takes no arguments");
    return check;
  }
  if (type != "CMD") {
    wrong_at(words().front(),
             fmt::format("unknown type {} in HEALTHCHECK", shown(words().front().text)),
             "try HEALTHCHECK CMD command");
    return check;
  }
  if (words().size() < 2) wrong("missing command after HEALTHCHECK CMD");
  statement_.words.erase(statement_.words.begin());
  check.command = command();
  check.interval = interval(set, "interval");
  check.timeout = interval(set, "timeout");
  check.start_period = interval(set, "start-period");
  check.start_interval = interval(set, "start-interval");
  if (const std::string retries = set.string("retries"); !retries.empty()) {
    const std::string_view digits =
        std::string_view(retries).substr(retries.starts_with('+') ? 1 : 0);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), check.retries);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      wrong_at(set.word("retries"), fmt::format("invalid number {} for --retries", shown(retries)));
    } else if (check.retries < 0) {
      wrong_at(set.word("retries"),
               fmt::format("--retries cannot be negative ({})", check.retries));
    }
  }
  return check;
}

}  // namespace slipway::dockerfile
