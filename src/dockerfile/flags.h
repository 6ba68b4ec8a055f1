// The `--flag` words of an instruction, checked against the flags it knows.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/scan.h"

namespace slipway::dockerfile {

struct FlagRule {
  enum class Kind { Bool, String, Strings };  // Strings may be repeated
  std::string_view name;                      // without "--"
  Kind kind = Kind::String;
};

/// Told about a mistake at a byte of Statement::text.
using Report = std::function<void(size_t offset, size_t width, std::string what, std::string hint)>;

class FlagSet {
 public:
  /// Reports unknown, repeated and valueless flags, each one; what is good can be asked for.
  FlagSet(const Statement& statement, std::initializer_list<FlagRule> rules, const Report& report);

  std::string string(std::string_view name, std::string fallback = {}) const;
  std::optional<bool> boolean(std::string_view name) const;
  /// All values of a flag, with the offsets of their flag words.
  std::vector<Word> all(std::string_view name) const;
  /// Where the flag stands, for mistakes in its value.
  Word word(std::string_view name) const;

 private:
  struct Value {
    Word word;  // the whole flag
    std::string value;
  };
  std::multimap<std::string, Value, std::less<>> values_;
};

}  // namespace slipway::dockerfile
