// The directives at the top of a file, found without parsing the rest.
//
// BuildKit looks for the frontend in more places than its own parser does, so that other languages
// can name theirs: behind a "#!" line, after "//", and in a JSON document.
#include <set>

#include "base/error.h"
#include "dockerfile/lines.h"
#include "dockerfile/parse.h"
#include "json/json.h"

namespace slipway::dockerfile {
namespace {

void read(std::string_view text, std::string_view comment, int first_line, Directives& out) {
  std::set<std::string> seen;
  for (int number = first_line; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.size() > kMaxLine) return;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto directive = directive_line(line, comment);
    if (!directive || !seen.insert(directive->key).second) return;
    if (directive->key == "syntax" && !out.syntax) {
      out.syntax = directive->value.substr(0, directive->value.find(' '));
      out.syntax_line = number;
    } else if (directive->key == "check" && comment == "#") {
      out.check = directive->value;
      out.check_line = number;
    } else if (directive->key == "escape" && comment == "#" &&
               (directive->value == "\\" || directive->value == "`")) {
      out.escape = directive->value[0];
    }
  }
}

// A document such as {"syntax": "image", ...}.
std::optional<std::string> syntax_of_json(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos || text[begin] != '{') return std::nullopt;
  try {
    const auto document = json::parse(text, "Dockerfile");
    const auto* syntax = json::find(document, "syntax");
    if (syntax && syntax->is_string()) return syntax->get<std::string>();
  } catch (const Error&) {
    // Not JSON: then it has no such member.
  }
  return std::nullopt;
}

}  // namespace

Directives detect_directives(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  int first_line = 1;
  if (text.starts_with("#!")) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    first_line = 2;
  }
  Directives directives;
  read(text, "#", first_line, directives);
  if (!directives.syntax) read(text, "//", first_line, directives);
  if (!directives.syntax) {
    directives.syntax = syntax_of_json(text);
    if (directives.syntax) directives.syntax_line = first_line;
  }
  return directives;
}

bool is_dockerfile_frontend(std::string_view image) {
  image = image.substr(0, image.find('@'));
  const size_t slash = image.rfind('/');
  image = image.substr(0, image.find(':', slash == image.npos ? 0 : slash));
  if (image == "dockerfile.v0") return true;
  for (const std::string_view name : {"docker/dockerfile", "docker/dockerfile-upstream"}) {
    if (!image.ends_with(name)) continue;
    if (image.size() == name.size() || image[image.size() - name.size() - 1] == '/') return true;
  }
  return false;
}

}  // namespace slipway::dockerfile
