// Variables in compose files and .env files.
#include <cctype>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "bake/compose.h"

namespace slipway::bake {
namespace {

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

/// Where the brace that opens behind `begin` closes.
size_t closing(std::string_view text, size_t begin) {
  int open = 1;
  for (size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') ++open;
    if (text[i] == '}' && --open == 0) return i;
  }
  throw Error(fmt::format("${{ in \"{}\" has no }}", text));
}

std::string braced(std::string_view inside, const Overrides& variables, int depth);

std::string expand(std::string_view text, const Overrides& variables, int depth) {
  if (depth > 20) throw Error("defaults of variables nest too deep");
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 >= text.size()) {
      out += text[i];
    } else if (text[i + 1] == '$') {
      out += text[++i];
    } else if (text[i + 1] == '{') {
      const size_t end = closing(text, i + 2);
      out += braced(text.substr(i + 2, end - i - 2), variables, depth);
      i = end;
    } else if (is_name(text[i + 1]) && !std::isdigit(static_cast<unsigned char>(text[i + 1]))) {
      size_t end = i + 1;
      while (end < text.size() && is_name(text[end])) ++end;
      out += variables(std::string(text.substr(i + 1, end - i - 1))).value_or("");
      i = end - 1;
    } else {
      throw Error(fmt::format("\"{}\" has a $ without a name", text), {}, "write $$ for a dollar");
    }
  }
  return out;
}

std::string braced(std::string_view inside, const Overrides& variables, int depth) {
  size_t end = 0;
  while (end < inside.size() && is_name(inside[end])) ++end;
  const std::string name(inside.substr(0, end));
  if (name.empty()) throw Error(fmt::format("\"${{{}}}\" names no variable", inside), {}, "write $$ for a dollar");
  const auto value = variables(name);
  if (end == inside.size()) return value.value_or("");
  const bool counts_empty = inside[end] == ':';
  if (counts_empty) ++end;
  const char op = end < inside.size() ? inside[end] : '\0';
  const auto rest = inside.substr(std::min(end + 1, inside.size()));
  const bool is_set = value && !(counts_empty && value->empty());
  if (op == '-') return is_set ? *value : expand(rest, variables, depth + 1);
  if (op == '+') return is_set ? expand(rest, variables, depth + 1) : "";
  if (op == '?') {
    if (is_set) return *value;
    throw Error(fmt::format("the variable {} is not set", name), {}, expand(rest, variables, depth + 1));
  }
  throw Error(fmt::format("\"${{{}}}\" is no way to use a variable", inside), {}, "write ${NAME}, ${NAME:-default} or ${NAME:?error}");
}

}  // namespace

std::string interpolated(std::string_view text, const Overrides& variables) { return expand(text, variables, 0); }

std::map<std::string, std::string> parse_dotenv(const Text& file, const Overrides& outer) {
  std::map<std::string, std::string> out;
  const Overrides known = [&](const std::string& name) -> std::optional<std::string> {
    if (auto value = outer(name)) return value;
    const auto it = out.find(name);
    return it == out.end() ? std::nullopt : std::optional(it->second);
  };
  size_t start = 0;
  for (const auto& whole : split(file.bytes, '\n')) {
    const Span span{&file, start, start + whole.size()};
    start += whole.size() + 1;
    std::string line(trim(whole));
    if (line.starts_with("export ")) line = trim(std::string_view(line).substr(7));
    if (line.empty() || line[0] == '#') continue;
    const size_t equals = line.find_first_of("=:");
    if (equals == line.npos || equals == 0) throw error_at(span, "this line is no NAME=value");
    const std::string name(trim(std::string_view(line).substr(0, equals)));
    std::string value(trim(std::string_view(line).substr(equals + 1)));
    try {
      if (value.size() >= 2 && value[0] == '\'' && value.find('\'', 1) != value.npos) {
        out[name] = value.substr(1, value.find('\'', 1) - 1);
        continue;
      }
      if (value.size() >= 2 && value[0] == '"') {
        std::string plain;
        size_t i = 1;
        for (; i < value.size() && value[i] != '"'; ++i) {
          if (value[i] == '\\' && i + 1 < value.size()) plain += value[++i] == 'n' ? '\n' : value[i] == 't' ? '\t' : value[i];
          else plain += value[i];
        }
        if (i >= value.size()) throw Error("a quote is not closed");
        out[name] = interpolated(plain, known);
        continue;
      }
      if (const size_t comment = value.find(" #"); comment != value.npos) value = trim(std::string_view(value).substr(0, comment));
      out[name] = interpolated(value, known);
    } catch (Error& error) {
      locate(error, span);
      throw;
    }
  }
  return out;
}

}  // namespace slipway::bake
