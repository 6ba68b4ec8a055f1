#include "bake/functions.h"

#include <array>
#include <cmath>

#include <fmt/core.h>

#include "base/error.h"

namespace slipway::bake {
namespace {

/// Conversions name the argument.
template <class Work>
auto argument(size_t i, const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (Error& error) {
    throw error.while_doing(fmt::format("in argument {}", i + 1));
  }
}

using Table = std::span<const Function> (*)();
constexpr std::array<Table, 8> kTables = {text_functions,     collection_functions, number_functions,  encoding_functions,
                                          time_functions,     regex_functions,      version_functions, address_functions};

}  // namespace

std::string Args::text(size_t i) const {
  return argument(i, [&] { return to_text(values_[i]); });
}

double Args::number(size_t i) const {
  return argument(i, [&] { return to_number(values_[i]); });
}

int64_t Args::integer(size_t i) const {
  return argument(i, [&] {
    const double n = to_number(values_[i]);
    if (n != std::floor(n) || std::abs(n) > 9e15)
      throw Error(fmt::format("a whole number is needed here, and {} is none", number_text(n)));
    return static_cast<int64_t>(n);
  });
}

bool Args::boolean(size_t i) const {
  return argument(i, [&] { return to_bool(values_[i]); });
}

const List& Args::list(size_t i) const {
  return argument(i, [&]() -> const List& {
    if (!values_[i].list()) throw Error(fmt::format("a list is needed here, and this is a {}", kind_name(values_[i])));
    return *values_[i].list();
  });
}

const Object& Args::object(size_t i) const {
  return argument(i, [&]() -> const Object& {
    if (!values_[i].object()) throw Error(fmt::format("an object is needed here, and this is a {}", kind_name(values_[i])));
    return *values_[i].object();
  });
}

const Function* find_function(std::string_view name) {
  for (const Table table : kTables)
    for (const Function& function : table())
      if (function.name == name) return &function;
  return nullptr;
}

std::vector<std::string> function_names() {
  std::vector<std::string> out = {"can", "convert", "try"};
  for (const Table table : kTables)
    for (const Function& function : table()) out.emplace_back(function.name);
  return out;
}

Value call_function(const Function& function, const std::vector<Value>& arguments) {
  if (arguments.size() < function.min || arguments.size() > function.max) {
    const std::string wanted = function.min == function.max ? fmt::format("{}", function.min)
                               : function.max == kAny        ? fmt::format("at least {}", function.min)
                                                             : fmt::format("{} to {}", function.min, function.max);
    throw Error(fmt::format("{} takes {} argument{}, and there {}", function.name, wanted, wanted == "1" ? "" : "s",
                            arguments.size() == 1 ? "is 1" : fmt::format("are {}", arguments.size())));
  }
  if (!function.takes_null)
    for (size_t i = 0; i < arguments.size(); ++i)
      if (arguments[i].is_null()) throw Error(fmt::format("argument {} is null", i + 1));
  return function.call(Args(arguments));
}

}  // namespace slipway::bake
