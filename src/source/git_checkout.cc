// A commit's files: fetched into the remote's clone, checked out into a directory of the store,
// read as a tree.
//
// The clone gives objects only. Each checkout has a git directory of its own that borrows them, so
// that nothing which a repository says (submodules, attributes) is left behind in what the next
// build uses.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/text.h"
#include "hash/sha256.h"
#include "os/fd.h"
#include "os/fs.h"
#include "source/context.h"
#include "source/git.h"
#include "source/git_dir.h"
#include "tree/copy.h"

namespace slipway::source {
namespace {

using Place = GitProgram::Place;

void rename_or_throw(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) throw errno_error("move to", to);
}

/// A bare repository in `dir` that other commands fetch into.
void make_clone(const GitProgram& git, const std::string& dir, bool sha256) {
  std::vector<std::string> args = {"init", "--quiet", "--bare", "--template="};
  if (sha256) args.emplace_back("--object-format=sha256");
  git.must("make a git repository", {.git_dir = dir, .work_tree = {}}, std::move(args));
  git.must("set up a git repository", {.git_dir = dir, .work_tree = {}},
           {"config", "remote.origin.url", git.remote()});
}

/// Locks of a git that was killed; ours is the only one in here.
void drop_stale_locks(const std::string& dir) {
  for (const char* name : {"shallow.lock", "config.lock", "HEAD.lock", "packed-refs.lock"})
    ::unlink(os::join_path(dir, name).c_str());
}

bool has(const GitProgram& git, const std::string& clone, const std::string& object) {
  return git.run({.git_dir = clone, .work_tree = {}}, {"cat-file", "-e", object + "^{commit}"})
      .ok();
}

/// Makes sure that `clone` has the commit. What a ref was is kept under a name of its own, which is
/// offered to the server next time; the server's names could contradict each other over time.
void fetch(const GitProgram& git, const std::string& clone, const GitCommit& wanted) {
  const Place place{.git_dir = clone, .work_tree = {}};
  if (has(git, clone, wanted.object)) return;
  drop_stale_locks(clone);
  const std::string kept =
      "refs/slipway/" +
      hash::sha256_hex(wanted.ref.empty() ? wanted.object : wanted.ref).substr(0, 32);
  const auto attempt = [&](bool shallow, const std::vector<std::string>& specs) {
    std::vector<std::string> args = {"fetch", "--quiet", "--no-tags", "--force"};
    if (shallow)
      args.emplace_back("--depth=1");
    else if (os::exists(clone + "/shallow"))
      args.emplace_back("--unshallow");
    args.insert(args.end(), {"--", git.remote()});
    args.insert(args.end(), specs.begin(), specs.end());
    return git.run(place, std::move(args));
  };
  const auto refused = [](const os::Finished& done) {
    // By servers that serve what their refs point at only, and by dumb ones, which cannot cut
    // history.
    for (const char* sign :
         {"not our ref", "unadvertised object", "shallow", "--depth", "no such remote ref"})
      if (done.errors.find(sign) != std::string::npos) return true;
    return false;
  };
  const std::string by_name = wanted.ref.empty() ? "" : fmt::format("+{}:{}", wanted.ref, kept);
  const std::string by_object = fmt::format("+{}:{}", wanted.object, kept);
  // The name first: every server serves it. It may have moved since it was resolved, or be ours
  // alone (fetch-by-commit).
  os::Finished done;
  if (!by_name.empty()) {
    done = attempt(true, {by_name});
    if (!done.ok() && refused(done)) done = attempt(false, {by_name});
    if (done.ok() && has(git, clone, wanted.object)) return;
    if (!done.ok() && !refused(done)) throw git.failure("fetch from the git repository", done);
  }
  done = attempt(true, {by_object});
  if (done.ok() && has(git, clone, wanted.object)) return;
  if (!done.ok() && !refused(done)) throw git.failure("fetch from the git repository", done);
  // The whole history: the commit is somewhere in it, or nowhere.
  done = attempt(false, {"+refs/heads/*:refs/slipway/heads/*", "+refs/tags/*:refs/slipway/tags/*"});
  if (!done.ok()) throw git.failure("fetch from the git repository", done);
  if (!has(git, clone, wanted.object))
    throw Error(fmt::format("the git repository has no commit {}", wanted.object),
                dockerfile::without_password(git.remote()),
                "it is on no branch and no tag, or was removed");
}

/// What a commit says of itself.
struct CommitFacts {
  std::string commit;  // without a tag around it
  int64_t time = 0;    // of the committer, seconds since the epoch
  bool has_parents = false;
};

CommitFacts facts_of(const GitProgram& git, const Place& place, const std::string& object) {
  CommitFacts out;
  const std::string peeled = object + "^{commit}";
  out.commit = trim(
      git.must("find the commit", place, {"rev-parse", "--verify", "--end-of-options", peeled}));
  for (const auto& line :
       split(git.must("read the commit", place, {"cat-file", "commit", out.commit}), '\n')) {
    if (line.empty()) break;
    if (line.starts_with("parent ")) out.has_parents = true;
    // "committer NAME <MAIL> SECONDS ZONE"
    if (!line.starts_with("committer ")) continue;
    const auto words = split(line, ' ');
    if (words.size() > 3)
      out.time = static_cast<int64_t>(parse_u64(words[words.size() - 2]).value_or(0));
  }
  return out;
}

/// The directory `subdir` of `root`, none of whose parts is a link.
os::UniqueFd open_subdir(const std::string& root, const std::string& subdir,
                         const std::string& remote) {
  os::UniqueFd fd = os::open_file(root, O_RDONLY | O_DIRECTORY);
  for (const auto& part : split(subdir, '/')) {
    os::UniqueFd next(
        ::openat(fd.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) {
      struct stat st{};
      const bool is_link =
          ::fstatat(fd.get(), part.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
      throw Error(
          is_link ? fmt::format("the directory {} of the git repository leads through the link {}",
                                subdir, part)
                  : fmt::format("the git repository has no directory {}", subdir),
          dockerfile::without_password(remote),
          is_link ? "name the directory itself" : "check what follows the colon");
    }
    fd = std::move(next);
  }
  return fd;
}

void move_contents(int from, const std::string& to) {
  const os::UniqueFd target = os::open_file(to, O_RDONLY | O_DIRECTORY);
  for (const auto& name : os::list_dir(fmt::format("/proc/self/fd/{}", from)))
    if (::renameat(from, name.c_str(), target.get(), name.c_str()) != 0)
      throw errno_error("move", name);
}

/// The files below `dir` with digests, all with the time `seconds`, on disk as well.
tree::Tree read_files(const std::string& dir, int64_t seconds, unsigned threads,
                      std::stop_token stop) {
  ContextRequest request;
  request.dir = dir;
  request.wanted = {""};
  request.threads = threads;
  request.stop = stop;
  std::vector<tree::Entry> entries = scan_context(request).files.entries();
  const timespec times[2] = {{.tv_sec = seconds, .tv_nsec = 0}, {.tv_sec = seconds, .tv_nsec = 0}};
  for (auto& entry : entries) {
    entry.mtime_ns = seconds * 1'000'000'000;
    const std::string path = os::join_path(dir, entry.path);
    if (::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
      throw errno_error("set the time of", path);
  }
  return tree::Tree(std::move(entries));
}

}  // namespace

/// One checkout: `git_dir` and `work_tree` exist while it is made.
class Git::Checkout {
 public:
  Checkout(const Git& owner, const GitSource& source, const GitCommit& commit)
      : owner_(owner),
        source_(source),
        commit_(commit),
        scratch_(owner.store_.scratch_dir(), "git-"),
        git_(source.url.remote, owner.access_, scratch_.path(), owner.stop_),
        keeps_(source.keep_git_dir && source.url.subdir.empty()) {}

  Snapshot make(const std::string& id) {
    const std::string dir = owner_.store_.new_dir();
    try {
      fill(dir);
      const int64_t time = source_.url.commit_times ? facts_.time : tree::kNeutralTime;
      const tree::Tree files = read_files(dir, time, owner_.threads_, owner_.stop_);
      owner_.store_.put_record("git time " + commit_.commit, fmt::format("{}", facts_.time),
                               {{"kind", "commit"}});
      return publish_snapshot(owner_.store_, id, dir, files);
    } catch (...) {
      owner_.store_.drop_dir(dir);
      throw;
    }
  }

 private:
  void fill(const std::string& dir) {
    const bool whole = source_.url.subdir.empty();
    const std::string work_tree = whole ? dir : scratch_.path() + "/files";
    const Place place{.git_dir = keeps_ ? dir + "/.git" : scratch_.path() + "/git",
                      .work_tree = work_tree};
    if (!whole) os::make_dirs(work_tree);
    {
      const auto mount =
          owner_.store_.open_clone(dockerfile::without_password(git_.remote()), owner_.stop_);
      check_out(mount.path, place);
      if (keeps_) keep_objects(git_, place.git_dir);
    }
    update_submodules(place);
    if (keeps_)
      make_reproducible(git_, place.git_dir, work_tree);
    else
      drop_git_links(work_tree);
    if (!whole) move_contents(open_subdir(work_tree, source_.url.subdir, git_.remote()).get(), dir);
  }

  // A clone that is damaged, or that contradicts what the server has now, is made anew; it goes
  // only when that worked.
  void check_out(const std::string& mount, const Place& place) {
    const std::string clone = mount + "/repository", fresh = mount + "/fresh";
    if (os::exists(clone + "/HEAD")) {
      try {
        return check_out_from(clone, place);
      } catch (const Error&) {
        clear(place);
      }
    }
    os::remove_tree(fresh);
    make_clone(git_, fresh, commit_.object.size() == 64);
    check_out_from(fresh, place);
    os::remove_tree(clone);
    rename_or_throw(fresh, clone);
    borrow(clone, place);
  }

  static void clear(const Place& place) {
    os::remove_tree(place.git_dir);
    for (const auto& name : os::list_dir(place.work_tree))
      os::remove_tree(os::join_path(place.work_tree, name));
  }

  static void borrow(const std::string& clone, const Place& place) {
    os::write_file_atomic(place.git_dir + "/objects/info/alternates", clone + "/objects\n");
  }

  void check_out_from(const std::string& clone, const Place& place) {
    fetch(git_, clone, commit_);
    facts_ = facts_of(git_, {.git_dir = clone, .work_tree = {}}, commit_.object);
    std::vector<std::string> args = {"init", "--quiet", "--template="};
    if (commit_.object.size() == 64) args.emplace_back("--object-format=sha256");
    git_.must("make a git repository", place, std::move(args));
    os::make_dirs(place.git_dir + "/objects/info");
    borrow(clone, place);
    git_.must("set up a git repository", place,
              {"config", "remote.origin.url",
               keeps_ ? dockerfile::without_password(git_.remote()) : git_.remote()});
    if (keeps_)
      set_refs(git_, place, {.ref = commit_.ref, .object = commit_.object, .commit = facts_.commit},
               facts_.has_parents);
    git_.must("check out the commit", place, {"read-tree", "-u", "--reset", facts_.commit});
  }

  void update_submodules(const Place& place) {
    struct stat st{};
    if (!source_.url.submodules.value_or(true)) return;
    if (::lstat((place.work_tree + "/.gitmodules").c_str(), &st) != 0 || !S_ISREG(st.st_mode))
      return;
    git_.must("fetch the submodules", place,
              {"submodule", "--quiet", "update", "--init", "--recursive", "--depth=1"});
  }

  const Git& owner_;
  const GitSource& source_;
  const GitCommit& commit_;
  os::TempDir scratch_;
  GitProgram git_;
  bool keeps_;
  CommitFacts facts_;
};

Snapshot Git::files(const GitSource& source, const GitCommit& commit) const {
  const std::string id = snapshot_id(source, commit);
  if (auto found = find_snapshot(store_, id)) return *found;
  const store::Lock only_one = store_.lock_key("checkout " + id, stop_);
  if (auto found = find_snapshot(store_, id)) return *found;
  return Checkout(*this, source, commit).make(id);
}

}  // namespace slipway::source
