#include "source/hash_files.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "hash/sha256.h"
#include "os/fd.h"

namespace slipway::source {

uint64_t hash_files(const std::vector<tree::Entry*>& files, unsigned threads, std::stop_token stop,
                    const std::function<void(uint64_t done, uint64_t total)>& progress) {
  uint64_t total = 0;
  for (const auto* entry : files) total += entry->size;
  std::atomic<size_t> next{0};
  std::atomic<uint64_t> done{0};
  std::mutex mutex;
  std::exception_ptr failure;

  const auto hash_one = [&](tree::Entry& entry, hash::Sha256& hasher, std::vector<uint8_t>& buffer) {
    if (entry.content.disk_path.empty()) {
      hasher.update(entry.content.bytes);
      entry.content.digest = hasher.finish();
      return;
    }
    const os::UniqueFd fd = os::open_file(entry.content.disk_path, O_RDONLY | O_NOFOLLOW);
    uint64_t size = 0;
    while (const size_t got = os::read_some(fd.get(), buffer)) {
      if (stop.stop_requested()) throw Cancelled();
      hasher.update(std::span<const uint8_t>(buffer.data(), got));
      size += got;
      done += got;
      if (progress && size % (8u << 20) < got) progress(done, total);
    }
    if (size != entry.size)
      throw Error("the file changed while it was read", entry.content.disk_path, "run the build again");
    entry.content.digest = hasher.finish();
  };
  const auto work = [&] {
    hash::Sha256 hasher;
    std::vector<uint8_t> buffer(256 * 1024);
    try {
      for (size_t n; (n = next++) < files.size();) hash_one(*files[n], hasher, buffer);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      next = files.size();
    }
  };
  {
    // A thread is worth its while from a few files or a megabyte on.
    const size_t useful = files.size() / 16 + (total > (1u << 20) ? 2 : 1);
    std::vector<std::jthread> helpers;
    for (size_t i = 1; i < std::min<size_t>(threads, useful); ++i) helpers.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
  if (progress && total) progress(total, total);
  return total;
}

namespace {

bool is_unread(const tree::Entry& entry) {
  return entry.type == tree::Type::File && entry.size > 0 && !entry.content.digest;
}

}  // namespace

tree::Tree with_digests(tree::Tree tree, unsigned threads, std::stop_token stop) {
  std::vector<tree::Entry> entries = std::move(tree).take();
  std::vector<tree::Entry*> unread;
  for (auto& entry : entries)
    if (is_unread(entry)) unread.push_back(&entry);
  hash_files(unread, threads, stop);
  return tree::Tree(std::move(entries));
}

std::shared_ptr<const tree::Tree> with_digests(std::shared_ptr<const tree::Tree> tree, unsigned threads,
                                               std::stop_token stop) {
  if (std::ranges::none_of(tree->entries(), is_unread)) return tree;
  return std::make_shared<const tree::Tree>(with_digests(tree::Tree(*tree), threads, stop));
}

}  // namespace slipway::source
