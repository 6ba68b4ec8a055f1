// See log_view.h. Names of steps are made in BuildKit's prefixCommand; plain lines in progressui.
#include "lint/log_view.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/error.h"
#include "base/text.h"
#include "json/json.h"

namespace slipway::lint {
namespace {

bool is_index(std::string_view word) {
  const size_t slash = word.find('/');
  return slash != word.npos && parse_u64(word.substr(0, slash)) &&
         parse_u64(word.substr(slash + 1));
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "#12 rest" of a line, behind whatever a CI system puts in front.
struct PlainLine {
  uint64_t number;
  std::string_view rest;
};
std::optional<PlainLine> plain_line(std::string_view line) {
  for (size_t at = line.find('#'); at != line.npos; at = line.find('#', at + 1)) {
    if (at > 0 && line[at - 1] != ' ' && line[at - 1] != '\t') continue;
    const size_t blank = line.find(' ', at);
    if (blank == line.npos) continue;
    if (const auto number = parse_u64(line.substr(at + 1, blank - at - 1)))
      return PlainLine{*number, line.substr(blank + 1)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> parse_time(std::string_view text) {
  // 2026-01-02T03:04:05[.678]Z
  const auto part = [&](size_t at, size_t size) {
    return parse_u64(text.substr(std::min(at, text.size()), size));
  };
  if (text.size() < 20 || text[4] != '-' || text[10] != 'T' || text.back() != 'Z')
    return std::nullopt;
  const auto year = part(0, 4), month = part(5, 2), day = part(8, 2), hour = part(11, 2),
             minute = part(14, 2);
  const auto seconds = number_of(text.substr(17, text.size() - 18));
  if (!year || !month || !day || !hour || !minute || !seconds) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return static_cast<double>(days) * 86400 + static_cast<double>(*hour * 3600 + *minute * 60) +
         *seconds;
}

std::optional<LogStep> parse_step_name(std::string_view name) {
  if (!name.starts_with('[')) return std::nullopt;
  const size_t close = name.find("] ");
  if (close == name.npos) return std::nullopt;
  LogStep step;
  step.command = trim(name.substr(close + 2));
  std::vector<std::string> words;
  for (auto& word : split(name.substr(1, close - 1), ' '))
    if (!word.empty()) words.push_back(std::move(word));
  if (words.empty() || !is_index(words.back())) return std::nullopt;
  step.index = words.back();
  words.pop_back();
  if (!words.empty() && words.front().contains('/')) {
    const std::string& label = words.front();
    const size_t arrow = label.find("->");
    step.platform = label.substr(0, arrow);
    if (arrow != label.npos) step.target = label.substr(arrow + 2);
    words.erase(words.begin());
  }
  step.stage = join(words, " ");
  return step;
}

LogView::LogView(const SourceFile& file) : file_(file) {
  if (file.text.find("{\"vertexes\":[{") != std::string::npos)
    read_raw_json();
  else
    read_plain();
}

void LogView::read_plain() {
  std::map<uint64_t, size_t> by_number;
  const std::string_view text = file_.text;
  for (size_t at = 0; at < text.size();) {
    const size_t newline = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, newline - at);
    const auto found = plain_line(line);
    at = newline + 1;
    if (!found) continue;
    const std::string_view rest = trim(found->rest);
    if (auto step = parse_step_name(rest)) {
      if (by_number.contains(found->number)) continue;
      step->begin = static_cast<size_t>(found->rest.data() - text.data());
      step->end = step->begin + rest.size();
      by_number[found->number] = steps_.size();
      steps_.push_back(std::move(*step));
      continue;
    }
    const auto known = by_number.find(found->number);
    if (known == by_number.end()) continue;
    LogStep& step = steps_[known->second];
    if (rest == "CACHED")
      step.was_cached = true;
    else if (rest.starts_with("DONE ") && rest.ends_with('s'))
      step.seconds = number_of(rest.substr(5, rest.size() - 6));
  }
}

void LogView::read_raw_json() {
  std::map<std::string, size_t> by_digest;
  const std::string_view text = file_.text;
  for (size_t at = 0; at < text.size();) {
    const size_t newline = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, newline - at);
    const size_t start = at;
    at = newline + 1;
    const size_t open = line.find("{\"vertexes\"");
    if (open == line.npos) continue;
    json::Value event;
    try {
      event = json::parse(line.substr(open), file_.path);
    } catch (const Error&) {
      continue;  // a line that was cut off
    }
    const json::Value* vertexes = json::find(event, "vertexes");
    if (!vertexes || !vertexes->is_array()) continue;
    for (const auto& vertex : *vertexes) {
      const std::string digest = json::string_or(vertex, "digest");
      if (!by_digest.contains(digest)) {
        const std::string name = json::string_or(vertex, "name");
        auto step = parse_step_name(name);
        if (!step) continue;
        const size_t place = text.find("\"[" + step->platform, start);
        step->begin = place == text.npos || place > newline ? start : place;
        step->end = std::min(newline, step->begin + name.size() + 2);
        by_digest[digest] = steps_.size();
        steps_.push_back(std::move(*step));
      }
      LogStep& step = steps_[by_digest[digest]];
      step.was_cached |= json::bool_or(vertex, "cached");
      const auto started = parse_time(json::string_or(vertex, "started"));
      const auto completed = parse_time(json::string_or(vertex, "completed"));
      if (started && completed) step.seconds = *completed - *started;
      const json::Value* own = json::find(vertex, "slipway");
      if (!own) continue;
      step.was_emulated = json::string_or(*own, "how") == "emulated";
      if (const json::Value* seconds = json::find(*own, "emulatedSeconds");
          seconds && seconds->is_number())
        step.emulated_seconds = seconds->get<double>();
    }
  }
}

std::string LogView::machine(const std::string& given) const {
  if (!given.empty()) return given;
  std::map<std::string, double> totals;
  for (const auto& step : steps_) {
    if (!step.target.empty()) return step.platform;
    if (step.platform.empty() || !step.seconds || step.was_cached ||
        !step.command.starts_with("RUN"))
      continue;
    totals[step.platform] += *step.seconds;
  }
  for (const auto& [platform, seconds] : totals)
    if (totals.size() > 1 && std::all_of(totals.begin(), totals.end(), [&](const auto& other) {
          return other.first == platform || other.second > 2 * seconds;
        }))
      return platform;
  return {};
}

const LogStep* LogView::twin(const LogStep& step, const std::string& platform) const {
  const auto it = std::find_if(steps_.begin(), steps_.end(), [&](const LogStep& other) {
    return other.platform == platform && other.stage == step.stage && other.index == step.index &&
           other.seconds && !other.was_cached;
  });
  return it == steps_.end() ? nullptr : &*it;
}

}  // namespace slipway::lint
