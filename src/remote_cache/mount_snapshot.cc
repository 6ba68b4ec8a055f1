// A directory to a listing and packs. Files are found by a walk through descriptors: what steps
// left in a cache mount may be anything, links included, and none is followed.
#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"
#include "compress/encode.h"
#include "hash/sha256.h"
#include "os/fd.h"
#include "remote_cache/chunker.h"
#include "remote_cache/mounts.h"

namespace slipway::remote_cache {
namespace {

constexpr uint64_t kPackLength = 32u << 20;
constexpr int kPackLevel = 1;

int64_t mtime_of(const struct stat& st) {
  return int64_t{st.st_mtim.tv_sec} * 1'000'000'000 + st.st_mtim.tv_nsec;
}

/// Everything below an open directory, sorted, parents first.
void walk(int dir, const std::string& path, std::vector<MountEntry>& out) {
  std::vector<std::string> names;
  {
    const int copy = ::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* stream = copy < 0 ? nullptr : ::fdopendir(copy);
    if (!stream) {
      if (copy >= 0) ::close(copy);
      throw errno_error("list the cache mount's directory", path);
    }
    while (const dirent* entry = ::readdir(stream))
      if (const std::string name = entry->d_name; name != "." && name != "..")
        names.push_back(name);
    ::closedir(stream);
  }
  std::ranges::sort(names);
  for (const auto& name : names) {
    struct stat st{};
    if (::fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) continue;  // removed meanwhile
    MountEntry entry{.path = path.empty() ? name : path + "/" + name,
                     .mode = st.st_mode & 07777,
                     .uid = st.st_uid,
                     .gid = st.st_gid,
                     .mtime_ns = mtime_of(st)};
    if (S_ISDIR(st.st_mode)) {
      entry.type = MountEntry::Type::Dir;
      const os::UniqueFd below(
          ::openat(dir, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!below) continue;
      std::string next = entry.path;
      out.push_back(std::move(entry));
      walk(below.get(), next, out);
    } else if (S_ISREG(st.st_mode)) {
      entry.type = MountEntry::Type::File;
      entry.size = static_cast<uint64_t>(st.st_size);
      out.push_back(std::move(entry));
    } else if (S_ISLNK(st.st_mode)) {
      entry.type = MountEntry::Type::Link;
      std::string target(4096, '\0');
      const ssize_t n = ::readlinkat(dir, name.c_str(), target.data(), target.size());
      if (n <= 0) continue;
      target.resize(static_cast<size_t>(n));
      entry.target = std::move(target);
      out.push_back(std::move(entry));
    }
  }
}

/// Pieces one after the other, in files of a bounded length, compressed.
class PackWriter {
 public:
  explicit PackWriter(const std::string& scratch, uint32_t first)
      : scratch_(scratch),
        next_(first),
        encoder_(compress::make_encoder(compress::Format::Zstd, kPackLevel)) {}

  Chunk add(std::span<const uint8_t> piece, std::string sum) {
    if (!file_) begin();
    Chunk out{.sum = std::move(sum),
              .pack = next_,
              .offset = length_,
              .length = static_cast<uint32_t>(piece.size())};
    length_ += piece.size();
    const size_t block = compress::block_size(compress::Format::Zstd);
    for (size_t at = 0; at < piece.size();) {
      const size_t n = std::min(piece.size() - at, block - plain_.size());
      plain_.insert(plain_.end(), piece.begin() + static_cast<std::ptrdiff_t>(at),
                    piece.begin() + static_cast<std::ptrdiff_t>(at + n));
      at += n;
      if (plain_.size() == block) flush();
    }
    if (length_ >= kPackLength) end();
    return out;
  }

  std::vector<NewPack> finish() {
    if (file_) end();
    return std::move(done_);
  }

 private:
  void begin() {
    path_ = fmt::format("{}/pack-{}", scratch_, next_);
    file_ = os::open_file(path_, O_WRONLY | O_CREAT | O_EXCL, 0600);
    length_ = size_ = 0;
  }
  void flush() {
    packed_.clear();
    encoder_->encode(plain_, packed_);
    plain_.clear();
    hasher_.update(packed_);
    size_ += packed_.size();
    os::write_all(file_.get(), packed_);
  }
  void end() {
    if (!plain_.empty()) flush();
    NewPack pack;
    pack.path = path_;
    pack.pack.length = length_;
    pack.pack.blob.media_type = "application/vnd.slipway.cache.pack.v1+zstd";
    pack.pack.blob.digest = oci::Digest::from_sum(hasher_.finish());
    pack.pack.blob.size = size_;
    done_.push_back(std::move(pack));
    file_.reset();
    ++next_;
  }

  const std::string scratch_;
  uint32_t next_;
  std::unique_ptr<compress::BlockEncoder> encoder_;
  os::UniqueFd file_;
  std::string path_;
  hash::Sha256 hasher_;
  std::vector<uint8_t> plain_, packed_;
  uint64_t length_ = 0, size_ = 0;
  std::vector<NewPack> done_;
};

/// Keeps the files that were changed last. Returns the bytes of the others.
uint64_t keep_newest(std::vector<MountEntry>& entries, uint64_t max_bytes) {
  std::vector<const MountEntry*> files;
  for (const auto& entry : entries)
    if (entry.type == MountEntry::Type::File) files.push_back(&entry);
  std::ranges::stable_sort(files,
                           [](const auto* a, const auto* b) { return a->mtime_ns > b->mtime_ns; });
  uint64_t kept = 0, left_out = 0;
  std::map<std::string, bool> gone;
  for (const auto* file : files) {
    if (kept + file->size <= max_bytes)
      kept += file->size;
    else
      left_out += file->size, gone[file->path] = true;
  }
  if (left_out > 0)
    std::erase_if(entries, [&](const auto& entry) { return gone.contains(entry.path); });
  return left_out;
}

class Snapshot {
 public:
  Snapshot(int dir, const MountListing& before, const std::string& scratch, std::stop_token stop)
      : dir_(dir), before_(before), scratch_(scratch), stop_(std::move(stop)) {}

  MountSnapshot take(std::vector<MountEntry> entries) {
    keep_packs(entries);
    PackWriter writer(scratch_, static_cast<uint32_t>(out_.listing.packs.size()));
    for (auto& entry : entries) {
      if (stop_.stop_requested()) throw Cancelled();
      if (entry.type == MountEntry::Type::File && !take_over(entry) && !read(entry, writer))
        continue;
      out_.listing.entries.push_back(std::move(entry));
    }
    out_.packs = writer.finish();
    for (const auto& pack : out_.packs) out_.listing.packs.push_back(pack.pack);
    return std::move(out_);
  }

 private:
  const MountEntry* unchanged(const MountEntry& entry) const {
    const auto it = old_entries_.find(entry.path);
    if (it == old_entries_.end()) return nullptr;
    const MountEntry& old = *it->second;
    return old.size == entry.size && old.mtime_ns == entry.mtime_ns ? &old : nullptr;
  }

  /// Decides which packs of the last snapshot stay.
  void keep_packs(const std::vector<MountEntry>& entries) {
    for (const auto& entry : before_.entries)
      if (entry.type == MountEntry::Type::File) old_entries_[entry.path] = &entry;
    std::vector<bool> is_live(before_.chunks.size());
    std::unordered_map<std::string, size_t> by_sum;
    for (size_t i = 0; i < before_.chunks.size(); ++i) by_sum.emplace(before_.chunks[i].sum, i);
    for (const auto& entry : entries) {
      if (entry.type != MountEntry::Type::File || before_.chunks.empty()) continue;
      if (const MountEntry* old = unchanged(entry)) {
        for (const uint32_t chunk : old->chunks) is_live[chunk] = true;
        continue;
      }
      // A file with another time may have mostly the content that it had.
      cut(entry, [&](std::span<const uint8_t>, const std::string& sum) {
        if (const auto it = by_sum.find(sum); it != by_sum.end()) is_live[it->second] = true;
      });
    }
    std::vector<uint64_t> live(before_.packs.size());
    for (size_t i = 0; i < is_live.size(); ++i)
      if (is_live[i]) live[before_.chunks[i].pack] += before_.chunks[i].length;
    new_pack_.resize(before_.packs.size());
    for (size_t i = 0; i < live.size(); ++i) {
      if (live[i] * 2 < before_.packs[i].length || live[i] == 0) continue;
      new_pack_[i] = static_cast<uint32_t>(out_.listing.packs.size());
      out_.listing.packs.push_back(before_.packs[i]);
    }
    for (const auto& chunk : before_.chunks)
      if (new_pack_[chunk.pack]) old_chunks_.emplace(chunk.sum, &chunk);
  }

  uint32_t index_of(Chunk chunk) {
    const auto [it, is_new] =
        known_.try_emplace(chunk.sum, static_cast<uint32_t>(out_.listing.chunks.size()));
    if (is_new) out_.listing.chunks.push_back(std::move(chunk));
    return it->second;
  }

  /// A piece that is in a pack already.
  std::optional<uint32_t> known(const std::string& sum) {
    if (const auto it = known_.find(sum); it != known_.end()) return it->second;
    const auto it = old_chunks_.find(sum);
    if (it == old_chunks_.end()) return std::nullopt;
    Chunk chunk = *it->second;
    chunk.pack = *new_pack_[chunk.pack];
    return index_of(std::move(chunk));
  }

  bool take_over(MountEntry& entry) {
    const MountEntry* old = unchanged(entry);
    if (!old) return false;
    std::vector<uint32_t> chunks;
    for (const uint32_t index : old->chunks) {
      const auto here = known(before_.chunks[index].sum);
      if (!here) return false;
      chunks.push_back(*here);
    }
    entry.chunks = std::move(chunks);
    return true;
  }

  /// Cuts a file into pieces. False if it went away, may not be read, or is being written.
  bool cut(const MountEntry& entry,
           const std::function<void(std::span<const uint8_t>, std::string sum)>& take) const {
    const os::UniqueFd fd(::openat(dir_, entry.path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return false;
    std::vector<uint8_t> buffer;
    uint64_t total = 0;
    bool at_end = false;
    while (!at_end || !buffer.empty()) {
      while (!at_end && buffer.size() < kMaxChunk) {
        const size_t have = buffer.size();
        buffer.resize(kMaxChunk);
        const size_t n = os::read_some(fd.get(), std::span(buffer).subspan(have));
        buffer.resize(have + n);
        at_end = n == 0;
      }
      if (buffer.empty()) break;
      const size_t length = first_chunk(buffer);
      const std::span<const uint8_t> piece(buffer.data(), length);
      hash::Sha256 hasher;
      hasher.update(piece);
      take(piece, hasher.finish_hex());
      buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(length));
      total += length;
    }
    struct stat st{};
    return ::fstat(fd.get(), &st) == 0 && total == entry.size && mtime_of(st) == entry.mtime_ns;
  }

  bool read(MountEntry& entry, PackWriter& writer) {
    std::vector<uint32_t> chunks;
    const bool is_whole = cut(entry, [&](std::span<const uint8_t> piece, std::string sum) {
      const auto there = known(sum);
      chunks.push_back(there ? *there : index_of(writer.add(piece, std::move(sum))));
    });
    entry.chunks = std::move(chunks);
    return is_whole;
  }

  const int dir_;
  const MountListing& before_;
  const std::string& scratch_;
  const std::stop_token stop_;
  MountSnapshot out_;
  std::unordered_map<std::string, const MountEntry*> old_entries_;  // by path
  std::unordered_map<std::string, const Chunk*> old_chunks_;        // of packs that stay, by sum
  std::vector<std::optional<uint32_t>> new_pack_;                   // by number in `before`
  std::unordered_map<std::string, uint32_t> known_;  // chunks of the new listing, by sum
};

}  // namespace

MountSnapshot snapshot_mount(const std::string& dir, const MountListing& before, uint64_t max_bytes,
                             const std::string& scratch, std::stop_token stop) {
  const os::UniqueFd fd = os::open_file(dir, O_RDONLY | O_DIRECTORY);
  struct stat st{};
  if (::fstat(fd.get(), &st) != 0) throw errno_error("read", dir);
  std::vector<MountEntry> entries;
  entries.push_back({.path = "",
                     .type = MountEntry::Type::Dir,
                     .mode = st.st_mode & 07777,
                     .uid = st.st_uid,
                     .gid = st.st_gid,
                     .mtime_ns = mtime_of(st)});
  walk(fd.get(), "", entries);
  const uint64_t left_out = keep_newest(entries, max_bytes);
  MountSnapshot out = Snapshot(fd.get(), before, scratch, std::move(stop)).take(std::move(entries));
  out.left_out = left_out;
  return out;
}

}  // namespace slipway::remote_cache
