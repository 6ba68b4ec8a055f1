// Functions of time. Times are text as in RFC 3339; only timestamp() looks at the clock.
#include <array>
#include <cctype>
#include <cmath>
#include <ctime>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "bake/functions.h"

namespace slipway::bake {
namespace {

constexpr std::array<const char*, 12> kMonths = {"January", "February", "March",     "April",   "May",      "June",
                                                 "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<const char*, 7> kDays = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

struct Time {
  int64_t seconds = 0;   // since the epoch
  std::string fraction;  // digits behind the point
  int offset = 0;        // of the zone, in minutes east of Greenwich
};

Time parse_time(const std::string& text) {
  std::tm tm{};
  int zone_hours = 0, zone_minutes = 0;
  char sign = 0;
  Time out;
  int read = 0;
  const auto refuse = [&] { return Error(fmt::format("\"{}\" is no time", text), {}, "write it like 2026-08-01T12:30:00Z"); };
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
                  &tm.tm_sec, &read) != 6 || read != 19)
    throw refuse();
  size_t at = 19;
  if (at < text.size() && text[at] == '.')
    for (++at; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])); ++at) out.fraction += text[at];
  if (text.substr(at) != "Z") {
    int used = 0;
    if (std::sscanf(text.c_str() + at, "%c%2d:%2d%n", &sign, &zone_hours, &zone_minutes, &used) != 3 ||
        at + static_cast<size_t>(used) != text.size() || (sign != '+' && sign != '-'))
      throw refuse();
    out.offset = (zone_hours * 60 + zone_minutes) * (sign == '-' ? -1 : 1);
  }
  if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
    throw refuse();
  tm.tm_year -= 1900;
  tm.tm_mon -= 1;
  const int day = tm.tm_mday;
  out.seconds = ::timegm(&tm) - out.offset * 60;
  if (tm.tm_mday != day) throw refuse();
  return out;
}

std::tm local(const Time& time) {
  std::tm tm{};
  const time_t shifted = time.seconds + time.offset * 60;
  ::gmtime_r(&shifted, &tm);
  return tm;
}

/// "+01:00", or with `separator` empty "+0100".
std::string zone(const Time& time, const char* separator) {
  const int minutes = std::abs(time.offset);
  return fmt::format("{}{:02}{}{:02}", time.offset < 0 ? '-' : '+', minutes / 60, separator, minutes % 60);
}

std::string rfc3339(const Time& time) {
  const std::tm tm = local(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                     tm.tm_min, tm.tm_sec, time.offset == 0 ? "Z" : zone(time, ":"));
}

/// The text of a run of one letter in a format.
std::string field(const std::string& run, const Time& time, const std::tm& tm) {
  const int hour12 = tm.tm_hour % 12 == 0 ? 12 : tm.tm_hour % 12;
  if (run == "YYYY") return fmt::format("{:04}", tm.tm_year + 1900);
  if (run == "YY") return fmt::format("{:02}", (tm.tm_year + 1900) % 100);
  if (run == "MMMM") return kMonths[static_cast<size_t>(tm.tm_mon)];
  if (run == "MMM") return std::string(kMonths[static_cast<size_t>(tm.tm_mon)]).substr(0, 3);
  if (run == "MM") return fmt::format("{:02}", tm.tm_mon + 1);
  if (run == "M") return fmt::format("{}", tm.tm_mon + 1);
  if (run == "DD") return fmt::format("{:02}", tm.tm_mday);
  if (run == "D") return fmt::format("{}", tm.tm_mday);
  if (run == "EEEE") return kDays[static_cast<size_t>(tm.tm_wday)];
  if (run == "EEE") return std::string(kDays[static_cast<size_t>(tm.tm_wday)]).substr(0, 3);
  if (run == "hh") return fmt::format("{:02}", tm.tm_hour);
  if (run == "h") return fmt::format("{}", tm.tm_hour);
  if (run == "HH") return fmt::format("{:02}", hour12);
  if (run == "H") return fmt::format("{}", hour12);
  if (run == "AA") return tm.tm_hour < 12 ? "AM" : "PM";
  if (run == "aa") return tm.tm_hour < 12 ? "am" : "pm";
  if (run == "mm") return fmt::format("{:02}", tm.tm_min);
  if (run == "m") return fmt::format("{}", tm.tm_min);
  if (run == "ss") return fmt::format("{:02}", tm.tm_sec);
  if (run == "s") return fmt::format("{}", tm.tm_sec);
  if (run == "ZZZZZ") return zone(time, ":");
  if (run == "ZZZZ") return zone(time, "");
  if (run == "ZZZ") return time.offset == 0 ? "UTC" : zone(time, "");
  if (run == "Z") return time.offset == 0 ? "Z" : zone(time, ":");
  throw Error(fmt::format("the format has no \"{}\"", run), {}, "put text that is no field in single quotes");
}

