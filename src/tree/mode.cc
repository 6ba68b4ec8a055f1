#include "tree/mode.h"

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"

namespace slipway::tree {
namespace {

[[noreturn]] void invalid(std::string_view text) {
  throw Error(fmt::format("\"{}\" is not a file mode", text), {},
              "write it octal (--chmod=755, at most 7777) or symbolic (--chmod=u=rwX,go=rX)");
}

/// The permission bits of one letter, for user, group and others at once.
uint32_t bits_of(char letter, uint32_t mode, bool is_dir) {
  switch (letter) {
    case 'r': return 0444;
    case 'w': return 0222;
    case 'x': return 0111;
    case 'X': return is_dir || (mode & 0111) ? 0111u : 0u;
    case 's': return 06000;
    case 't': return 01000;
    case 'u': return (mode >> 6 & 7) * 0111;
    case 'g': return (mode >> 3 & 7) * 0111;
    case 'o': return (mode & 7) * 0111;
    default: return 0;
  }
}

}  // namespace

ModeChange ModeChange::parse(std::string_view text) {
  ModeChange change;
  if (!text.empty() && text.find_first_not_of("0123456789") == text.npos) {
    const auto value = parse_u64(text, 8);
    if (!value || *value > 07777) invalid(text);
    change.is_octal_ = true;
    change.octal_ = static_cast<uint32_t>(*value);
    return change;
  }
  for (const auto& part : split(text, ',')) {
    size_t at = 0;
    uint32_t who = 0;
    for (; at < part.size(); ++at) {
      if (part[at] == 'u') who |= 04700;
      else if (part[at] == 'g') who |= 02070;
      else if (part[at] == 'o') who |= 01007;
      else if (part[at] == 'a') who |= 07777;
      else break;
    }
    if (who == 0) who = 07777;
    if (at == part.size()) invalid(text);
    while (at < part.size()) {
      const char op = part[at++];
      if (op != '+' && op != '-' && op != '=') invalid(text);
      const size_t begin = at;
      while (at < part.size() && std::string_view("rwxXstugo").find(part[at]) != std::string_view::npos) ++at;
      if (at < part.size() && std::string_view("+-=").find(part[at]) == std::string_view::npos) invalid(text);
      change.clauses_.push_back({who, op, part.substr(begin, at - begin)});
    }
  }
  if (change.clauses_.empty()) invalid(text);
  return change;
}

uint32_t ModeChange::apply(uint32_t mode, bool is_dir) const {
  if (is_octal_) return octal_;
  for (const auto& clause : clauses_) {
    uint32_t bits = 0;
    for (const char letter : clause.perms) bits |= bits_of(letter, mode, is_dir);
    // The sticky bit belongs to nobody's class; chmod sets it for a+t and +t, and o+t.
    bits &= clause.who;
    if (clause.op == '+') mode |= bits;
    else if (clause.op == '-') mode &= ~bits;
    else mode = (mode & ~clause.who) | bits;
  }
  return mode;
}

}  // namespace slipway::tree
