// Where machines meet: fragments in a registry, and the index that the last one publishes.
//
// Every machine pushes its fragment under a tag for each of its platforms, then under the head tag,
// then looks at all tags and publishes if nothing is missing. A registry that shows what was
// written shows every fragment to whoever pushed last, so somebody always publishes; two who publish
// at once write the same bytes. After publishing it looks again: a fragment that was replaced
// meanwhile is published by whoever sees it last.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "joins/merge.h"
#include "registry/client.h"

namespace slipway::joins {

struct State {
  Plan plan;
  std::vector<Slot> slots;                        // one for each expected platform
  std::optional<oci::Descriptor> would_be;        // the index of what is there; nothing if nothing is
  std::vector<std::string> notes;                 // see Merged
  bool is_published = false;                      // the target is that index
  bool is_complete() const { return missing(slots).empty(); }
};

/// Throws Error if somebody else of this join expects other platforms. To be asked before anything
/// is built, and again by enter().
void check_plan(registry::Client& client, const Plan& plan, std::stop_token stop);

/// Registers `fragment`, whose manifests the registry has, in place of an earlier one of the same
/// platforms.
void enter(registry::Client& client, const Fragment& fragment, std::stop_token stop);

/// Looks at the fragments of `plan`. Throws Error where one disagrees.
State look(registry::Client& client, const Plan& plan, std::stop_token stop);

/// Publishes what is there at the target, with one PUT, unless it is there already; `partial` also
/// where something is missing. Returns the state that was published, or that is incomplete.
State settle(registry::Client& client, const Plan& plan, bool partial, std::stop_token stop);

/// The joins of a tag that the registry has, latest first; abandoned ones are not there. Throws
/// Error when the registry does not list tags.
std::vector<Plan> joins_of(registry::Client& client, const registry::Reference& target,
                           std::stop_token stop);
/// One of them by its id; nullopt if it is not there.
std::optional<Plan> find_join(registry::Client& client, const registry::Reference& target,
                              const std::string& id, std::stop_token stop);

/// Takes all fragments away, or marks them as abandoned where the registry removes nothing. What was
/// published stays.
void abandon(registry::Client& client, const Plan& plan, std::stop_token stop);

}  // namespace slipway::joins
