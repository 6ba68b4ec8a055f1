#include "remote_cache/exporter.h"

#include <fmt/core.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/parallel.h"

namespace slipway::remote_cache {
namespace {

constexpr size_t kMaxRecords = 100'000;
constexpr int kMaxAttempts = 20;

/// Without the entries whose blobs are lost.
void drop(Ledger& ledger, const std::set<oci::Digest>& lost) {
  if (lost.empty()) return;
  std::erase_if(ledger.layers,
                [&](const auto& entry) { return lost.contains(entry.second.blob.digest); });
  std::erase_if(ledger.mounts, [&](const auto& entry) {
    const Mount& mount = entry.second;
    return lost.contains(mount.listing.digest) ||
           std::ranges::any_of(mount.packs,
                               [&](const auto& pack) { return lost.contains(pack.digest); });
  });
}

/// Everything of ours is there already, and was used by the last export: nothing to be said.
bool is_known(const Ledger& theirs, const Ledger& ours) {
  for (const auto& [key, record] : ours.records) {
    const auto it = theirs.records.find(key);
    if (it == theirs.records.end() || it->second.used != theirs.generation ||
        it->second.value != record.value || it->second.under != record.under ||
        it->second.group != record.group)
      return false;
  }
  for (const auto& [id, layer] : ours.layers) {
    const auto it = theirs.layers.find(id);
    if (it == theirs.layers.end() || it->second.used != theirs.generation ||
        it->second.blob.digest != layer.blob.digest)
      return false;
  }
  for (const auto& [id, mount] : ours.mounts) {
    const auto it = theirs.mounts.find(id);
    if (it == theirs.mounts.end() || it->second.used != theirs.generation ||
        it->second.listing.digest != mount.listing.digest)
      return false;
  }
  return true;
}

}  // namespace

const Ledger& Exporter::look(const std::function<void(const std::string&)>& warn,
                             std::stop_token stop) {
  ledger_ = {};
  version_.clear();
  try {
    if (auto head = backend_->read(stop)) {
      ledger_ = std::move(head->ledger);
      version_ = std::move(head->version);
    }
  } catch (const DamagedCache& damage) {
    version_ = damage.version();
    if (warn) warn(fmt::format("{} is written anew: {}", name(), damage.message()));
  }
  if (limits_.reset)
    ledger_ = {.generation = ledger_.generation, .records = {}, .layers = {}, .mounts = {}};
  return ledger_;
}

void Exporter::upload(const std::vector<Parcel>& parcels,
                      const std::function<void(const std::string&, uint64_t, uint64_t)>& progress,
                      std::stop_token stop) {
  std::vector<const Parcel*> todo;
  std::set<oci::Digest> seen;
  for (const auto& parcel : parcels)
    if (seen.insert(parcel.blob.digest).second) todo.push_back(&parcel);
  std::mutex mutex;
  in_parallel(todo.size(), limits_.parallel, [&](size_t i) {
    const Parcel& parcel = *todo[i];
    const Progress each = [&](uint64_t done, uint64_t total) {
      if (progress) progress(parcel.blob.digest.str(), done, total);
    };
    const bool has_moved = backend_->put(parcel.blob, parcel.path, parcel.bring, each, stop);
    const std::lock_guard lock(mutex);
    moved_.blobs += has_moved;
    moved_.bytes += has_moved ? parcel.blob.size : 0;
  });
}

void Exporter::publish(const Ledger& ours, const std::vector<Parcel>& parcels,
                       std::stop_token stop) {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    if (attempt > 0) {
      look({}, stop);
      upload(parcels, {}, stop);
    }
    if (!version_.empty() && is_known(ledger_, ours) && backend_->missing(ledger_).empty()) return;
    Ledger merged = merge(ledger_, ours);
    drop(merged, backend_->missing(merged));
    evict(merged, limits_.max_bytes, kMaxRecords);
    if (backend_->replace(merged, version_, stop)) return;
  }
  throw Error(
      fmt::format("others changed the cache {} times while this build tried to", kMaxAttempts),
      name(), "the next build exports what is missing");
}

}  // namespace slipway::remote_cache
