// Reads files of a tree to learn their digests, on several threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "tree/tree.h"

namespace slipway::source {

/// Fills Content::digest of `files` (each a File with a disk path, or with bytes). Returns the bytes read. Throws Error
/// for a file that cannot be read or that is not as long as its entry says; Cancelled.
uint64_t hash_files(const std::vector<tree::Entry*>& files, unsigned threads, std::stop_token stop,
                    const std::function<void(uint64_t done, uint64_t total)>& progress = {});

/// The same for every file of a tree that has no digest yet.
tree::Tree with_digests(tree::Tree tree, unsigned threads, std::stop_token stop);
/// The same tree if it has all of them.
std::shared_ptr<const tree::Tree> with_digests(std::shared_ptr<const tree::Tree> tree, unsigned threads,
                                               std::stop_token stop);

}  // namespace slipway::source
