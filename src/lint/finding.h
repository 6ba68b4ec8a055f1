// What a rule has found, and the edit that repairs it: plain data, in bytes of the file.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace slipway::lint {

enum class Severity { Note, Warning, Error };

/// Replaces the bytes [begin, end) of the file; an insertion if they are the same.
struct Edit {
  size_t begin = 0, end = 0;
  std::string text;
  bool operator==(const Edit&) const = default;
};

struct Finding {
  std::string rule;
  Severity severity = Severity::Warning;
  std::string path;
  size_t begin = 0, end = 0;  // what the caret line marks
  size_t anchor = 0;      // where the instruction or step begins: a comment above it may suppress
  std::string message;    // one sentence without a full stop
  std::string advice;     // what to do about it
  std::vector<Edit> fix;  // empty: a person must decide
};

}  // namespace slipway::lint
