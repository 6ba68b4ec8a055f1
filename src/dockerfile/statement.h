// One logical line -> Statement: keyword, flags, words. The inner level of the grammar; scan.cc is
// the outer one and joins the lines. Internal to dockerfile/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/scan.h"

namespace slipway::dockerfile {

/// How the argument text of an instruction becomes words.
enum class Style { Flat, JsonOrText, JsonOrWords, Pairs, Quoted, Words, Health, Trigger };

struct Keyword {
  std::string_view name;
  Style style;
  bool heredocs = false;  // may announce them
};
/// In any casing; nullptr for a word that is no keyword.
const Keyword* find_keyword(std::string_view word);

struct StatementRules {
  char escape = '\\';
  Mistakes& mistakes;
  bool is_first = true;  // no statement before it
};

/// `pieces` say where the parts of `line` stand in the file, `whole` where it begins and ends.
Statement make_statement(std::string_view line, const std::vector<Piece>& pieces, const Span& whole,
                         const StatementRules& rules);

/// Reports a mistake at a byte of the statement's text, which is broken then.
void report(const StatementRules& rules, Statement& statement, size_t offset, size_t width,
            std::string what, std::string hint = {});

}  // namespace slipway::dockerfile
