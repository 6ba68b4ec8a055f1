// The functions that bake files may call, besides those they define (buildx: docs/bake-stdlib.md). Each file functions_*.cc has
// those of one kind; functions.cc finds them by name.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bake/value.h"

namespace slipway::bake {

/// Arguments of a call. The accessors convert, and throw Error that says which argument is wrong.
class Args {
 public:
  explicit Args(const std::vector<Value>& values) : values_(values) {}

  size_t size() const { return values_.size(); }
  const Value& value(size_t i) const { return values_[i]; }
  std::string text(size_t i) const;
  double number(size_t i) const;
  int64_t integer(size_t i) const;
  bool boolean(size_t i) const;
  const List& list(size_t i) const;
  const Object& object(size_t i) const;

 private:
  const std::vector<Value>& values_;
};

struct Function {
  std::string_view name;
  size_t min = 0, max = 0;  // number of arguments
  Value (*call)(const Args&);
  bool takes_null = false;  // otherwise null as an argument is a mistake
};

constexpr size_t kAny = 1000000;

/// nullptr if there is none.
const Function* find_function(std::string_view name);
std::vector<std::string> function_names();

/// Throws Error without a place for the wrong number or kind of arguments, and what the function itself finds wrong.
Value call_function(const Function& function, const std::vector<Value>& arguments);

std::span<const Function> text_functions();
std::span<const Function> collection_functions();
std::span<const Function> number_functions();
std::span<const Function> encoding_functions();
std::span<const Function> time_functions();
std::span<const Function> regex_functions();
std::span<const Function> version_functions();
std::span<const Function> address_functions();

}  // namespace slipway::bake
