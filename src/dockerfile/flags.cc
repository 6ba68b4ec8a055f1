// See flags.h.
#include "dockerfile/flags.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"

namespace slipway::dockerfile {

FlagSet::FlagSet(const Statement& statement, std::initializer_list<FlagRule> rules,
                 const Report& report) {
  const std::string keyword = to_upper(statement.keyword);
  size_t unknown = 0;
  for (const auto& flag : statement.flags) {
    const auto wrong = [&](std::string what, std::string hint = {}) {
      report(flag.offset, flag.text.size(), std::move(what), std::move(hint));
    };
    const size_t equals = flag.text.find('=');
    const std::string written = flag.text.substr(0, equals);
    const std::string name = written.substr(2);
    const bool has_value = equals != flag.text.npos;
    std::string value = has_value ? flag.text.substr(equals + 1) : "";

    const auto* rule =
        std::find_if(rules.begin(), rules.end(), [&](const FlagRule& r) { return r.name == name; });
    if (rule == rules.end()) {
      std::vector<std::string> known;
      if (++unknown <= kMaxListed)  // more will not be shown
        for (const auto& r : rules) known.emplace_back(r.name);
      std::string hint;
      if (unknown > kMaxListed) {
        // Only counted.
      } else if (const auto near = closest(name, known)) {
        hint = fmt::format("did you mean --{}?", *near);
      } else if (known.empty()) {
        hint = fmt::format("{} takes no flags", keyword);
      } else {
        hint = fmt::format("{} takes --{}", keyword, join(known, ", --"));
      }
      wrong(fmt::format("unknown flag: {}", written.size() <= 60 ? written : shown(written)),
            std::move(hint));
      continue;
    }
    if (rule->kind != FlagRule::Kind::Strings && values_.contains(name)) {
      wrong(fmt::format("duplicate flag specified: {}", written));
      continue;
    }
    if (rule->kind == FlagRule::Kind::Bool) {
      const std::string lower = to_lower(value);
      if (has_value && value.empty()) {
        wrong(fmt::format("missing a value on flag: {}", written),
              fmt::format("write {0} or {0}=true", written));
        continue;
      }
      if (!value.empty() && lower != "true" && lower != "false") {
        wrong(fmt::format("expecting boolean value for flag {}, not: {}", written, shown(value)));
        continue;
      }
      value = value.empty() ? "true" : lower;
    } else if (!has_value) {
      wrong(fmt::format("missing a value on flag: {}", written),
            fmt::format("write {}=VALUE", written));
      continue;
    }
    if (heredoc_of(value)) {
      wrong(fmt::format("{} cannot accept a heredoc as the value of {}", keyword, written));
      continue;
    }
    values_.emplace(name, Value{flag, std::move(value)});
  }
}

std::string FlagSet::string(std::string_view name, std::string fallback) const {
  const auto it = values_.find(name);
  return it == values_.end() ? std::move(fallback) : it->second.value;
}

std::optional<bool> FlagSet::boolean(std::string_view name) const {
  const auto it = values_.find(name);
  if (it == values_.end()) return std::nullopt;
  return it->second.value == "true";
}

std::vector<Word> FlagSet::all(std::string_view name) const {
  std::vector<Word> words;
  const auto [begin, end] = values_.equal_range(name);
  for (auto it = begin; it != end; ++it)
    words.push_back({it->second.value, it->second.word.offset});
  return words;
}

Word FlagSet::word(std::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? Word{} : it->second.word;
}

}  // namespace slipway::dockerfile
