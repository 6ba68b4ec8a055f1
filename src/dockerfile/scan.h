// First pass: text -> statements. Lines are joined, comments dropped, words split, heredoc bodies
// collected.
//
// A Statement knows its keyword, flags and words but not yet what they mean; parse.cc makes
// Instructions of them. `slipway parse --format sexp` prints statements.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/ast.h"
#include "dockerfile/parse.h"

namespace slipway::dockerfile {

struct Word {
  std::string text;
  size_t offset = 0;  // of its first byte in Statement::text
};

struct Statement {
  Span span;
  std::string keyword;        // as written
  std::string text;           // the logical line, trimmed
  std::string trailing;       // the blanks that trimming took from its end
  std::vector<Piece> pieces;  // where the parts of `text` stand in the file
  std::vector<Word> flags;    // "--link"; quotes removed
  /// Shell text is one word; ENV and LABEL have three words a pair (key, value, "=" or "").
  std::vector<Word> words;
  bool json = false;  // the words come from a JSON array
  std::vector<Heredoc> heredocs;
  std::vector<std::string> comments;
  std::vector<Statement> inner;  // ONBUILD: the trigger
  bool broken = false;           // a mistake was reported; the words are incomplete
  std::string meant;             // if the keyword is none: the one that was probably meant
};

/// A mistake before it is an Error: its place and how many bytes the caret line covers.
struct Mistake {
  Span span;
  size_t width = 1;
  std::string what;
  std::string hint;
};

/// Keeps the first kMaxListed mistakes and counts the others, so that garbage costs no memory.
class Mistakes {
 public:
  void add(Mistake mistake);
  bool empty() const { return count_ == 0; }
  /// The next one will only be counted; its hint need not be worked out.
  bool full() const { return count_ >= kMaxListed; }
  size_t count() const { return count_; }
  const std::vector<Mistake>& listed() const { return listed_; }

 private:
  std::vector<Mistake> listed_;
  size_t count_ = 0;
};

struct ScanResult {
  Directives directives;
  std::vector<Statement> statements;
  std::vector<Warning> warnings;
};

/// Never throws for what the text contains; what is wrong goes to `mistakes`, and scanning goes on
/// behind it.
ScanResult scan(std::string_view text, Mistakes& mistakes, char escape = '\\');

/// The same as one Error, for programs that only need statements.
std::vector<Statement> scan_or_throw(std::string_view text, std::string_view file_name);

/// The heredoc that a word such as `3<<-"EOF"` announces (content and line unset), if it is one.
std::optional<Heredoc> heredoc_of(std::string_view word);

Span span_at(const Statement& statement, size_t offset);

/// Puts mistakes into one Error (see parse.h) or into one Error each.
[[nodiscard]] Error to_error(const Mistakes& mistakes, std::string_view source,
                             std::string_view file_name);
[[nodiscard]] std::vector<Error> to_errors(const Mistakes& mistakes, std::string_view source,
                                           std::string_view file_name);

/// A user's word for a message: quoted, unprintable bytes escaped, cut after 60 bytes.
std::string shown(std::string_view word);

}  // namespace slipway::dockerfile
