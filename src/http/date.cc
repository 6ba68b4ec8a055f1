// See date.h.
#include "http/date.h"

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "base/text.h"

namespace slipway::http {
namespace {

std::optional<unsigned> month_number(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
  const std::string lower = to_lower(name);
  for (unsigned i = 0; i < kNames.size(); ++i)
    if (lower == kNames[i]) return i + 1;
  return std::nullopt;
}

std::optional<int64_t> seconds_of(std::string_view year, std::string_view month,
                                  std::string_view day, std::string_view clock) {
  auto y = parse_u64(year);
  const auto m = month_number(month);
  const auto d = parse_u64(day);
  const auto parts = split(clock, ':');
  if (!y || !m || !d || *y > 9999 || *d > 31 || parts.size() != 3) return std::nullopt;
  if (year.size() == 2) *y += *y < 70 ? 2000 : 1900;
  const auto hour = parse_u64(parts[0]), minute = parse_u64(parts[1]), second = parse_u64(parts[2]);
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60)
    return std::nullopt;
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(static_cast<int>(*y)), std::chrono::month(*m),
                            std::chrono::day(static_cast<unsigned>(*d))};
  if (!date.ok()) return std::nullopt;
  const int64_t days = sys_days(date).time_since_epoch().count();
  return days * 86400 + static_cast<int64_t>(*hour * 3600 + *minute * 60 + *second);
}

}  // namespace

std::optional<int64_t> parse_date(std::string_view text) {
  std::vector<std::string> words;
  for (auto& word : split(trim(text), ' '))
    if (!word.empty()) words.push_back(std::move(word));
  if (words.size() == 6 && words[0].ends_with(',') && words[5] == "GMT")
    return seconds_of(words[3], words[2], words[1], words[4]);
  if (words.size() == 4 && words[0].ends_with(',') && words[3] == "GMT") {
    const auto date = split(words[1], '-');
    return date.size() == 3 ? seconds_of(date[2], date[1], date[0], words[2]) : std::nullopt;
  }
  if (words.size() == 5) return seconds_of(words[4], words[1], words[2], words[3]);
  return std::nullopt;
}

}  // namespace slipway::http
