// Fragments -> the index that all of them make. A pure function: whoever merges the same fragments
// gets the same bytes, which are those that one machine building all platforms would have written.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "joins/fragment.h"

namespace slipway::joins {

/// One expected platform and what is there for it.
struct Slot {
  oci::Platform platform;
  std::optional<Fragment> fragment;
};

/// Platforms without a fragment.
std::vector<oci::Platform> missing(const std::vector<Slot>& slots);

/// Throws Error when a fragment was made for another plan: it says who differs in what.
void check_agreement(const Plan& plan, const Fragment& fragment);

struct Merged {
  std::string media_type;
  std::string bytes;
  std::vector<std::string> notes;  // what the fragments do not agree on and was decided; sentences
};

/// Images in the order of `slots`, then what is attested of them in the same order. Of index
/// annotations that differ, those of the first platform count. Slots without a fragment are left
/// out; at least one must have one. Throws Error where fragments contradict each other.
Merged merge(const std::vector<Slot>& slots);

}  // namespace slipway::joins
