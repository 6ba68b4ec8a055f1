#include "record/causes.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace slipway::record {
namespace {

bool is_content(std::string_view label) {
  return label.starts_with("content ") || label.starts_with("mounted content ");
}

/// Parts that say which instruction it is, rather than what it depends on.
bool says_what(std::string_view label) {
  return label == "command" || label == "destination" || label == "path" ||
         label.starts_with("source ") || label.starts_with("script ");
}

/// The name of a step without the digest that a base image's tag has at the moment.
std::string_view plain_name(const Step& step) {
  return std::string_view(step.name).substr(0, step.name.find("@sha256:"));
}

/// How alike two steps are: 0 = not the same instruction in any sense.
int likeness(const Step& a, const Step& b) {
  if (a.kind != b.kind || a.platform != b.platform || b.key.parts.empty()) return 0;
  std::map<std::string_view, std::string_view> theirs;
  for (const auto& [label, value] : b.key.parts) theirs.emplace(label, value);
  int score = 0, said = 0, said_alike = 0;
  bool same_parent = false;
  for (const auto& [label, value] : a.key.parts) {
    const auto found = theirs.find(label);
    const bool is_same = found != theirs.end() && found->second == value;
    if (says_what(label)) {
      ++said;
      said_alike += is_same;
    }
    if (label == "parent") same_parent = is_same;
    score += is_same;
  }
  // The same words, the same place on the same files, or (a base image) the same name.
  const bool is_like = (said > 0 && said == said_alike) || (same_parent && said > 0) ||
                       (said == 0 && plain_name(a) == plain_name(b));
  if (!is_like) return 0;
  return 1 + score + (said == said_alike ? 100 : 0) + (plain_name(a) == plain_name(b) ? 10 : 0);
}

std::vector<Difference> differences(const seams::StepKey& before, const seams::StepKey& now,
                                    const Listings& listings) {
  std::vector<Difference> out;
  for (const auto& [label, value] : now.parts) {
    const auto old = std::ranges::find(before.parts, label, &std::pair<std::string, std::string>::first);
    if (old != before.parts.end() && old->second == value) continue;
    Difference one{label, old == before.parts.end() ? "" : old->second, value, {}};
    if (is_content(label) && !one.before.empty()) {
      const auto had = listings(one.before), has = listings(value);
      if (had && has) one.files = changes(*had, *has);
    }
    out.push_back(std::move(one));
  }
  for (const auto& [label, value] : before.parts)
    if (std::ranges::find(now.parts, label, &std::pair<std::string, std::string>::first) ==
        now.parts.end())
      out.push_back({label, value, "", {}});
  return out;
}

bool ran(const Step& step) { return step.state == "done" || step.state == "failed"; }

}  // namespace

std::string_view name_of(Cause::Kind kind) {
  switch (kind) {
    case Cause::Kind::NotRun:
      return "not-run";
    case Cause::Kind::AskedFor:
      return "no-cache";
    case Cause::Kind::FirstTime:
      return "first-time";
    case Cause::Kind::Changed:
      return "changed";
    case Cause::Kind::Parent:
      return "parent";
    case Cause::Kind::Lost:
      return "lost";
    case Cause::Kind::Unfinished:
      return "unfinished";
    case Cause::Kind::Unknown:
      return "unknown";
  }
  return "unknown";
}

std::string part_of(const seams::StepKey& key, std::string_view label) {
  for (const auto& [name, value] : key.parts)
    if (name == label) return value;
  return {};
}

std::string unpacked_words(const std::string& packed) {
  std::string out;
  for (std::string_view rest = packed; !rest.empty();) {
    const size_t colon = rest.find(':');
    const auto size = colon == rest.npos ? std::nullopt : parse_u64(rest.substr(0, colon));
    if (!size || *size >= rest.size() - colon) return packed;
    out += (out.empty() ? "" : " ") + std::string(rest.substr(colon + 1, *size));
    rest.remove_prefix(std::min(rest.size(), colon + 2 + *size));
  }
  return out;
}

Cause cause_of(const Build& build, size_t at, const std::vector<Build>& earlier,
               const Listings& listings) {
  using Kind = Cause::Kind;
  const Step& step = build.steps.at(at);
  Cause out;
  if (step.key.key.empty()) return out;
  const bool is_source = step.kind == "source";
  if (!is_source && !ran(step)) {
    out.kind = Kind::NotRun;
    return out;
  }
  if (step.key.ignores_cache) {
    out.kind = Kind::AskedFor;
    return out;
  }
  const Step* nearest = nullptr;
  int best = 0;
  for (const auto& other : earlier)
    for (const auto& candidate : other.steps) {
      if (candidate.key.key == step.key.key) {
        const bool was_made = candidate.state == "done" || candidate.state == "cached";
        out.kind = is_source ? Kind::NotRun : was_made ? Kind::Lost : Kind::Unfinished;
        out.build = &other;
        if (was_made) return out;
        continue;
      }
      // Newer builds come first and win.
      if (const int score = likeness(step, candidate); score > best) {
        best = score;
        nearest = &candidate;
        if (out.kind != Kind::Unfinished) out.build = &other;
      }
    }
  if (out.kind == Kind::Unfinished) return out;
  if (!nearest) {
    out.kind = Kind::FirstTime;
    out.build = nullptr;
    return out;
  }
  out.kind = Kind::Changed;
  out.differences = differences(nearest->key, step.key, listings);
  const auto is_parent = [](const Difference& one) { return one.label == "parent"; };
  if (const std::string parent = part_of(step.key, "parent"); !parent.empty())
    for (size_t i = 0; i < build.steps.size(); ++i)
      if (build.steps[i].key.key == parent) out.parent = i;
  // A step that changed itself is explained by that; the files below it matter where nothing else does.
  if (std::ranges::all_of(out.differences, is_parent))
    out.kind = Kind::Parent;
  else
    std::erase_if(out.differences, is_parent);
  return out;
}

}  // namespace slipway::record
