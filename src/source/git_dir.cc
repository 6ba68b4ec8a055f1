#include "source/git_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/text.h"
#include "os/fd.h"
#include "os/fs.h"

namespace slipway::source {
namespace {

using Place = GitProgram::Place;

// Everything new, by one thread: the pack's bytes then depend on the objects alone (and on git's
// version).
void repack(const GitProgram& git, const std::string& git_dir) {
  git.must("pack the git directory", {.git_dir = git_dir, .work_tree = {}},
           {"repack", "-a", "-d", "-F", "-n", "--quiet"});
}

void drop_git_links_in(os::UniqueFd dir) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(dir.get()), &::closedir);
  if (!listing) throw errno_error("list a checkout");
  dir.release();
  const int fd = ::dirfd(listing.get());
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat st{};
    if (::fstatat(fd, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0)
      throw errno_error("inspect", name);
    if (name == ".git" && S_ISREG(st.st_mode)) {
      if (::unlinkat(fd, name.c_str(), 0) != 0) throw errno_error("remove", name);
    } else if (S_ISDIR(st.st_mode)) {
      drop_git_links_in(os::open_at(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    }
  }
}

}  // namespace

void set_refs(const GitProgram& git, const Place& place, const GitCommit& commit,
              bool has_parents) {
  if (has_parents) os::write_file_atomic(place.git_dir + "/shallow", commit.commit + "\n");
  if (commit.ref.starts_with("refs/"))
    git.must("name the commit", place, {"update-ref", commit.ref, commit.object});
  git.must("name the commit", place, {"update-ref", "--no-deref", "HEAD", commit.commit});
  git.must("set up a git repository", place,
           {"config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"});
}

void keep_objects(const GitProgram& git, const std::string& git_dir) {
  repack(git, git_dir);
  const std::string borrowed = git_dir + "/objects/info/alternates";
  if (::unlink(borrowed.c_str()) != 0) throw errno_error("remove", borrowed);
}

void make_reproducible(const GitProgram& git, const std::string& git_dir,
                       const std::string& work_tree) {
  for (const char* name : {"index", "FETCH_HEAD", "ORIG_HEAD"})
    ::unlink(os::join_path(git_dir, name).c_str());
  os::remove_tree(git_dir + "/logs");
  // An index that was never compared with files has no times in it.
  git.must("read the commit", {.git_dir = git_dir, .work_tree = work_tree}, {"read-tree", "HEAD"});
  // The clone of a submodule is modules/NAME, and NAME may have slashes.
  const auto visit = [&](const auto& self, const std::string& dir) -> void {
    if (!os::is_directory(dir)) return;
    if (os::exists(dir + "/HEAD") && os::is_directory(dir + "/objects")) {
      repack(git, dir);
      os::remove_tree(dir + "/hooks");
      return make_reproducible(git, dir, work_tree);
    }
    for (const auto& name : os::list_dir(dir)) self(self, os::join_path(dir, name));
  };
  visit(visit, git_dir + "/modules");
}

void drop_git_links(const std::string& work_tree) {
  drop_git_links_in(os::open_file(work_tree, O_RDONLY | O_DIRECTORY));
}

}  // namespace slipway::source
