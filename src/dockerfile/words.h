// How the text behind a keyword falls into words. Each instruction uses one of these ways; none
// expands variables.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/scan.h"

namespace slipway::dockerfile {

/// Takes the `--flag` words from the front of `text`; `rest` is where the arguments begin. `base`
/// is added to offsets.
struct Flags {
  std::vector<Word> words;
  size_t rest = 0;
};
Flags split_flags(std::string_view text, char escape, size_t base);

/// Splits at blanks outside quotes; quotes and escapes stay in the words (ENV, LABEL, ARG).
std::vector<Word> split_quoted(std::string_view text, char escape, size_t base);

/// Splits at runs of blanks, nothing else.
std::vector<Word> split_blanks(std::string_view text, size_t base);

/// A JSON array of strings.
struct JsonArray {
  enum class Kind {
    NotJson,    // take the text as shell or blank-separated form
    Strings,    // `words` has them
    NotStrings  // valid JSON with elements that are no strings; `bad_offset` is the first one
  } kind = Kind::NotJson;
  std::vector<Word> words;
  size_t bad_offset = 0;
};
JsonArray parse_json_array(std::string_view text, size_t base);

}  // namespace slipway::dockerfile
