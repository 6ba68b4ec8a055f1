#include "joins/meeting.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "oci/media_types.h"

namespace slipway::joins {
namespace {

/// Fragments that somebody replaces all the time are not waited for for ever.
constexpr int kMostRounds = 8;

std::optional<Fragment> fetch(registry::Client& client, const registry::Reference& target,
                              const registry::Reference& place, std::stop_token stop) {
  const auto document = client.fetch_pushed(place, stop);
  if (!document) return std::nullopt;
  if (!oci::is_index(document->media_type))
    throw Error("this tag is no fragment of a join", place.familiar(),
                "choose another tag, or another --join=ID");
  Fragment fragment = parse_fragment(document->bytes, target, place.familiar());
  if (fragment.is_abandoned) return std::nullopt;
  return fragment;
}

oci::Descriptor descriptor_of(const Merged& merged) {
  oci::Descriptor out;
  out.media_type = merged.media_type;
  out.digest = oci::Digest::of(merged.bytes);
  out.size = merged.bytes.size();
  return out;
}

/// What is there, and the bytes that it makes.
State gather(registry::Client& client, const Plan& plan, std::optional<Merged>& merged,
             std::stop_token stop) {
  State state;
  state.plan = plan;
  for (const auto& platform : plan.expected) {
    Slot slot{platform, fetch(client, plan.target, place_of(plan, platform), stop)};
    if (slot.fragment) check_agreement(plan, *slot.fragment);
    state.slots.push_back(std::move(slot));
  }
  merged.reset();
  if (missing(state.slots).size() == state.slots.size()) return state;
  merged = merge(state.slots);
  state.would_be = descriptor_of(*merged);
  state.notes = merged->notes;
  const auto there = client.fetch_pushed(plan.target, stop);
  state.is_published = there && there->digest == state.would_be->digest;
  return state;
}

}  // namespace

void check_plan(registry::Client& client, const Plan& plan, std::stop_token stop) {
  if (const auto head = fetch(client, plan.target, head_of(plan), stop))
    check_agreement(plan, *head);
}

void enter(registry::Client& client, const Fragment& fragment, std::stop_token stop) {
  check_plan(client, fragment.plan, stop);
  const std::string bytes = print(fragment);
  for (const auto& platform : fragment.platforms)
    client.push_manifest(place_of(fragment.plan, platform), oci::kIndex, bytes, stop);
  client.push_manifest(head_of(fragment.plan), oci::kIndex, bytes, stop);
}

State look(registry::Client& client, const Plan& plan, std::stop_token stop) {
  std::optional<Merged> merged;
  return gather(client, plan, merged, stop);
}

State settle(registry::Client& client, const Plan& plan, bool partial, std::stop_token stop) {
  for (int round = 0;; ++round) {
    // Of two that disagree, at least one finds the other's head here.
    check_plan(client, plan, stop);
    std::optional<Merged> merged;
    State state = gather(client, plan, merged, stop);
    const bool is_due = merged && (partial || state.is_complete());
    if (!is_due || state.is_published || round == kMostRounds) return state;
    client.push_manifest(plan.target, merged->media_type, merged->bytes, stop);
  }
}

std::optional<Plan> find_join(registry::Client& client, const registry::Reference& target,
                              const std::string& id, std::stop_token stop) {
  const auto head = fetch(client, target, head_of({.target = target, .id = id, .expected = {}}), stop);
  return head ? std::optional(head->plan) : std::nullopt;
}

std::vector<Plan> joins_of(registry::Client& client, const registry::Reference& target,
                           std::stop_token stop) {
  std::vector<Fragment> heads;
  for (const auto& tag : client.list_tags(target, stop)) {
    if (!is_head_tag(target, tag)) continue;
    registry::Reference place = target;
    place.tag = tag;
    if (auto head = fetch(client, target, place, stop)) heads.push_back(std::move(*head));
  }
  std::ranges::stable_sort(heads, std::ranges::greater{}, &Fragment::at);
  std::vector<Plan> out;
  for (auto& head : heads) out.push_back(std::move(head.plan));
  return out;
}

void abandon(registry::Client& client, const Plan& plan, std::stop_token stop) {
  std::vector<registry::Reference> places;
  for (const auto& platform : plan.expected) places.push_back(place_of(plan, platform));
  places.push_back(head_of(plan));
  // Platforms that only somebody who disagreed expects are named by the fragments that are there.
  for (size_t i = 0; i < places.size(); ++i) {
    auto fragment = fetch(client, plan.target, places[i], stop);
    if (!fragment) continue;
    for (const auto& platform : fragment->plan.expected)
      if (const auto more = place_of(plan, platform); std::ranges::find(places, more) == places.end())
        places.push_back(more);
    fragment->is_abandoned = true;
    client.push_manifest(places[i], oci::kIndex, print(*fragment), stop);
  }
  for (const auto& place : places)
    if (client.fetch_pushed(place, stop)) client.delete_tag(place, stop);
}

}  // namespace slipway::joins
