// Functions of numbers and truth, which are also the operators by name.
#include <cmath>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "bake/functions.h"

namespace slipway::bake {
namespace {

double finite(double n) {
  if (!std::isfinite(n)) throw Error("the result is no number");
  return n;
}

double divisor(const Args& a) {
  if (a.number(1) == 0) throw Error("division by zero");
  return a.number(1);
}

Value absolute(const Args& a) { return std::abs(a.number(0)); }
Value add(const Args& a) { return a.number(0) + a.number(1); }
Value subtract(const Args& a) { return a.number(0) - a.number(1); }
Value multiply(const Args& a) { return a.number(0) * a.number(1); }
Value divide(const Args& a) { return a.number(0) / divisor(a); }
Value modulo(const Args& a) { return std::fmod(a.number(0), divisor(a)); }
Value negate(const Args& a) { return -a.number(0); }
Value ceil_of(const Args& a) { return std::ceil(a.number(0)); }
Value floor_of(const Args& a) { return std::floor(a.number(0)); }
Value whole(const Args& a) { return std::trunc(a.number(0)); }
Value log_of(const Args& a) { return finite(std::log(a.number(0)) / std::log(a.number(1))); }
Value power(const Args& a) { return finite(std::pow(a.number(0), a.number(1))); }
Value signum(const Args& a) { return a.number(0) > 0 ? 1.0 : a.number(0) < 0 ? -1.0 : 0.0; }

Value smallest(const Args& a) {
  double out = a.number(0);
  for (size_t i = 1; i < a.size(); ++i) out = std::min(out, a.number(i));
  return out;
}

Value largest(const Args& a) {
  double out = a.number(0);
  for (size_t i = 1; i < a.size(); ++i) out = std::max(out, a.number(i));
  return out;
}

Value parseint(const Args& a) {
  const std::string text = a.text(0);
  const int64_t base = a.integer(1);
  if (base < 2 || base > 36) throw Error(fmt::format("{} is no base from 2 to 36", base));
  const bool is_negative = text.starts_with('-');
  const auto read = parse_u64(std::string_view(text).substr(is_negative || text.starts_with('+') ? 1 : 0), static_cast<int>(base));
  if (!read) throw Error(fmt::format("\"{}\" is no whole number with the base {}", text, base));
  return is_negative ? -static_cast<double>(*read) : static_cast<double>(*read);
}

Value both(const Args& a) { return a.boolean(0) && a.boolean(1); }
Value either(const Args& a) { return a.boolean(0) || a.boolean(1); }
Value negation(const Args& a) { return !a.boolean(0); }
Value equal(const Args& a) { return a.value(0) == a.value(1); }
Value notequal(const Args& a) { return !(a.value(0) == a.value(1)); }
Value greater(const Args& a) { return a.number(0) > a.number(1); }
Value greater_or_equal(const Args& a) { return a.number(0) >= a.number(1); }
Value less(const Args& a) { return a.number(0) < a.number(1); }
Value less_or_equal(const Args& a) { return a.number(0) <= a.number(1); }

constexpr Function kFunctions[] = {
    {"absolute", 1, 1, absolute},
    {"add", 2, 2, add},
    {"and", 2, 2, both},
    {"ceil", 1, 1, ceil_of},
    {"divide", 2, 2, divide},
    {"equal", 2, 2, equal, true},
    {"floor", 1, 1, floor_of},
    {"greaterthan", 2, 2, greater},
    {"greaterthanorequalto", 2, 2, greater_or_equal},
    {"int", 1, 1, whole},
    {"lessthan", 2, 2, less},
    {"lessthanorequalto", 2, 2, less_or_equal},
    {"log", 2, 2, log_of},
    {"max", 1, kAny, largest},
    {"min", 1, kAny, smallest},
    {"modulo", 2, 2, modulo},
    {"multiply", 2, 2, multiply},
    {"negate", 1, 1, negate},
    {"not", 1, 1, negation},
    {"notequal", 2, 2, notequal, true},
    {"or", 2, 2, either},
    {"parseint", 2, 2, parseint},
    {"pow", 2, 2, power},
    {"signum", 1, 1, signum},
    {"subtract", 2, 2, subtract},
};

}  // namespace

std::span<const Function> number_functions() { return kFunctions; }

}  // namespace slipway::bake
