// Cache mounts on their way: a directory to a listing and packs of pieces, and back.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "remote_cache/backend.h"
#include "remote_cache/mount_listing.h"

namespace slipway::remote_cache {

struct NewPack {
  Pack pack;
  std::string path;  // its file
};

struct MountSnapshot {
  MountListing listing;
  std::vector<NewPack> packs;  // those of listing.packs that were not in `before`
  uint64_t left_out = 0;       // bytes of files beyond the limit
};

/// Reads the directory. Pieces that `before` has are not written again; its packs are kept as long
/// as at least half of them is of use. Files beyond `max_bytes` are left out, those that were
/// changed last stay. Sockets, pipes and devices are left out, and files that change while they are
/// read. New packs are files in the directory `scratch`.
MountSnapshot snapshot_mount(const std::string& dir, const MountListing& before, uint64_t max_bytes,
                             const std::string& scratch, std::stop_token stop);

/// Fills the empty directory `target` with what `listing` says, times included; `get` makes the
/// file of a pack, verified, and gives its path. Owners are set as far as our rights allow.
void restore_mount(const MountListing& listing, const std::string& target,
                   const std::function<std::string(const oci::Descriptor&)>& get,
                   std::stop_token stop);

}  // namespace slipway::remote_cache
