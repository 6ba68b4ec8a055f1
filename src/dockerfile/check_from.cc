// See check_from.h.
#include "dockerfile/check_from.h"

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>

#include "base/text.h"

namespace slipway::dockerfile {
namespace {

bool all_of(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == text.npos;
}

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kAlnum =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

// Lower-case letters and digits, with one ".", one or two "_" or any number of "-" between them.
bool is_path_component(std::string_view text) {
  while (true) {
    const size_t end = std::min(text.find_first_not_of(kLower), text.size());
    if (end == 0) return false;
    if (end == text.size()) return true;
    const size_t next = text.find_first_of(kLower, end);
    if (next == text.npos) return false;
    const std::string_view separator = text.substr(end, next - end);
    if (separator != "." && separator != "_" && separator != "__" && !all_of(separator, "-"))
      return false;
    text.remove_prefix(next);
  }
}

bool is_domain(std::string_view text) {
  const size_t colon = text.ends_with(']') ? text.npos : text.rfind(':');
  if (colon != text.npos) {
    const std::string_view port = text.substr(colon + 1);
    if (port.empty() || !all_of(port, "0123456789")) return false;
    text = text.substr(0, colon);
  }
  if (text.starts_with('['))
    return text.ends_with(']') &&
           all_of(text.substr(1, text.size() - 2), "0123456789abcdefABCDEF:");
  const auto parts = split(text, '.');
  return std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
    return !part.empty() && part.front() != '-' && part.back() != '-' &&
           part.find_first_not_of(std::string(kAlnum) + "-") == part.npos;
  });
}

}  // namespace

Lookup default_global_args(const Dockerfile& file, const Lookup& automatic) {
  auto values = std::make_shared<std::map<std::string, std::string, std::less<>>>();
  const Lookup lookup = [values, automatic](std::string_view name) -> std::optional<std::string> {
    const auto it = values->find(name);
    return it == values->end() ? automatic(name) : std::optional(it->second);
  };
  ExpandOptions options;
  options.escape = file.directives.escape;
  for (const auto& instruction : file.global_args)
    for (const auto& item : instruction.as<Arg>()->items)
      if (item.value) (*values)[item.name] = expand_word(*item.value, lookup, options);
  return lookup;
}

bool is_image_name(std::string_view text) {
  if (const size_t at = text.find('@'); at != text.npos) {
    const std::string_view digest = text.substr(at + 1);
    const size_t colon = digest.find(':');
    if (colon == digest.npos || colon == 0 || digest.size() - colon - 1 < 32) return false;
    if (!all_of(digest.substr(colon + 1), "0123456789abcdefABCDEF")) return false;
    text = text.substr(0, at);
  }
  const size_t slash = text.rfind('/');
  if (const size_t colon = text.rfind(':');
      colon != text.npos && (slash == text.npos || colon > slash)) {
    const std::string_view tag = text.substr(colon + 1);
    if (tag.empty() || tag.size() > 128 || tag[0] == '.' || tag[0] == '-') return false;
    if (tag.find_first_not_of(std::string(kAlnum) + "_.-") != tag.npos) return false;
    text = text.substr(0, colon);
  }
  auto parts = split(text, '/');
  if (parts.size() > 1) {
    const std::string& first = parts.front();
    const bool domain =
        first.find_first_of(".:") != first.npos || first == "localhost" || to_lower(first) != first;
    if (domain && !is_domain(first)) return false;
    if (domain) parts.erase(parts.begin());
  }
  return text.size() <= 255 && std::all_of(parts.begin(), parts.end(), [](const std::string& p) {
           return is_path_component(p);
         });
}

std::optional<std::string> nearest_name(std::string_view word,
                                        const std::vector<std::string>& known) {
  std::optional<std::string> best;
  size_t best_distance = 3;
  std::vector<size_t> row;
  for (const auto& name : known) {
    if (name == word) return std::nullopt;
    // One row of the table of distances between prefixes at a time.
    row.resize(name.size() + 1);
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 0; i < word.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i + 1;
      for (size_t j = 0; j < name.size(); ++j) {
        const size_t replaced = diagonal + (word[i] != name[j]);
        diagonal = row[j + 1];
        row[j + 1] = std::min({row[j + 1] + 1, row[j] + 1, replaced});
      }
    }
    if (row.back() >= best_distance) continue;
    best_distance = row.back();
    best = name;
  }
  return best;
}

}  // namespace slipway::dockerfile