std::string formatted(const std::string& format, const Time& time) {
  const std::tm tm = local(time);
  std::string out;
  for (size_t at = 0; at < format.size();) {
    if (format[at] == '\'') {
      for (++at;; ++at) {
        if (at >= format.size()) throw Error("a single quote in the format is not closed");
        if (format[at] != '\'') out += format[at];
        else if (at + 1 < format.size() && format[at + 1] == '\'') out += format[at++];
        else break;
      }
      ++at;
    } else if (std::isalpha(static_cast<unsigned char>(format[at]))) {
      const size_t end = std::min(format.find_first_not_of(format[at], at), format.size());
      out += field(format.substr(at, end - at), time, tm);
      at = end;
    } else {
      out += format[at++];
    }
  }
  return out;
}

Value formatdate(const Args& a) { return formatted(a.text(0), parse_time(a.text(1))); }

Value formattimestamp(const Args& a) {
  const Time time = a.value(1).number() ? Time{.seconds = a.integer(1)} : parse_time(a.text(1));
  return a.text(0) == "X" ? fmt::format("{}", time.seconds) : formatted(a.text(0), time);
}

Value timeadd(const Args& a) {
  Time time = parse_time(a.text(0));
  std::string text = a.text(1);
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.erase(0, 1);
  const auto duration = parse_go_duration(text);
  if (!duration) throw Error(fmt::format("\"{}\" is no duration", a.text(1)), {}, "write it like 30s, 5m or 1h30m");
  time.seconds += (is_negative ? -*duration : *duration) / 1'000'000'000;
  return rfc3339(time);
}

Value timestamp(const Args&) { return rfc3339({.seconds = std::time(nullptr)}); }

Value unixtimestampparse(const Args& a) {
  const Time time{.seconds = a.integer(0)};
  const std::tm tm = local(time);
  Object out;
  out["year"] = tm.tm_year + 1900.0;
  out["year_day"] = tm.tm_yday + 1.0;
  out["month"] = tm.tm_mon + 1.0;
  out["month_name"] = kMonths[static_cast<size_t>(tm.tm_mon)];
  out["day"] = static_cast<double>(tm.tm_mday);
  out["weekday"] = static_cast<double>(tm.tm_wday);
  out["weekday_name"] = kDays[static_cast<size_t>(tm.tm_wday)];
  out["hour"] = static_cast<double>(tm.tm_hour);
  out["minute"] = static_cast<double>(tm.tm_min);
  out["second"] = static_cast<double>(tm.tm_sec);
  out["rfc3339"] = rfc3339(time);
  // ISO 8601: the week of the year that has its Thursday.
  char week[16];
  std::strftime(week, sizeof week, "%G %V", &tm);
  out["iso_year"] = to_number(Value(std::string(week).substr(0, 4)));
  out["iso_week"] = to_number(Value(std::string(week).substr(5)));
  return out;
}

constexpr Function kFunctions[] = {
    {"formatdate", 2, 2, formatdate}, {"formattimestamp", 2, 2, formattimestamp},
    {"timeadd", 2, 2, timeadd},       {"timestamp", 0, 0, timestamp},
    {"unixtimestampparse", 1, 1, unixtimestampparse},
};

}  // namespace

std::span<const Function> time_functions() { return kFunctions; }

}  // namespace slipway::bake
