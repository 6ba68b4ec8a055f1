#include "export/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/core.h>

#include "base/error.h"
#include "layer/write.h"
#include "os/fd.h"
#include "os/fs.h"

namespace slipway::exporter {
namespace {

using tree::Entry;
using tree::Type;

timespec time_of(const Entry& entry, int64_t latest_ns) {
  const int64_t time = std::min(entry.mtime_ns, latest_ns);
  int64_t seconds = time / 1'000'000'000, rest = time % 1'000'000'000;
  if (rest < 0) rest += 1'000'000'000, --seconds;
  return {seconds, rest};
}

/// Removes what stands in the way of `path`, but never a directory that files may be merged into.
void clear(const std::string& path, bool for_directory) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0) return;
  if (S_ISDIR(st.st_mode) && for_directory) return;
  if (S_ISDIR(st.st_mode)) throw Error("a directory is in the way of a file of the result", path, "remove it, or choose another destination");
  if (::unlink(path.c_str()) != 0) throw errno_error("replace", path);
}

void write_entry(const Entry& e, const std::string& path, const std::string& dest, int64_t latest_ns) {
  clear(path, e.type == Type::Dir);
  switch (e.type) {
    case Type::Dir:
      if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) throw errno_error("create directory", path);
      return;
    case Type::File: {
      const os::UniqueFd fd = os::open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
      if (!e.content.disk_path.empty()) {
        const os::UniqueFd from = os::open_file(e.content.disk_path, O_RDONLY | O_NOFOLLOW);
        if (os::copy_bytes(from.get(), fd.get()) != e.size)
          throw Error("the file changed while it was copied", e.content.disk_path, "run the build again");
      } else {
        os::write_all(fd.get(), e.content.bytes);
      }
      if (::fchmod(fd.get(), e.mode & 07777) != 0) throw errno_error("set the mode of", path);
      const timespec times[2] = {time_of(e, latest_ns), time_of(e, latest_ns)};
      ::futimens(fd.get(), times);
      return;
    }
    case Type::Symlink:
      if (::symlink(e.link.c_str(), path.c_str()) != 0) throw errno_error("create link", path);
      return;
    case Type::Hardlink:
      if (::link((dest + "/" + e.link.str()).c_str(), path.c_str()) != 0) throw errno_error("link", path);
      return;
    case Type::Fifo:
      if (::mkfifo(path.c_str(), e.mode & 07777) != 0) throw errno_error("create pipe", path);
      return;
    case Type::CharDevice:
    case Type::BlockDevice:
    case Type::Whiteout: return;
  }
}

/// Removes everything below `dest`/`dir` that the tree does not have. Directories are entered only where the tree has one,
/// and it has been written: no link is followed.
void remove_others(const tree::Tree& files, const std::string& dest, const std::string& dir, std::stop_token stop) {
  for (const auto& name : os::list_dir(dir.empty() ? dest : dest + "/" + dir)) {
    if (stop.stop_requested()) throw Cancelled();
    const std::string path = dir.empty() ? name : dir + "/" + name;
    const Entry* entry = files.find(path);
    // A directory may be there for what lies below it alone.
    const bool is_dir = entry ? entry->type == Type::Dir : !files.below(path).empty();
    if (is_dir) remove_others(files, dest, path, stop);
    else if (!entry) os::remove_tree(dest + "/" + path);
  }
}

}  // namespace

void write_local(const tree::Tree& files, const std::string& dest, const LocalOptions& options) {
  os::make_dirs(dest);
  for (const auto& e : files.entries()) {
    if (options.stop.stop_requested()) throw Cancelled();
    if (!e.path.empty()) write_entry(e, dest + "/" + e.path, dest, options.latest_ns);
  }
  if (options.delete_others) remove_others(files, dest, "", options.stop);
  // Modes and times of directories last: a read-only one could not be filled, and filling changes times.
  for (auto it = files.entries().rbegin(); it != files.entries().rend(); ++it) {
    if (it->type != Type::Dir || it->path.empty()) continue;
    const std::string path = dest + "/" + it->path;
    ::chmod(path.c_str(), it->mode & 07777);
    const timespec times[2] = {time_of(*it, options.latest_ns), time_of(*it, options.latest_ns)};
    ::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
  }
}

void write_tar_file(const tree::Tree& files, const std::string& path, int64_t clamp_ns, std::stop_token stop) {
  layer::WriteOptions options;
  options.compression = oci::Compression::None;
  options.clamp_ns = clamp_ns;
  options.stop = stop;
  if (path == "-") {
    layer::write_tar(files, options, [](std::span<const uint8_t> bytes) { os::write_all(1, bytes); });
    return;
  }
  os::make_dirs(os::dir_name(path));
  const std::string temp = fmt::format("{}.{}.tmp", path, ::getpid());
  try {
    const os::UniqueFd fd = os::open_file(temp, O_WRONLY | O_CREAT | O_TRUNC);
    layer::write_tar(files, options, [&](std::span<const uint8_t> bytes) { os::write_all(fd.get(), bytes); });
    if (::rename(temp.c_str(), path.c_str()) != 0) throw errno_error("replace", path);
  } catch (...) {
    ::unlink(temp.c_str());
    throw;
  }
}

tree::Tree below(const tree::Tree& files, const std::string& prefix) {
  Entry top{.path = prefix, .type = Type::Dir, .mode = 0755};
  std::vector<Entry> entries = {std::move(top)};
  for (auto e : files.entries()) {
    e.path = e.path.empty() ? prefix : prefix + "/" + e.path;
    if (e.type == Type::Hardlink) e.link = prefix + "/" + e.link.str();
    entries.push_back(std::move(e));
  }
  return tree::Tree(std::move(entries));
}

}  // namespace slipway::exporter
