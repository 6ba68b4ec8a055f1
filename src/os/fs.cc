#include "os/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <fmt/core.h>

#include "base/error.h"
#include "os/fd.h"

namespace slipway::os {
namespace {

using Dir = std::unique_ptr<DIR, int (*)(DIR*)>;

Dir open_dir_at(int parent, const char* name) {
  int fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == EACCES) {
    // A build can leave directories that not even their owner may list.
    if (::fchmodat(parent, name, 0700, 0) == 0)
      fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  }
  return Dir(fd < 0 ? nullptr : ::fdopendir(fd), &::closedir);
}

// Depth is bounded by the descriptor table; each level holds one descriptor.
void remove_below(int parent, const char* name, dev_t device) {
  if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR && errno != EPERM && errno != EACCES) throw errno_error("remove", name);
  Dir dir = open_dir_at(parent, name);
  if (!dir) {
    if (errno == ENOENT) return;
    throw errno_error("open for removal", name);
  }
  struct stat st {};
  if (::fstat(::dirfd(dir.get()), &st) == 0 && device != 0 && st.st_dev != device)
    throw Error(fmt::format("will not remove {}: something is mounted there", name));
  if ((st.st_mode & 0700) != 0700) ::fchmod(::dirfd(dir.get()), 0700);
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view child = entry->d_name;
    if (child == "." || child == "..") continue;
    remove_below(::dirfd(dir.get()), entry->d_name, st.st_dev);
  }
  if (::unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT) throw errno_error("remove directory", name);
}

}  // namespace

std::string read_file(const std::string& path) {
  const UniqueFd fd = open_file(path, O_RDONLY);
  struct stat st {};
  if (::fstat(fd.get(), &st) == 0 && S_ISDIR(st.st_mode)) throw Error("is a directory, not a file", path);
  return read_all(fd.get());
}

std::optional<std::string> read_file_if_exists(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw errno_error("open", path);
  }
  return read_all(fd.get());
}

void write_file_atomic(const std::string& path, std::string_view content, bool sync) {
  static std::atomic<unsigned> counter{0};
  const std::string temp = fmt::format("{}.{}.{}.tmp", path, ::getpid(), counter++);
  try {
    const UniqueFd fd = open_file(temp, O_WRONLY | O_CREAT | O_EXCL);
    write_all(fd.get(), content);
    if (sync && ::fsync(fd.get()) != 0) throw errno_error("flush", temp);
    if (::rename(temp.c_str(), path.c_str()) != 0) throw errno_error("replace", path);
  } catch (...) {
    ::unlink(temp.c_str());
    throw;
  }
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

bool is_directory(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode);
}

void make_dirs(const std::string& path) {
  if (path.empty() || is_directory(path)) return;
  make_dirs(dir_name(path));
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) throw errno_error("create directory", path);
}

std::vector<std::string> list_dir(const std::string& path) {
  Dir dir(::opendir(path.c_str()), &::closedir);
  if (!dir) throw errno_error("list", path);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

void remove_tree(const std::string& path) {
  struct stat st {};
  if (::lstat(path.c_str(), &st) != 0) {
    if (errno == ENOENT) return;
    throw errno_error("inspect", path);
  }
  remove_below(AT_FDCWD, path.c_str(), st.st_dev);
}

std::string dir_name(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

std::string base_name(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  return std::string(slash == path.npos || path.size() == 1 ? path : path.substr(slash + 1));
}

std::string join_path(std::string_view base, std::string_view path) {
  if (path.starts_with('/') || base.empty()) return std::string(path);
  if (path.empty()) return std::string(base);
  std::string out(base);
  if (!out.ends_with('/')) out += '/';
  return out.append(path);
}

std::string absolute_path(const std::string& path) {
  if (path.starts_with('/')) return clean_path(path);
  std::unique_ptr<char, void (*)(void*)> cwd(::getcwd(nullptr, 0), &std::free);
  if (!cwd) throw errno_error("find the working directory");
  return clean_path(join_path(cwd.get(), path));
}

std::string clean_path(std::string_view path) {
  const bool rooted = path.starts_with('/');
  std::vector<std::string_view> parts;
  size_t begin = 0;
  while (begin <= path.size()) {
    size_t end = path.find('/', begin);
    if (end == path.npos) end = path.size();
    const std::string_view part = path.substr(begin, end - begin);
    if (part == "..") {
      if (!parts.empty() && parts.back() != "..") parts.pop_back();
      else if (!rooted) parts.push_back(part);
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    begin = end + 1;
  }
  std::string out = rooted ? "/" : "";
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i) out += '/';
    out += parts[i];
  }
  return out.empty() ? "." : out;
}

TempDir::TempDir(const std::string& parent, std::string_view prefix) {
  path_ = fmt::format("{}/{}XXXXXX", parent, prefix);
  if (::mkdtemp(path_.data()) == nullptr) {
    const Error error = errno_error("create a temporary directory in", parent);
    path_.clear();
    throw error;
  }
}

TempDir::~TempDir() {
  if (path_.empty()) return;
  try {
    remove_tree(path_);
  } catch (const std::exception&) {
    // A leftover below tmp/ is swept by the next build; a destructor must not throw.
  }
}

}  // namespace slipway::os
