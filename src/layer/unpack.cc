// Entry by entry: the reader says what comes, the archive tree where it belongs, the directory
// writer puts it there. File content passes once, into the file and through its digest;
// decompression and the diffID run ahead on Feed's thread.
#include "layer/unpack.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "base/error.h"
#include "compress/decode.h"
#include "hash/sha256.h"
#include "layer/archive_tree.h"
#include "layer/dir_writer.h"
#include "layer/feed.h"
#include "layer/tar_reader.h"
#include "os/fd.h"
#include "os/fs.h"

namespace slipway::layer {
namespace {

using tree::Entry;
using tree::Type;
using Keep = std::function<bool(const std::string&)>;

constexpr uint64_t kMaxKept = 1 << 20;
constexpr std::string_view kWhiteoutPrefix = ".wh.", kMetaPrefix = ".wh..wh.",
                           kOpaque = ".wh..wh..opq";

// Overlayfs' own attributes would be obeyed by the mount that the directory ends up in.
bool is_overlay_xattr(std::string_view name) {
  return name.starts_with("user.overlay.") || name.starts_with("trusted.overlay.");
}

class Walk {
 public:
  Walk(int fd, const std::string& target, const UnpackOptions& options, const Keep* keep)
      : options_(options),
        keep_(keep),
        target_(target),
        feed_(fd, options.stop),
        reader_(feed_),
        archive_(target.empty() ? "" : os::absolute_path(target), look_below()) {
    if (target.empty()) return;
    writer_.emplace(target,
                    DirWriter::Options{.tolerate_chown_failure = options.tolerate_chown_failure,
                                       .tolerate_device_failure = options.whiteouts});
  }

  Unpacked run() {
    TarEntry entry;
    while (reader_.next(entry)) {
      try {
        one(entry);
      } catch (Error& error) {
        throw error.while_doing(fmt::format("while unpacking {}", entry.name));
      }
      if (options_.stop.stop_requested()) throw Cancelled();
      if (options_.progress) options_.progress(feed_.compressed_bytes());
    }
    result_.diff_id = feed_.finish();
    if (options_.progress) options_.progress(feed_.compressed_bytes());
    result_.tree = archive_.finish();
    if (writer_) {
      writer_->finish(result_.tree);
      result_.lost_owners = writer_->lost_owners();
      result_.lost_xattrs = writer_->lost_xattrs();
      result_.skipped_devices = writer_->skipped_devices();
    }
    return std::move(result_);
  }

 private:
  void one(TarEntry& from) {
    Entry entry;
    entry.path = archive_.resolve(from.name);
    if (options_.whiteouts && mark(entry.path)) return;
    entry.type = from.type;
    if (from.type == Type::Hardlink) {
      const std::string existing = archive_.resolve(link_target(from));
      take_over(existing);
      const bool must_exist = writer_.has_value() || options_.below;
      if (archive_.link(entry.path, existing, must_exist) && writer_)
        writer_->link(entry.path, existing);
      return;
    }
    if (from.type == Type::Symlink) {
      if (from.link.empty() || from.link.size() > 4095 || from.link.find('\0') != std::string::npos)
        throw Error(fmt::format(
            "the archive's entry {} is refused: no link can lead to what it names", from.name));
      entry.link = std::move(from.link);
    }
    const bool is_device = from.type == Type::CharDevice || from.type == Type::BlockDevice;
    if (is_device && !options_.whiteouts)
      throw Error(
          fmt::format(
              "the archive's entry {} is refused: it is a device, and those are not unpacked",
              from.name),
          {}, "remove it from the archive, or COPY the archive and unpack it with RUN");
    // In a layer directory it would delete things.
    if (from.type == Type::CharDevice && from.device_major == 0 && from.device_minor == 0)
      throw Error(fmt::format(
          "the archive's entry {} is refused: character device 0:0 is what marks deleted files",
          from.name));
    entry.mode = from.type == Type::Symlink ? 0777 : from.mode;
    entry.uid = from.uid;
    entry.gid = from.gid;
    entry.mtime_ns = from.mtime_ns;
    entry.device_major = from.device_major;
    entry.device_minor = from.device_minor;
    entry.xattrs = std::move(from.xattrs);
    std::erase_if(entry.xattrs, [](const auto& xattr) { return is_overlay_xattr(xattr.first); });
    if (entry.type == Type::File) {
      entry.size = from.size;
      // A file cannot be made in an entry's place before the bookkeeping has accepted it.
      const std::string path = entry.path;
      archive_.put(std::move(entry));
      content(archive_.file(path));
      return;
    }
    archive_.put(entry);
    if (writer_) writer_->make(entry);
  }

  ArchiveTree::Below look_below() {
    if (!options_.below) return {};
    return [this](std::string_view path) {
      result_.asked_below = true;
      return options_.below(false).lookup(path);
    };
  }

  // A file of a lower layer gets another name: the file has to be in this layer then, as a file
  // system that copies on write would have it.
  void take_over(const std::string& path) {
    auto entry = archive_.below(path);
    if (!entry || entry->type == Type::Dir) return;
    if (entry->type != Type::File || !writer_) {
      if (writer_) writer_->make(*entry);
      archive_.put(std::move(*entry));
      return;
    }
    const auto source = options_.below(true).lookup(path);
    CHECK(source && source->type == Type::File);
    os::UniqueFd file = writer_->create_file(path);
    if (!source->content.disk_path.empty())
      os::copy_bytes(os::open_file(source->content.disk_path, O_RDONLY).get(), file.get());
    else
      os::write_all(file.get(), source->content.bytes);
    writer_->close_file(std::move(file), *entry);
    entry->content.bytes.clear();
    archive_.put(std::move(*entry));
  }

