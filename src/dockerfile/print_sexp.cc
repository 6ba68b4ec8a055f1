// Statements as S-expressions, in the form of BuildKit's parser fixtures.
#include "base/text.h"
#include "dockerfile/print.h"
#include "dockerfile/unicode.h"

namespace slipway::dockerfile {

std::string to_sexp(const Statement& statement) {
  std::string out = "(" + to_lower(statement.keyword);
  if (!statement.flags.empty()) {
    out += " [";
    for (size_t i = 0; i < statement.flags.size(); ++i)
      out += (i ? " " : "") + go_quote(statement.flags[i].text);
    out += "]";
  }
  for (const auto& word : statement.words) out += " " + go_quote(word.text);
  for (const auto& inner : statement.inner) out += " " + to_sexp(inner);
  return out + ")";
}

std::string to_sexp(const std::vector<Statement>& statements) {
  std::string out;
  for (const auto& statement : statements) out += to_sexp(statement) + "\n";
  return out;
}

}  // namespace slipway::dockerfile
