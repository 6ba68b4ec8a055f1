#include "tree/owner.h"

#include <optional>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"

namespace slipway::tree {
namespace {

bool is_number(std::string_view text) { return text.find_first_not_of("0123456789") == text.npos; }

uint32_t number(std::string_view text) {
  const auto value = parse_u64(text);
  if (!value || *value > 0xfffffffeU)
    throw Error(fmt::format("\"{}\" is no user or group id", text), {}, "ids are numbers below 4294967295");
  return static_cast<uint32_t>(*value);
}

/// The fields of the line of `file` that begins with `name`.
std::optional<std::vector<std::string>> line_of(std::string_view file, std::string_view name) {
  for (const auto& line : split(file, '\n')) {
    auto fields = split(line, ':');
    if (fields[0] == name) return fields;
  }
  return std::nullopt;
}

std::optional<uint32_t> field(const std::vector<std::string>& fields, size_t at) {
  if (at >= fields.size()) return std::nullopt;
  const auto value = parse_u64(fields[at]);
  if (!value || *value > 0xfffffffeU) return std::nullopt;
  return static_cast<uint32_t>(*value);
}

}  // namespace

ResolvedOwner resolve_owner(std::string_view text, std::string_view passwd, std::string_view group) {
  ResolvedOwner out;
  const size_t colon = text.find(':');
  const std::string_view user = text.substr(0, colon);
  std::optional<uint32_t> gid;
  if (!user.empty() && is_number(user)) {
    out.owner.uid = number(user);
    gid = out.owner.uid;
  } else if (!user.empty() && user != "root") {
    const auto fields = line_of(passwd, user);
    const auto uid = fields ? field(*fields, 2) : std::nullopt;
    if (!uid) out.unknown.emplace_back(user);
    out.owner.uid = uid.value_or(0);
    if (fields) gid = field(*fields, 3);
  }
  if (colon == text.npos) {
    out.owner.gid = gid.value_or(0);
    return out;
  }
  const std::string_view name = text.substr(colon + 1);
  if (name.empty() || name == "root") return out;
  if (is_number(name)) {
    out.owner.gid = number(name);
    return out;
  }
  const auto fields = line_of(group, name);
  const auto id = fields ? field(*fields, 2) : std::nullopt;
  if (!id) out.unknown.emplace_back(name);
  out.owner.gid = id.value_or(0);
  return out;
}

bool needs_names(std::string_view text) {
  for (const auto& part : split(text, ':'))
    if (!part.empty() && part != "root" && !is_number(part)) return true;
  return false;
}

}  // namespace slipway::tree
