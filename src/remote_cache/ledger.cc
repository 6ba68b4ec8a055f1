// Merging and eviction; ledger_text.cc reads and writes the document.
#include "remote_cache/ledger.h"

#include <algorithm>
#include <tuple>

namespace slipway::remote_cache {
namespace {

oci::Descriptor descriptor_of(const store::LayerBlob& blob) {
  oci::Descriptor out;
  out.media_type = blob.media_type;
  out.digest = blob.digest;
  out.size = blob.size;
  return out;
}

/// Whether two builds that know something of one result can have seen the same one: they agree on
/// something, and on everything that both say.
bool agree(const std::map<std::string, const Record*>& a,
           const std::map<std::string, const Record*>& b) {
  size_t common = 0;
  for (const auto& [key, record] : a) {
    const auto it = b.find(key);
    if (it == b.end()) continue;
    if (it->second->value != record->value || it->second->under != record->under) return false;
    ++common;
  }
  return common > 0;
}

using Groups = std::map<std::string, std::map<std::string, const Record*>>;

Groups groups_of(const Ledger& ledger) {
  Groups out;
  for (const auto& [key, record] : ledger.records)
    if (!record.group.empty()) out[record.group][key] = &record;
  return out;
}

/// Layers and mounts, each with what it costs and how long ago it was used.
struct Candidate {
  uint64_t used;
  uint64_t bytes;
  bool is_mount;
  std::string id;
};

}  // namespace

std::vector<oci::Descriptor> Ledger::blobs() const {
  std::vector<oci::Descriptor> out;
  std::set<oci::Digest> seen;
  const auto add = [&](const oci::Descriptor& blob) {
    if (seen.insert(blob.digest).second) out.push_back(blob);
  };
  for (const auto& [id, layer] : layers) add(descriptor_of(layer.blob));
  for (const auto& [id, mount] : mounts) {
    add(mount.listing);
    for (const auto& pack : mount.packs) add(pack);
  }
  return out;
}

Ledger merge(const Ledger& theirs, const Ledger& ours) {
  Ledger out = theirs;
  out.generation = std::max(theirs.generation, ours.generation) + 1;
  const Groups known = groups_of(theirs), added = groups_of(ours);
  for (const auto& [group, records] : added) {
    const auto it = known.find(group);
    if (it == known.end() || agree(it->second, records)) continue;
    for (const auto& [key, record] : it->second) out.records.erase(key);
  }
  for (const auto& [key, record] : ours.records) {
    Record& slot = out.records[key] = record;
    slot.used = out.generation;
  }
  for (const auto& [id, layer] : ours.layers)
    out.layers[id] = {.blob = layer.blob, .used = out.generation};
  for (const auto& [id, mount] : ours.mounts) {
    Mount& slot = out.mounts[id] = mount;
    slot.used = out.generation;
  }
  return out;
}

bool is_layer_id(std::string_view id) {
  if (id.size() > 200) return false;
  for (const std::string_view kind : {"tree:", "run:", "archive-copy:"})
    if (id.starts_with(kind))
      return id.size() > kind.size() && std::ranges::all_of(id.substr(kind.size()), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
             });
  return false;
}

std::string_view layer_of(std::string_view value) {
  const std::string_view id = value.substr(0, value.find(' '));
  return is_layer_id(id) ? id : std::string_view();
}

void evict(Ledger& ledger, uint64_t max_bytes, size_t max_records) {
  // Blobs that several entries share go with the last of them.
  std::map<oci::Digest, std::pair<uint64_t, size_t>> shares;  // size, users
  const auto count = [&](const oci::Digest& digest, uint64_t size) {
    auto& [bytes, users] = shares[digest];
    bytes = size;
    ++users;
  };
  std::vector<Candidate> candidates;
  for (const auto& [id, layer] : ledger.layers) {
    count(layer.blob.digest, layer.blob.size);
    candidates.push_back({layer.used, layer.blob.size, false, id});
  }
  for (const auto& [id, mount] : ledger.mounts) {
    uint64_t bytes = mount.listing.size;
    count(mount.listing.digest, mount.listing.size);
    for (const auto& pack : mount.packs) {
      count(pack.digest, pack.size);
      bytes += pack.size;
    }
    candidates.push_back({mount.used, bytes, true, id});
  }
  uint64_t total = 0;
  for (const auto& [digest, share] : shares) total += share.first;
  const auto release = [&](const oci::Digest& digest) {
    auto& [bytes, users] = shares[digest];
    if (--users == 0) total -= bytes;
  };
  // Of what was used equally long ago the largest goes first, so that fewer go.
  std::ranges::sort(candidates, [](const auto& a, const auto& b) {
    return std::tie(a.used, b.bytes, a.is_mount, a.id) <
           std::tie(b.used, a.bytes, b.is_mount, b.id);
  });
  for (const auto& each : candidates) {
    if (total <= max_bytes) break;
    if (each.is_mount) {
      const auto it = ledger.mounts.find(each.id);
      release(it->second.listing.digest);
      for (const auto& pack : it->second.packs) release(pack.digest);
      ledger.mounts.erase(it);
    } else {
      const auto it = ledger.layers.find(each.id);
      release(it->second.blob.digest);
      ledger.layers.erase(it);
    }
  }
  std::erase_if(ledger.records, [&](const auto& entry) {
    const std::string_view layer = layer_of(entry.second.value);
    return !layer.empty() && !ledger.layers.contains(std::string(layer));
  });
  if (ledger.records.size() <= max_records) return;
  std::vector<std::pair<uint64_t, std::string>> by_age;
  for (const auto& [key, record] : ledger.records) by_age.emplace_back(record.used, key);
  std::ranges::sort(by_age);
  for (size_t i = 0; i + max_records < by_age.size(); ++i) ledger.records.erase(by_age[i].second);
}

}  // namespace slipway::remote_cache
