// Functions of strings. A character is a code point; letters change their case in ASCII only.
#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "bake/functions.h"
#include "os/fs.h"

namespace slipway::bake {
namespace {

constexpr size_t kMaxText = 64u << 20;

/// The text in characters.
std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t i = 0; i < text.size();) {
    size_t end = i + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
    out.push_back(text.substr(i, end - i));
    i = end;
  }
  return out;
}

std::string replace_all(const std::string& text, const std::string& from, const std::string& to) {
  std::string out;
  size_t at = 0;
  if (from.empty()) {
    for (const auto c : characters(text)) out.append(to).append(c);
    return out + to;
  }
  for (size_t hit; (hit = text.find(from, at)) != text.npos; at = hit + from.size()) {
    out.append(text, at, hit - at).append(to);
    if (out.size() > kMaxText) throw Error("this text grows too long");
  }
  return out.append(text, at);
}

Value lower(const Args& a) { return to_lower(a.text(0)); }
Value upper(const Args& a) { return to_upper(a.text(0)); }

Value title(const Args& a) {
  std::string out = a.text(0);
  bool begins = true;
  for (char& c : out) {
    if (begins) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    begins = !(std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80));
  }
  return out;
}

Value trimspace(const Args& a) { return std::string(slipway::trim(a.text(0))); }

Value trim(const Args& a) {
  const std::string text = a.text(0), cut = a.text(1);
  const size_t first = text.find_first_not_of(cut);
  if (first == text.npos) return "";
  return text.substr(first, text.find_last_not_of(cut) - first + 1);
}

Value trimprefix(const Args& a) {
  const std::string text = a.text(0), prefix = a.text(1);
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

Value trimsuffix(const Args& a) {
  const std::string text = a.text(0), suffix = a.text(1);
  return text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text;
}

Value chomp(const Args& a) {
  std::string text = a.text(0);
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

Value indent(const Args& a) {
  const int64_t n = a.integer(0);
  if (n < 0 || n > 1000) throw Error(fmt::format("{} is no number of blanks", n));
  return replace_all(a.text(1), "\n", "\n" + std::string(static_cast<size_t>(n), ' '));
}

Value replace(const Args& a) { return replace_all(a.text(0), a.text(1), a.text(2)); }

Value reverse(const Args& a) {
  const std::string text = a.text(0);
  auto all = characters(text);
  std::string out;
  for (size_t i = all.size(); i-- > 0;) out += all[i];
  return out;
}

Value strlen_of(const Args& a) {
  const std::string text = a.text(0);
  return static_cast<double>(characters(text).size());
}

Value substr(const Args& a) {
  const std::string text = a.text(0);
  const auto all = characters(text);
  const auto size = static_cast<int64_t>(all.size());
  int64_t first = a.integer(1), length = a.integer(2);
  if (first < 0) first += size;
  if (first < 0 || first >= size || length == 0) return "";
  if (length < 0 || length > size - first) length = size - first;
  std::string out;
  for (int64_t i = first; i < first + length; ++i) out += all[static_cast<size_t>(i)];
  return out;
}

Value split(const Args& a) {
  const std::string separator = a.text(0), text = a.text(1);
  List out;
  if (separator.empty()) {
    for (const auto c : characters(text)) out.emplace_back(std::string(c));
    return out;
  }
  size_t at = 0;
  for (size_t hit; (hit = text.find(separator, at)) != text.npos; at = hit + separator.size())
    out.emplace_back(text.substr(at, hit - at));
  out.emplace_back(text.substr(at));
  return out;
}

Value join_lists(const Args& a) {
  std::vector<std::string> parts;
  for (size_t i = 1; i < a.size(); ++i)
    for (const auto& item : a.list(i)) {
      if (item.is_null()) throw Error(fmt::format("argument {} has an item that is null", i + 1));
      parts.push_back(to_text(item));
    }
  return slipway::join(parts, a.text(0));
}

Value sanitize(const Args& a) {
  std::string out;
  const std::string text = a.text(0);
  for (const auto c : characters(text)) {
    const bool is_good = c.size() == 1 && (std::isalnum(static_cast<unsigned char>(c[0])) || c[0] == '_' || c[0] == '-');
    out += is_good ? c : "_";
  }
  return out;
}

Value basename(const Args& a) {
  std::string path = a.text(0);
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (path.empty()) return ".";
  if (path == "/") return "/";
  return path.substr(path.rfind('/') + 1);
}

Value dirname(const Args& a) {
  const std::string path = a.text(0);
  const size_t slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return os::clean_path(path.substr(0, slash + 1));
}

/// One "%..." of format().
struct Verb {
  std::string flags;
  std::optional<size_t> argument;
  int width = -1, precision = -1;
  char letter = 0;
};

Verb read_verb(const std::string& text, size_t& at) {
  Verb out;
  const auto number = [&] {
    int n = 0;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]))) n = std::min(n * 10 + (text[at++] - '0'), 1000);
    return n;
  };
  while (at < text.size() && std::string_view("#+- 0").contains(text[at])) out.flags += text[at++];
  if (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]))) out.width = number();
  if (at < text.size() && text[at] == '.') out.precision = (++at, number());
  if (at < text.size() && text[at] == '[') {
    ++at;
    out.argument = static_cast<size_t>(number());
    if (at >= text.size() || text[at++] != ']' || *out.argument == 0) throw Error("the number of an argument stands in brackets");
    --*out.argument;
  }
  if (at >= text.size()) throw Error("the format ends behind a %");
  out.letter = text[at++];
  return out;
}