  // Links name another entry of the archive, from its root.
  static std::string link_target(const TarEntry& from) {
    if (from.link.empty())
      throw Error(fmt::format("the archive's entry {} is refused: it is a hard link to nothing",
                              from.name));
    return safe_path(from.link, from.name);
  }

  /// True if the name is one of the marks of OCI layers, which has then been dealt with.
  bool mark(const std::string& path) {
    const size_t base_at = path.rfind('/') + 1;  // 0 if there is no slash
    const std::string_view base = std::string_view(path).substr(base_at);
    if (!base.starts_with(kWhiteoutPrefix)) return false;
    const std::string dir = path.substr(0, base_at == 0 ? 0 : base_at - 1);
    if (base == kOpaque) {
      archive_.opaque(dir);
      if (writer_) writer_->make(implied(dir));
      return true;
    }
    if (base.starts_with(kMetaPrefix)) return true;  // aufs' own book-keeping
    const std::string_view deleted = base.substr(kWhiteoutPrefix.size());
    if (deleted.empty() || deleted == "." || deleted == "..")
      throw Error(fmt::format(
          "the archive's entry {} is refused: it deletes nothing that has a name", path));
    const std::string at = path.substr(0, base_at).append(deleted);
    archive_.whiteout(at);
    if (writer_) writer_->whiteout(at);
    return true;
  }

  static Entry implied(const std::string& dir) {
    Entry entry;
    entry.path = dir;
    entry.type = Type::Dir;
    return entry;
  }

  void content(Entry& entry) {
    os::UniqueFd file;
    if (writer_) file = writer_->create_file(entry.path);
    Watcher* const watcher = options_.watcher;
    if (watcher) watcher->begin(entry.path, entry, writer_ ? target_ + "/" + entry.path : "");
    const bool keeps = keep_ && entry.size <= kMaxKept && (*keep_)(entry.path);
    std::string kept;
    bool hole_at_end = false;
    for (auto piece = reader_.content(); !piece.empty(); piece = reader_.content()) {
      if (options_.stop.stop_requested()) throw Cancelled();
      hole_at_end = piece.zeros > 0;
      if (piece.zeros > 0) {
        if (file && ::lseek(file.get(), static_cast<off_t>(piece.zeros), SEEK_CUR) < 0)
          throw errno_error("write", entry.path);
        if (keeps) kept.append(piece.zeros, '\0');
        if (watcher) watcher->zeros(piece.zeros);
        hash_zeros(piece.zeros);
        continue;
      }
      hasher_.update(piece.bytes);
      if (watcher) watcher->bytes(piece.bytes);
      if (file) os::write_all(file.get(), piece.bytes);
      if (keeps) kept.append(piece.bytes.begin(), piece.bytes.end());
    }
    if (file && hole_at_end && ::ftruncate(file.get(), static_cast<off_t>(entry.size)) != 0)
      throw errno_error("write", entry.path);
    entry.content.bytes = kept;
    if (entry.size > 0) entry.content.digest = hasher_.finish();
    result_.bytes += entry.size;
    if (watcher) watcher->end();
    if (writer_) writer_->close_file(std::move(file), entry);
  }

  void hash_zeros(uint64_t count) {
    static constexpr std::array<uint8_t, 65536> kZeros{};
    for (uint64_t left = count; left > 0;) {
      if (options_.stop.stop_requested()) throw Cancelled();
      const size_t n = static_cast<size_t>(std::min<uint64_t>(left, kZeros.size()));
      hasher_.update(std::span(kZeros).first(n));
      left -= n;
    }
  }

  const UnpackOptions& options_;
  const Keep* const keep_;
  const std::string& target_;
  Unpacked result_;
  Feed feed_;
  TarReader reader_;
  ArchiveTree archive_;
  std::optional<DirWriter> writer_;
  hash::Sha256 hasher_;
};

}  // namespace

Unpacked unpack(int fd, const std::string& target, const UnpackOptions& options) {
  CHECK(!target.empty());
  return Walk(fd, target, options, nullptr).run();
}

Unpacked list(int fd, const UnpackOptions& options,
              const std::function<bool(const std::string&)>& keep) {
  return Walk(fd, {}, options, keep ? &keep : nullptr).run();
}

bool looks_like_archive(int fd) {
  // pread: whoever asks still wants to read the file from where it stands.
  off_t at = 0;
  try {
    const auto decoder = compress::make_decoder([&](std::span<uint8_t> into) -> size_t {
      const ssize_t n = ::pread(fd, into.data(), into.size(), at);
      if (n < 0) throw errno_error("read");
      at += n;
      return static_cast<size_t>(n);
    });
    std::array<char, 512> block;
    size_t have = 0;
    while (have < block.size()) {
      const size_t n =
          decoder->read({reinterpret_cast<uint8_t*>(block.data()) + have, block.size() - have});
      if (n == 0) return false;
      have += n;
    }
    return is_tar_header(block);
  } catch (const Error&) {
    return false;  // not even what its magic number says
  }
}

}  // namespace slipway::layer
