#include "json/json.h"

#include <set>
#include <vector>

#include <fmt/core.h>

#include "base/error.h"

namespace slipway::json {
namespace {

// Rejects what nlohmann accepts silently: duplicate keys (last would win) and unbounded nesting.
class StrictFilter {
 public:
  bool operator()(int depth, nlohmann::ordered_json::parse_event_t event, const Value& parsed) {
    using Event = nlohmann::ordered_json::parse_event_t;
    if (depth > 200) throw Error("JSON is nested deeper than 200 levels");
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end && !keys_.empty()) keys_.pop_back();
    if (event == Event::key && !keys_.empty() && !keys_.back().insert(parsed.get<std::string>()).second)
      throw Error(fmt::format("JSON object has the key \"{}\" twice", parsed.get<std::string>()));
    return true;
  }

 private:
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

Value parse(std::string_view text, std::string_view origin) {
  try {
    StrictFilter filter;
    return Value::parse(text.begin(), text.end(), std::ref(filter));
  } catch (const nlohmann::json::parse_error& e) {
    throw Error(fmt::format("not valid JSON (byte {})", e.byte), std::string(origin));
  } catch (const nlohmann::json::exception& e) {
    throw Error(fmt::format("not valid JSON: {}", e.what()), std::string(origin));
  } catch (Error& e) {
    throw e.at(std::string(origin));
  }
}

std::string dump(const Value& value) { return value.dump(-1, ' ', false, Value::error_handler_t::replace); }

std::string dump_pretty(const Value& value) {
  return value.dump(2, ' ', false, Value::error_handler_t::replace) + "\n";
}

const Value* find(const Value& value, std::string_view key) {
  if (!value.is_object()) return nullptr;
  const auto it = value.find(std::string(key));
  return it == value.end() ? nullptr : &*it;
}

std::string string_or(const Value& value, std::string_view key, std::string fallback) {
  const Value* member = find(value, key);
  return member && member->is_string() ? member->get<std::string>() : fallback;
}

std::optional<int64_t> int_or_none(const Value& value, std::string_view key) {
  const Value* member = find(value, key);
  if (!member || !member->is_number_integer()) return std::nullopt;
  return member->get<int64_t>();
}

bool bool_or(const Value& value, std::string_view key, bool fallback) {
  const Value* member = find(value, key);
  return member && member->is_boolean() ? member->get<bool>() : fallback;
}

}  // namespace slipway::json
