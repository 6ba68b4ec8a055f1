// See values.h.
#include "dockerfile/values.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace slipway::dockerfile {
namespace {

struct Range {
  uint64_t first, last;
};

std::optional<Range> parse_range(std::string_view text) {
  const size_t dash = text.find('-');
  const auto first = parse_u64(text.substr(0, dash));
  const auto last = dash == text.npos ? first : parse_u64(text.substr(dash + 1));
  if (!first || !last || *first > 65535 || *last > 65535 || *last < *first) return std::nullopt;
  return Range{*first, *last};
}

bool is_ip_address(std::string text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  unsigned char bytes[16];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

}  // namespace

PortSpec parse_port(std::string_view text) {
  const auto fail = [&](std::string_view why) -> Error {
    return Error(fmt::format("invalid port {}: {}", text, why), {},
                 "write a port or range such as 80, 80/udp, 8000-8010");
  };
  // [address:][host port:]port[/protocol]
  PortSpec spec;
  std::string_view port = text;
  if (const size_t colon = port.rfind(':'); colon != port.npos) {
    spec.has_address = colon > 0;
    std::string_view host_port = port.substr(0, colon);
    port.remove_prefix(colon + 1);
    if (const size_t before = host_port.rfind(':'); before != host_port.npos) {
      const std::string_view address = host_port.substr(0, before);
      host_port.remove_prefix(before + 1);
      if (!address.empty() && !is_ip_address(std::string(address)))
        throw fail("the address is no IP address");
    }
    if (!host_port.empty() && !parse_range(host_port))
      throw fail("the host port is no port or range");
  }
  const size_t slash = port.find('/');
  const std::string_view protocol = slash == port.npos ? "" : port.substr(slash + 1);
  const std::string lower = protocol.empty() ? "tcp" : to_lower(protocol);
  port = port.substr(0, slash);
  if (port.empty()) throw fail("no port is given");
  if (lower != "tcp" && lower != "udp" && lower != "sctp")
    throw fail("the protocol must be tcp, udp or sctp");
  spec.upper_case = !protocol.empty() && lower != protocol;
  const auto range = parse_range(port);
  if (!range) throw fail("it must be a number up to 65535 or a range of them");
  for (uint64_t number = range->first; number <= range->last; ++number)
    spec.ports.push_back(fmt::format("{}/{}", number, lower));
  return spec;
}

bool is_signal(std::string_view text) {
  static constexpr std::string_view kNames[] = {
      "ABRT", "ALRM", "BUS",  "CHLD", "CLD",    "CONT",  "FPE",   "HUP",    "ILL",
      "INT",  "IO",   "IOT",  "KILL", "PIPE",   "POLL",  "PROF",  "PWR",    "QUIT",
      "SEGV", "STOP", "SYS",  "TERM", "STKFLT", "TRAP",  "TSTP",  "TTIN",   "TTOU",
      "URG",  "USR1", "USR2", "XCPU", "XFSZ",   "RTMIN", "RTMAX", "VTALRM", "WINCH"};
  std::string_view digits = text;
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  if (const auto number = parse_u64(digits)) return *number != 0;
  std::string name = to_upper(text);
  if (name.starts_with("SIG")) name.erase(0, 3);
  if (std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames)) return true;
  const auto offset = [&](std::string_view prefix, uint64_t most) {
    if (!name.starts_with(prefix)) return false;
    const std::string rest = name.substr(prefix.size());
    const auto number = parse_u64(rest);
    return number && *number >= 1 && *number <= most && !rest.starts_with('0');
  };
  return offset("RTMIN+", 15) || offset("RTMAX-", 14);
}

std::optional<std::vector<std::string>> split_csv(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::vector<std::string> fields;
  size_t at = 0;
  while (true) {
    std::string field;
    if (at < text.size() && text[at] == '"') {
      for (++at;; ++at) {
        if (at >= text.size()) return std::nullopt;
        if (text[at] == '"') {
          if (at + 1 >= text.size() || text[at + 1] != '"') break;
          ++at;
        }
        field += text[at];
      }
      ++at;
      if (at < text.size() && text[at] != ',') return std::nullopt;
    } else {
      const size_t end = std::min(text.find(',', at), text.size());
      field = text.substr(at, end - at);
      if (field.contains('"')) return std::nullopt;
      at = end;
    }
    fields.push_back(std::move(field));
    if (at >= text.size()) return fields;
    ++at;  // the comma
  }
}

std::optional<bool> parse_bool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes) return true;
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no) return false;
  return std::nullopt;
}

}  // namespace slipway::dockerfile
