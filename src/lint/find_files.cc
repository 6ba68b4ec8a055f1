// Which files lint reads, and how it changes them.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "lint/lint.h"
#include "os/fs.h"

namespace slipway::lint {
namespace {

constexpr size_t kMaxDepth = 64;
constexpr off_t kMaxLog = 256 << 20;

class Walk {
 public:
  std::vector<SourceFile> take() && {
    std::stable_sort(files_.begin(), files_.end(),
                     [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
    return std::move(files_);
  }

  void add_named(const std::string& path) {
    if (!os::exists(path))
      throw Error("there is no such file or folder", path,
                  "name Dockerfiles, workflows or folders");
    if (os::is_directory(path)) {
      below(path, 0);
      return;
    }
    std::string text = os::read_file(path);
    const auto kind = kind_of_path(path);
    add({path, kind ? *kind : kind_of_text(text), std::move(text)});
  }

 private:
  void below(const std::string& folder, size_t depth) {
    if (depth > kMaxDepth) return;
    for (const auto& name : os::list_dir(folder)) {
      const std::string path = folder == "." ? name : os::clean_path(os::join_path(folder, name));
      struct stat info{};
      // Links are not followed: what they name is found where it is, or is not ours.
      if (::lstat(path.c_str(), &info) != 0) continue;
      if (S_ISDIR(info.st_mode)) {
        if (name != ".git" && name != "node_modules" && name != "vendor") below(path, depth + 1);
        continue;
      }
      const auto kind = S_ISREG(info.st_mode) ? kind_of_path(path) : std::nullopt;
      if (!kind || info.st_size > kMaxLog) continue;
      std::string text = os::read_file(path);
      if (*kind == Kind::Log && !is_build_log(text)) continue;
      add({path, *kind, std::move(text)});
    }
  }

  void add(SourceFile file) {
    if (seen_.insert(os::clean_path(file.path)).second) files_.push_back(std::move(file));
  }

  std::vector<SourceFile> files_;
  std::set<std::string> seen_;
};

}  // namespace

std::vector<SourceFile> find_files(const std::vector<std::string>& paths) {
  Walk walk;
  for (const auto& path : paths) walk.add_named(path);
  return std::move(walk).take();
}

void write_back(const std::string& path, std::string_view text) {
  std::error_code failed;
  const auto target = std::filesystem::canonical(path, failed);
  const std::string name = failed ? path : target.string();
  struct stat info{};
  if (::stat(name.c_str(), &info) != 0) throw errno_error("inspect", name);
  os::write_file_atomic(name, text);
  if (::chmod(name.c_str(), info.st_mode & 07777) != 0) throw errno_error("set the mode of", name);
}

}  // namespace slipway::lint