std::string whole(double n, int base, bool upper_case) {
  if (n != std::floor(n) || std::abs(n) > 9e15) throw Error(fmt::format("{} is no whole number", number_text(n)));
  auto rest = static_cast<uint64_t>(std::abs(n));
  std::string digits;
  do digits.insert(digits.begin(), (upper_case ? "0123456789ABCDEF" : "0123456789abcdef")[rest % static_cast<unsigned>(base)]);
  while (rest /= static_cast<unsigned>(base));
  return (n < 0 ? "-" : "") + digits;
}

std::string show(const Verb& verb, const Value& value) {
  const auto has = [&](char flag) { return verb.flags.contains(flag); };
  std::string out;
  bool is_number = true;
  switch (verb.letter) {
    case 'v':
      is_number = value.number();
      out = has('#') || value.is_null() || value.list() || value.object() ? json_text(value) : to_text(value);
      break;
    case 't': out = to_bool(value) ? "true" : "false"; is_number = false; break;
    case 's': out = to_text(value); is_number = false; break;
    case 'q': out = json_string(to_text(value)); is_number = false; break;
    case 'd': out = whole(to_number(value), 10, false); break;
    case 'b': out = whole(to_number(value), 2, false); break;
    case 'o': out = whole(to_number(value), 8, false); break;
    case 'x': out = whole(to_number(value), 16, false); break;
    case 'X': out = whole(to_number(value), 16, true); break;
    case 'f': out = fmt::format("{:.{}f}", to_number(value), verb.precision < 0 ? 6 : verb.precision); break;
    case 'e': out = fmt::format("{:.{}e}", to_number(value), verb.precision < 0 ? 6 : verb.precision); break;
    case 'E': out = fmt::format("{:.{}E}", to_number(value), verb.precision < 0 ? 6 : verb.precision); break;
    case 'g': out = verb.precision < 0 ? fmt::format("{}", to_number(value)) : fmt::format("{:.{}g}", to_number(value), verb.precision); break;
    case 'G': out = fmt::format("{:G}", to_number(value)); break;
    default: throw Error(fmt::format("the format has no verb %{}", verb.letter), {}, "the verbs are v t b d o x X e E f g G s q");
  }
  if (!is_number && verb.precision >= 0) {
    const auto all = characters(out);
    std::string cut;
    for (size_t i = 0; i < std::min<size_t>(all.size(), static_cast<size_t>(verb.precision)); ++i) cut += all[i];
    out = cut;
  }
  if (is_number && has('+') && !out.starts_with('-')) out = "+" + out;
  else if (is_number && has(' ') && !out.starts_with('-')) out = " " + out;
  const auto length = static_cast<int>(characters(out).size());
  if (verb.width > length) {
    const auto missing = static_cast<size_t>(verb.width - length);
    if (has('-')) out += std::string(missing, ' ');
    else if (has('0') && is_number) out.insert(out.find_first_not_of("+- "), missing, '0');
    else out.insert(0, missing, ' ');
  }
  return out;
}

std::string formatted(const std::string& text, const std::vector<Value>& values) {
  std::string out;
  size_t next = 0, used = 0;
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '%') {
      out += text[at++];
      continue;
    }
    const size_t begin = at++;
    if (at < text.size() && text[at] == '%') {
      out += text[at++];
      continue;
    }
    const Verb verb = read_verb(text, at);
    const size_t i = verb.argument.value_or(next);
    if (i >= values.size())
      throw Error(fmt::format("there is no value for \"{}\" in the format", text.substr(begin, at - begin)));
    next = i + 1;
    used = std::max(used, next);
    out += show(verb, values[i]);
  }
  if (used < values.size() && used == next)
    throw Error(fmt::format("the format uses {} values, and there are {}", used, values.size()));
  return out;
}

Value format(const Args& a) {
  std::vector<Value> values;
  for (size_t i = 1; i < a.size(); ++i) values.push_back(a.value(i));
  return formatted(a.text(0), values);
}

Value formatlist(const Args& a) {
  size_t count = 1;
  bool has_list = false;
  for (size_t i = 1; i < a.size(); ++i)
    if (const auto* list = a.value(i).list()) {
      if (has_list && list->size() != count) throw Error("the lists have different lengths");
      has_list = true;
      count = list->size();
    }
  List out;
  for (size_t n = 0; n < count; ++n) {
    std::vector<Value> values;
    for (size_t i = 1; i < a.size(); ++i) values.push_back(a.value(i).list() ? (*a.value(i).list())[n] : a.value(i));
    out.emplace_back(formatted(a.text(0), values));
  }
  return out;
}

constexpr Function kFunctions[] = {
    {"basename", 1, 1, basename},       {"chomp", 1, 1, chomp},           {"dirname", 1, 1, dirname},
    {"format", 1, kAny, format, true},  {"formatlist", 1, kAny, formatlist, true},
    {"indent", 2, 2, indent},           {"join", 2, kAny, join_lists},    {"lower", 1, 1, lower},
    {"replace", 3, 3, replace},         {"reverse", 1, 1, reverse},       {"sanitize", 1, 1, sanitize},
    {"split", 2, 2, split},             {"strlen", 1, 1, strlen_of},      {"substr", 3, 3, substr},
    {"title", 1, 1, title},             {"trim", 2, 2, trim},             {"trimprefix", 2, 2, trimprefix},
    {"trimspace", 1, 1, trimspace},     {"trimsuffix", 2, 2, trimsuffix}, {"upper", 1, 1, upper},
};

}  // namespace

std::span<const Function> text_functions() { return kFunctions; }

}  // namespace slipway::bake
