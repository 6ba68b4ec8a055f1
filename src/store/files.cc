#include "store/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <memory>

#include "base/error.h"
#include "hash/sha256.h"
#include "os/fd.h"
#include "os/fs.h"

namespace slipway::store {
namespace {

constexpr uint64_t kBlock = 512;  // st_blocks counts these, whatever the file system's own size

void make_dir(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST)
    throw errno_error("create directory", path);
}

/// What a store that another process is creating right now may already hold.
bool is_ours(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kDirs = {"blobs",  "layers", "trees", "mounts", "builds",
                                                            "stamps", "leases", "tmp",   "locks"};
  return std::find(kDirs.begin(), kDirs.end(), name) != kDirs.end() ||
         name.starts_with("oci-layout") || name.starts_with("index.json") ||
         name.starts_with("slipway.db") || name == "lost+found";
}

/// Another process may do the same now, and may have changed the file since: the first one stays.
void create_file(const std::string& path, std::string_view content) {
  if (os::exists(path)) return;
  const std::string temp = path + "." + std::to_string(::getpid()) + ".tmp";
  const os::UniqueFd fd = os::open_file(temp, O_WRONLY | O_CREAT | O_TRUNC);
  try {
    os::write_all(fd.get(), content);
    if (::link(temp.c_str(), path.c_str()) != 0 && errno != EEXIST)
      throw errno_error("create", path);
  } catch (...) {
    ::unlink(temp.c_str());
    throw;
  }
  ::unlink(temp.c_str());
}

uint64_t disk_bytes_at(int parent, const char* name, Seen& seen) {
  struct stat st{};
  if (::fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  uint64_t total = static_cast<uint64_t>(st.st_blocks) * kBlock;
  if (!S_ISDIR(st.st_mode)) {
    if (st.st_nlink > 1 && !seen.insert({st.st_dev, st.st_ino}).second) return 0;
    return total;
  }
  os::UniqueFd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return total;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(fd.release()), &::closedir);
  if (!dir) return total;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view child = entry->d_name;
    if (child != "." && child != "..")
      total += disk_bytes_at(::dirfd(dir.get()), entry->d_name, seen);
  }
  return total;
}

}  // namespace

std::string short_hash(std::string_view text) { return hash::sha256_hex(text).substr(0, 32); }

std::string Layout::tree(std::string_view layer_id) const {
  return trees() + "/" + short_hash(layer_id);
}
std::string Layout::mount(std::string_view id) const { return mounts() + "/" + short_hash(id); }
std::string Layout::clone(std::string_view remote) const {
  return mounts() + "/git-" + short_hash(remote);
}
std::string Layout::stamp(std::string_view context_root) const {
  return stamps() + "/" + short_hash(context_root);
}

void Layout::create() const {
  const std::string marker = root_ + "/oci-layout";
  if (!os::is_directory(root_)) {
    os::make_dirs(os::dir_name(root_));
    // Layers hold setuid programs and other people's secrets: nobody else may look in.
    make_dir(root_, 0700);
  } else if (!os::exists(marker)) {
    for (const auto& name : os::list_dir(root_))
      if (!is_ours(name))
        throw Error("this directory holds other things and cannot become a store", root_,
                    "set SLIPWAY_HOME to an empty or new directory");
  }
  make_dir(root_ + "/blobs", 0755);
  for (const auto& path : {blobs(), trees(), stamps(), leases(), locks()}) make_dir(path, 0755);
  for (const auto& path : {layers(), mounts(), scratch()}) make_dir(path, 0700);
  create_file(index(), "{\n  \"schemaVersion\": 2,\n  \"manifests\": []\n}");
  create_file(marker, "{\"imageLayoutVersion\": \"1.0.0\"}\n");
}

void replace_file(const std::string& temp, const std::string& path, std::string_view content,
                  bool sync) {
  try {
    const os::UniqueFd fd = os::open_file(temp, O_WRONLY | O_CREAT | O_EXCL);
    os::write_all(fd.get(), content);
    if (sync && ::fsync(fd.get()) != 0) throw errno_error("flush", temp);
    if (::rename(temp.c_str(), path.c_str()) != 0) throw errno_error("replace", path);
  } catch (...) {
    ::unlink(temp.c_str());
    throw;
  }
}

uint64_t disk_bytes(const std::string& path, Seen& seen) {
  return disk_bytes_at(AT_FDCWD, path.c_str(), seen);
}

int64_t now() { return static_cast<int64_t>(::time(nullptr)); }

std::optional<int64_t> modified(const std::string& path) {
  struct stat st{};
  if (::lstat(path.c_str(), &st) != 0) return std::nullopt;
  return static_cast<int64_t>(st.st_mtim.tv_sec);
}

void touch(const std::string& path) {
  (void)::utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
}

}  // namespace slipway::store
