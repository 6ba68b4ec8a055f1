#include "layer/tar_stream.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "layer/tar_header.h"

namespace slipway::layer {
namespace {

using tree::Entry;
using tree::Type;

constexpr std::string_view kWhiteoutPrefix = ".wh.";
constexpr int64_t kNanos = 1'000'000'000;
constexpr size_t kPendingBytes = 16 * 1024;

int64_t whole_seconds(int64_t ns) { return ns / kNanos - (ns % kNanos < 0 ? 1 : 0); }

char typeflag(Type type) {
  switch (type) {
    case Type::File:
    case Type::Whiteout:
      return '0';
    case Type::Hardlink:
      return '1';
    case Type::Symlink:
      return '2';
    case Type::CharDevice:
      return '3';
    case Type::BlockDevice:
      return '4';
    case Type::Dir:
      return '5';
    case Type::Fifo:
      return '6';
  }
  return '0';
}

std::string_view base_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

Error changed(const Entry& entry, std::string how) {
  return Error(fmt::format("{} changed while it was read: {}", entry.path, how),
               entry.content.disk_path, "build again when nothing writes to it");
}

}  // namespace

TarStream::TarStream(const tree::Tree& tree, Kind kind, TarTimes times, Watcher* watcher)
    : kind_(kind), times_(times), watcher_(watcher), order_(write_order(tree)) {}

size_t TarStream::read(std::span<uint8_t> into) {
  size_t done = 0;
  while (done < into.size()) {
    const auto rest = into.subspan(done);
    if (pending_at_ < pending_.size()) {
      const size_t n = std::min(rest.size(), pending_.size() - pending_at_);
      std::memcpy(rest.data(), pending_.data() + pending_at_, n);
      pending_at_ += n;
      done += n;
    } else if (file_left_ > 0) {
      done += read_file(rest);
    } else if (padding_left_ > 0) {
      const size_t n = std::min(rest.size(), padding_left_);
      std::memset(rest.data(), 0, n);
      padding_left_ -= n;
      done += n;
    } else if (!ended_) {
      next_entry();
    } else {
      break;
    }
  }
  return done;
}

void TarStream::next_entry() {
  pending_.clear();
  pending_at_ = 0;
  // Entries without content on disk are gathered: most of a tree is directories, links and small
  // generated files.
  while (next_ < order_.size() && file_left_ == 0 && pending_.size() < kPendingBytes)
    append_entry(order_[next_++]);
  if (next_ == order_.size() && file_left_ == 0 && pending_.size() < kPendingBytes) {
    pending_.append(2 * kTarBlock, '\0');
    ended_ = true;
  }
}

void TarStream::append_entry(const Placed& placed) {
  const Entry& entry = *placed.entry;
  const auto seconds = [&](int64_t ns) {
    return whole_seconds(times_.flatten ? times_.clamp_ns : std::min(ns, times_.clamp_ns));
  };
  if (entry.type == Type::Whiteout) {
    CHECK(kind_ == Kind::Layer);
    const std::string_view base = base_of(placed.path);
    const std::string name = fmt::format(
        "{}{}{}", placed.path.substr(0, placed.path.size() - base.size()), kWhiteoutPrefix, base);
    append_tar_header({.name = name, .mtime = seconds(0)}, pending_);
    return;
  }
  if (kind_ == Kind::Layer && base_of(placed.path).starts_with(kWhiteoutPrefix))
    throw Error(
        fmt::format(
            "a layer cannot hold a file named {}: the name means that another one is deleted",
            base_of(placed.path)),
        std::string(placed.path), "rename the file or exclude it");

  TarHeader header{.name = placed.path,
                   .type = placed.hard_link.empty() ? typeflag(entry.type) : '1',
                   .mode = entry.mode,
                   .uid = entry.uid,
                   .gid = entry.gid,
                   .mtime = seconds(entry.mtime_ns)};
  if (!placed.hard_link.empty()) {
    header.link = placed.hard_link;
    append_tar_header(header, pending_);
    return;
  }
  header.xattrs = &entry.xattrs;
  if (entry.type == Type::Symlink) {
    header.mode = 0777;
    header.link = entry.link;
  }
  if (entry.type == Type::CharDevice || entry.type == Type::BlockDevice) {
    header.device_major = entry.device_major;
    header.device_minor = entry.device_minor;
  }
  if (entry.type == Type::File) header.size = entry.size;
  append_tar_header(header, pending_);
  if (entry.type == Type::File && entry.size > 0) open_content(entry);
  if (entry.type == Type::Dir && entry.opaque && kind_ == Kind::Layer) {
    const std::string name =
        fmt::format("{}{}.wh..wh..opq", placed.path, placed.path.empty() ? "" : "/");
    append_tar_header({.name = name, .mtime = seconds(0)}, pending_);
  }
}

void TarStream::open_content(const Entry& entry) {
  const size_t padding = (kTarBlock - entry.size % kTarBlock) % kTarBlock;
  if (!entry.content.bytes.empty()) {
    CHECK(entry.content.bytes.size() == entry.size);
    pending_.append(entry.content.bytes).append(padding, '\0');
    if (watcher_) {
      watcher_->begin(entry.path, entry, "");
      watcher_->bytes({reinterpret_cast<const uint8_t*>(entry.content.bytes.data()), entry.size});
      watcher_->end();
    }
    return;
  }
  CHECK(!entry.content.disk_path.empty());
  // Neither follows a link that has taken the file's place nor waits for a pipe that has.
  file_ = os::open_file(entry.content.disk_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat st{};
  if (::fstat(file_.get(), &st) != 0) throw errno_error("inspect", entry.content.disk_path);
  if (!S_ISREG(st.st_mode)) throw changed(entry, "it is not a regular file any more");
  if (static_cast<uint64_t>(st.st_size) != entry.size)
    throw changed(entry,
                  fmt::format("it has {} bytes, a moment ago it had {}", st.st_size, entry.size));
  if (watcher_) watcher_->begin(entry.path, entry, entry.content.disk_path);
  content_ = &entry;
  file_left_ = entry.size;
  padding_left_ = padding;
}

size_t TarStream::read_file(std::span<uint8_t> into) {
  const size_t want = static_cast<size_t>(std::min<uint64_t>(into.size(), file_left_));
  size_t n = 0;
  try {
    n = os::read_some(file_.get(), into.first(want));
  } catch (Error& error) {
    throw error.at(content_->content.disk_path);
  }
  if (n == 0) throw changed(*content_, fmt::format("{} bytes are missing at its end", file_left_));
  if (watcher_) watcher_->bytes(into.first(n));
  file_left_ -= n;
  if (file_left_ > 0) return n;
  if (watcher_) watcher_->end();
  file_.reset();
  return n;
}

}  // namespace slipway::layer
