// Variables and quotes in the words of a Dockerfile: $v, ${v:-w} and the rest of the shell's forms.
//
// expand_word and expand_words work on one string; expand() knows which strings of an instruction
// are subject to expansion and leaves the others (RUN, CMD, ENTRYPOINT and HEALTHCHECK text belongs
// to the shell).
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "dockerfile/ast.h"

namespace slipway::dockerfile {

/// The value of a variable, nullopt if it is not set.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

/// A mistake in a word, such as a missing "}". `offset()` is the byte of the word it was noticed
/// at.
class ExpandError : public Error {
 public:
  ExpandError(std::string what, size_t offset) : Error(std::move(what)), offset_(offset) {}
  size_t offset() const { return offset_; }

 private:
  size_t offset_;
};

struct ExpandOptions {
  char escape = '\\';
  bool process_quotes = true;  // false: ' and " are ordinary characters (heredoc bodies)
  bool keep_quotes = false;    // quotes group but stay in the result
  bool keep_escapes = false;   // escapes protect but stay in the result
  bool keep_unset = false;     // `$v` of an unset v stays as written
};

/// Which variables a word named. A variable whose value decided nothing (as in ${v:-w}) counts too.
struct Names {
  std::set<std::string> used;   // set when looked up
  std::set<std::string> unset;  // not set when looked up
};

/// Expands variables and removes quotes; blanks stay as they are. Throws ExpandError.
std::string expand_word(std::string_view word, const Lookup& env, const ExpandOptions& options = {},
                        Names* names = nullptr);
/// The same, then splits at blanks outside quotes; values of variables are split too, empty words
/// vanish.
std::vector<std::string> expand_words(std::string_view word, const Lookup& env,
                                      const ExpandOptions& options = {}, Names* names = nullptr);
/// The content of a COPY or ADD heredoc's file: tabs stripped, expanded unless its word was quoted.
std::string expand_heredoc(const Heredoc& heredoc, const Lookup& env, Names* names = nullptr);

/// The instruction with everything expanded that compat 5.3 names: sources, destinations, --chown,
/// --chmod, --checksum, heredoc files (whose `expand` becomes false), ENV and LABEL keys and
/// values, ARG defaults, EXPOSE, STOPSIGNAL, USER, VOLUME, WORKDIR, image and platform of FROM. RUN
/// mounts stay for resolve_mount. `words` gets the variables of each word, in the order of
/// expansion. `file` is for the place of an error: Error with "file:line:column" and a caret.
Instruction expand(const Dockerfile& file, const Instruction& instruction, const Lookup& env,
                   std::vector<Names>* words = nullptr);

}  // namespace slipway::dockerfile
