#include "graph/history.h"

#include <fmt/core.h>

#include "base/text.h"

namespace slipway::graph {
namespace {

/// Go's strconv.Quote for ASCII and UTF-8 text.
std::string quoted(std::string_view word) {
  std::string out = "\"";
  for (const char ch : word) {
    const auto c = static_cast<unsigned char>(ch);
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      case '\a': out += "\\a"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\v': out += "\\v"; break;
      default: out += c < 0x20 || c == 0x7f ? fmt::format("\\x{:02x}", c) : std::string(1, ch);
    }
  }
  return out + '"';
}

/// Go's time.Duration text: "30s", "1m30s", "1.5s", "500ms", "0s".
std::string go_duration(int64_t ns) {
  if (ns == 0) return "0s";
  if (ns < 1'000'000'000) return fmt::format("{}ms", static_cast<double>(ns) / 1e6);
  if (ns % 1'000'000'000 != 0) {
    const int64_t minutes = ns / 60'000'000'000;
    return (minutes ? fmt::format("{}m", minutes) : "") +
           fmt::format("{}s", static_cast<double>(ns - minutes * 60'000'000'000) / 1e9);
  }
  const int64_t seconds = ns / 1'000'000'000;
  std::string out;
  if (seconds >= 3600) out += fmt::format("{}h", seconds / 3600);
  if (seconds >= 60) out += fmt::format("{}m", seconds / 60 % 60);
  return out + fmt::format("{}s", seconds % 60);
}

}  // namespace

std::string history_list(const std::vector<std::string>& words) {
  std::string out = "[";
  for (size_t i = 0; i < words.size(); ++i) {
    if (i) out += ' ';
    out += quoted(words[i]);
  }
  return out + "]";
}

std::string history_pairs(const std::vector<dockerfile::Pair>& pairs) {
  std::string out;
  for (const auto& pair : pairs) {
    if (!out.empty()) out += ' ';
    out += fmt::format("{}={}", pair.key, pair.value);
  }
  return out;
}

std::string history_arg(const dockerfile::Arg& arg, const Args& values) {
  std::string out = "ARG";
  for (const auto& item : arg.items) {
    out += " " + item.name;
    if (const auto value = values.get(item.name)) out += "=" + *value;
  }
  return out;
}

std::string history_copy(const dockerfile::Transfer& what, const dockerfile::Copy* copy) {
  std::string out = copy ? "COPY" : "ADD";
  if (copy && copy->parents) out += " --parents";
  if (!what.chown.empty()) out += " --chown=" + what.chown;
  if (!what.chmod.empty()) out += " --chmod=" + what.chmod;
  for (const auto& source : what.sources) out += " " + source;
  for (const auto& heredoc : what.heredocs) out += " <<" + heredoc.name;
  return out + " " + what.dest + " # buildkit";
}

std::string history_healthcheck(const image::Healthcheck& h) {
  return fmt::format("HEALTHCHECK {{Test:[{}] Interval:{} Timeout:{} StartPeriod:{} StartInterval:{} Retries:{}}}",
                     join(h.test, " "), go_duration(h.interval), go_duration(h.timeout), go_duration(h.start_period),
                     go_duration(h.start_interval), h.retries);
}

}  // namespace slipway::graph
