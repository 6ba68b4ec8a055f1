// The image configuration (OCI image spec config.md, with Docker's additions) as a value that the graph edits instruction
// by instruction and export/ prints.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "oci/digest.h"
#include "oci/platform.h"

namespace slipway::image {

struct History {
  std::string created;  // RFC 3339; empty = not written
  std::string created_by;
  std::string author;
  std::string comment;
  bool empty_layer = false;
  bool operator==(const History&) const = default;
};

struct Healthcheck {
  std::vector<std::string> test;  // {"NONE"}, {"CMD", ...} or {"CMD-SHELL", text}
  int64_t interval = 0, timeout = 0, start_period = 0, start_interval = 0;  // nanoseconds, 0 = not given
  int retries = 0;
  bool operator==(const Healthcheck&) const = default;
};

struct Config {
  oci::Platform platform;
  std::string author;
  std::string created;  // RFC 3339

  std::vector<std::string> env;  // "K=V" in order of first appearance
  std::string user;
  std::string working_dir;
  std::optional<std::vector<std::string>> entrypoint, cmd, shell;
  std::vector<std::string> on_build;
  std::map<std::string, std::string> labels;
  std::set<std::string> exposed_ports;  // "80/tcp"
  std::set<std::string> volumes;
  std::string stop_signal;
  std::optional<Healthcheck> healthcheck;
  bool args_escaped = false;

  std::vector<oci::Digest> diff_ids;
  std::vector<History> history;

  /// Value of a variable in `env`; nullopt if it is not there.
  std::optional<std::string> env_value(std::string_view name) const;
  /// Replaces in place or appends, as Docker's ENV does.
  void set_env(std::string_view name, std::string_view value);
};

/// Throws Error naming `origin` for documents that are no image config.
Config parse_config(std::string_view bytes, std::string_view origin);
/// Deterministic: the same config gives the same bytes.
std::string print(const Config& config);

/// Docker's PATH for images that set none.
inline constexpr std::string_view kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// "1980-01-01T00:00:00Z" for 315532800.
std::string rfc3339(int64_t seconds_since_epoch);

}  // namespace slipway::image
