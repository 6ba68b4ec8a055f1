// A listing and its packs to a directory. parse_mount_listing() has made sure that every path is
// below a directory that the listing itself makes.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ranges>

#include "base/error.h"
#include "base/parallel.h"
#include "compress/decode.h"
#include "os/fd.h"
#include "os/fs.h"
#include "remote_cache/mounts.h"

namespace slipway::remote_cache {
namespace {

/// A piece of a file, and where it goes.
struct Piece {
  uint64_t offset;  // in the pack
  uint32_t length;
  const MountEntry* file;
  uint64_t at;  // in the file
};

void write_at(int fd, std::span<const uint8_t> bytes, uint64_t at, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw errno_error("write", path);
    bytes = bytes.subspan(static_cast<size_t>(n));
    at += static_cast<uint64_t>(n);
  }
}

/// Walks through the pack once; a piece may go to several places.
void unpack(const Pack& pack, const std::string& path, std::vector<Piece> pieces,
            const std::string& target, std::stop_token stop) {
  std::ranges::sort(pieces, {}, &Piece::offset);
  const os::UniqueFd fd = os::open_file(path, O_RDONLY);
  const auto decoder = compress::make_decoder(compress::Format::Zstd, [&](std::span<uint8_t> into) {
    return os::read_some(fd.get(), into);
  });
  uint64_t at = 0;
  std::vector<uint8_t> buffer;
  const auto fill = [&](size_t wanted) {
    buffer.resize(wanted);
    for (size_t have = 0; have < wanted;) {
      const size_t n = decoder->read(std::span(buffer).subspan(have));
      if (n == 0)
        throw Error(
            fmt::format("pack {} is shorter than its listing says", pack.blob.digest.str()));
      have += n;
    }
    at += wanted;
  };
  for (size_t i = 0; i < pieces.size();) {
    if (stop.stop_requested()) throw Cancelled();
    const Piece first = pieces[i];
    if (first.offset < at)
      throw Error(fmt::format("pieces of pack {} overlap", pack.blob.digest.str()));
    while (at < first.offset)
      fill(static_cast<size_t>(std::min<uint64_t>(first.offset - at, 1u << 20)));
    fill(first.length);
    for (;
         i < pieces.size() && pieces[i].offset == first.offset && pieces[i].length == first.length;
         ++i) {
      const std::string to = target + "/" + pieces[i].file->path;
      const os::UniqueFd file = os::open_file(to, O_WRONLY | O_NOFOLLOW);
      write_at(file.get(), buffer, pieces[i].at, to);
    }
  }
}

void set_attributes(const MountEntry& entry, const std::string& path) {
  if (::lchown(path.c_str(), entry.uid, entry.gid) != 0 && errno != EPERM && errno != EINVAL)
    throw errno_error("set the owner of", path);
  if (entry.type != MountEntry::Type::Link && ::chmod(path.c_str(), entry.mode) != 0)
    throw errno_error("set the mode of", path);
  int64_t seconds = entry.mtime_ns / 1'000'000'000, rest = entry.mtime_ns % 1'000'000'000;
  if (rest < 0) rest += 1'000'000'000, --seconds;
  const timespec times[2] = {{.tv_sec = seconds, .tv_nsec = rest},
                             {.tv_sec = seconds, .tv_nsec = rest}};
  if (::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
    throw errno_error("set the time of", path);
}

}  // namespace

void restore_mount(const MountListing& listing, const std::string& target,
                   const std::function<std::string(const oci::Descriptor&)>& get,
                   std::stop_token stop) {
  std::vector<std::vector<Piece>> pieces(listing.packs.size());
  for (const auto& entry : listing.entries) {
    const std::string path = target + "/" + entry.path;
    switch (entry.type) {
      case MountEntry::Type::Dir:
        if (!entry.path.empty() && ::mkdir(path.c_str(), 0700) != 0)
          throw errno_error("create directory", path);
        break;
      case MountEntry::Type::Link:
        if (::symlink(entry.target.c_str(), path.c_str()) != 0)
          throw errno_error("create link", path);
        break;
      case MountEntry::Type::File: {
        os::open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        uint64_t at = 0;
        for (const uint32_t index : entry.chunks) {
          const Chunk& chunk = listing.chunks[index];
          pieces[chunk.pack].push_back({chunk.offset, chunk.length, &entry, at});
          at += chunk.length;
        }
      }
    }
  }
  in_parallel(listing.packs.size(), 4, [&](size_t i) {
    if (pieces[i].empty()) return;
    const std::string path = get(listing.packs[i].blob);
    unpack(listing.packs[i], path, std::move(pieces[i]), target, stop);
    ::unlink(path.c_str());
  });
  // Directories last, what is in them first: their times change with their content.
  for (const auto& entry : listing.entries)
    if (entry.type != MountEntry::Type::Dir) set_attributes(entry, target + "/" + entry.path);
  for (const auto& entry : std::views::reverse(listing.entries))
    if (entry.type == MountEntry::Type::Dir) set_attributes(entry, target + "/" + entry.path);
}

}  // namespace slipway::remote_cache
