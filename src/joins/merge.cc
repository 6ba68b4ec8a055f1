#include "joins/merge.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"

namespace slipway::joins {
namespace {

/// Where the image of `platform` is among those of its fragment.
const Entry& image_of(const Fragment& fragment, const oci::Platform& platform) {
  const auto at = std::ranges::find(fragment.platforms, platform);
  if (at == fragment.platforms.end())
    throw Error(fmt::format("the fragment of {} is for {}", platform.str(),
                            text_of(fragment.platforms)),
                place_of(fragment.plan, platform).familiar(), "build it again on its machine");
  return fragment.images[static_cast<size_t>(at - fragment.platforms.begin())];
}

}  // namespace

std::vector<oci::Platform> missing(const std::vector<Slot>& slots) {
  std::vector<oci::Platform> out;
  for (const auto& slot : slots)
    if (!slot.fragment) out.push_back(slot.platform);
  return out;
}

void check_agreement(const Plan& plan, const Fragment& fragment) {
  const std::string where = plan.target.familiar();
  if (fragment.plan.id != plan.id)
    throw Error(fmt::format("the fragment for {} belongs to the join {}, not {}",
                            text_of(fragment.platforms), fragment.plan.id, plan.id),
                where, "use another --join=ID");
  if (fragment.plan.expected == plan.expected) return;
  const bool is_order =
      std::ranges::is_permutation(fragment.plan.expected, plan.expected);
  throw Error(
      fmt::format("the machines of the join {} do not agree on the {}platforms: here {} are "
                  "expected, {} expects {}",
                  plan.id, is_order ? "order of the " : "", text_of(plan.expected),
                  fragment.from.empty() ? "another one" : fragment.from,
                  text_of(fragment.plan.expected)),
      where,
      fmt::format("give every machine the same --join-expect{}; `slipway join --abandon {}` forgets "
                  "what was pushed so far",
                  is_order ? ", in the same order: it decides the bytes of the index" : "", where));
}

Merged merge(const std::vector<Slot>& slots) {
  std::vector<Entry> images, attestations;
  Merged out;
  oci::Annotations annotations;
  for (const auto& slot : slots) {
    if (!slot.fragment) continue;
    const Fragment& fragment = *slot.fragment;
    const Entry& image = image_of(fragment, slot.platform);
    const std::string digest = image.descriptor.digest.str();
    images.push_back(image);
    for (const auto& entry : fragment.attestations)
      if (subject_of(entry.descriptor) == digest) attestations.push_back(entry);
    if (out.media_type.empty()) out.media_type = fragment.media_type;
    if (out.media_type != fragment.media_type)
      throw Error(fmt::format("the fragments want indexes of different types: {} and, for {}, {}",
                              out.media_type, slot.platform.str(), fragment.media_type),
                  fragment.plan.target.familiar(), "build all of them with the same oci-mediatypes");
    for (const auto& [key, value] : fragment.annotations) {
      const auto [there, is_new] = annotations.emplace(key, value);
      if (!is_new && there->second != value)
        out.notes.push_back(fmt::format(
            "the index annotation {} differs: \"{}\" is kept, not \"{}\" of {}", key, there->second,
            value, slot.platform.str()));
    }
  }
  CHECK(!images.empty());
  images.insert(images.end(), attestations.begin(), attestations.end());
  out.bytes = print_index(out.media_type, images, annotations);
  return out;
}

}  // namespace slipway::joins
