#include "joins/fragment.h"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>

#include "base/error.h"
#include "base/text.h"
#include "oci/media_types.h"

namespace slipway::joins {
namespace {

constexpr std::string_view kPrefix = "dev.slipway.join.";
constexpr const char* kId = "dev.slipway.join.id";
constexpr const char* kTarget = "dev.slipway.join.target";
constexpr const char* kExpect = "dev.slipway.join.expect";
constexpr const char* kPlatforms = "dev.slipway.join.platforms";
constexpr const char* kMediaType = "dev.slipway.join.media-type";
constexpr const char* kFrom = "dev.slipway.join.from";
constexpr const char* kAt = "dev.slipway.join.at";
constexpr const char* kAbandoned = "dev.slipway.join.abandoned";

constexpr size_t kLongestTag = 128;     // distribution spec
constexpr size_t kKeptOfTarget = 64;    // of the target's tag, for people; the hash has all of it
constexpr size_t kHashDigits = 12;

std::string list_of(const std::vector<oci::Platform>& platforms) {
  std::vector<std::string> texts;
  for (const auto& platform : platforms) texts.push_back(platform.str());
  return join(texts, ",");
}

std::string stem(const registry::Reference& target) {
  return target.tag.substr(0, kKeptOfTarget) + ".join-";
}

registry::Reference with_tag(const registry::Reference& target, std::string tag) {
  registry::Reference out = target;
  if (tag.size() > kLongestTag) {
    const std::string hash = oci::Digest::of(tag).hex().substr(0, kHashDigits);
    tag = tag.substr(0, kLongestTag - kHashDigits - 1) + "-" + hash;
  }
  out.tag = std::move(tag);
  out.digest = {};
  return out;
}

std::string required(const oci::Annotations& annotations, const char* key, std::string_view origin) {
  const auto found = annotations.find(key);
  if (found == annotations.end())
    throw Error(fmt::format("this is no fragment of a join: the annotation {} is missing", key),
                std::string(origin), "choose another tag, or another --join=ID");
  return found->second;
}

}  // namespace

std::string text_of(const std::vector<oci::Platform>& platforms) {
  std::vector<std::string> texts;
  for (const auto& platform : platforms) texts.push_back(platform.str());
  return join(texts, ", ");
}

Fragment fragment_of(const Plan& plan, const std::vector<oci::Platform>& platforms,
                     std::string_view index, std::string_view origin) {
  Fragment out;
  out.plan = plan;
  out.platforms = platforms;
  const oci::Index document = oci::parse_index(index, origin);
  out.media_type = document.media_type;
  for (const auto& [key, value] : document.annotations)
    if (!key.starts_with(kPrefix)) out.annotations[key] = value;
  for (auto& entry : entries_of(index, origin))
    (out.images.size() < platforms.size() ? out.images : out.attestations)
        .push_back(std::move(entry));
  const bool has_images = std::ranges::none_of(
      out.images, [](const Entry& entry) { return oci::is_attestation(entry.descriptor); });
  if (out.images.size() != platforms.size() || !has_images)
    throw Error(fmt::format("an index for {} does not have an image for each of them",
                            text_of(platforms)),
                std::string(origin));
  return out;
}

std::string print(const Fragment& fragment) {
  std::vector<Entry> entries = fragment.images;
  entries.insert(entries.end(), fragment.attestations.begin(), fragment.attestations.end());
  oci::Annotations notes = fragment.annotations;
  notes[kId] = fragment.plan.id;
  notes[kTarget] = fragment.plan.target.str();
  notes[kExpect] = list_of(fragment.plan.expected);
  notes[kPlatforms] = list_of(fragment.platforms);
  notes[kMediaType] = fragment.media_type;
  notes[kFrom] = fragment.from;
  notes[kAt] = std::to_string(fragment.at);
  if (fragment.is_abandoned) notes[kAbandoned] = "true";
  return print_index(oci::kIndex, entries, notes);
}

bool is_fragment(const oci::Annotations& annotations) { return annotations.contains(kId); }

Fragment parse_fragment(std::string_view bytes, const registry::Reference& target,
                        std::string_view origin) {
  const oci::Index index = oci::parse_index(bytes, origin);
  const oci::Annotations& notes = index.annotations;
  Plan plan;
  plan.id = required(notes, kId, origin);
  // Two repositories may be one under two names (mirrors, localhost): the tag is what must agree.
  plan.target = target;
  const registry::Reference said = registry::parse_reference(required(notes, kTarget, origin));
  if (said.tag != target.tag)
    throw Error(fmt::format("this is a fragment of the tag {}, not {}", said.tag, target.tag),
                std::string(origin), "use another --join=ID");
  plan.expected = oci::parse_platforms(required(notes, kExpect, origin));
  Fragment out =
      fragment_of(plan, oci::parse_platforms(required(notes, kPlatforms, origin)), bytes, origin);
  out.media_type = required(notes, kMediaType, origin);
  if (!oci::is_index(out.media_type))
    throw Error(fmt::format("\"{}\" is no media type of an index", out.media_type),
                std::string(origin), "build the fragment again");
  if (const auto from = notes.find(kFrom); from != notes.end()) out.from = from->second;
  if (const auto at = notes.find(kAt); at != notes.end())
    out.at = parse_i64(at->second).value_or(0);
  out.is_abandoned = notes.contains(kAbandoned);
  return out;
}

registry::Reference head_of(const Plan& plan) {
  const std::string hash = oci::Digest::of(plan.target.tag + "\n" + plan.id).hex();
  return with_tag(plan.target, stem(plan.target) + hash.substr(0, kHashDigits));
}

registry::Reference place_of(const Plan& plan, const oci::Platform& platform) {
  std::string name = platform.str();
  std::ranges::replace(name, '/', '-');
  return with_tag(plan.target, head_of(plan).tag + "-" + name);
}

bool is_head_tag(const registry::Reference& target, std::string_view tag) {
  const std::string begin = stem(target);
  if (!tag.starts_with(begin) || tag.size() != begin.size() + kHashDigits) return false;
  return tag.find_first_not_of("0123456789abcdef", begin.size()) == tag.npos;
}

}  // namespace slipway::joins
