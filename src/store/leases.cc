#include "store/leases.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "os/fs.h"
#include "store/locks.h"

namespace slipway::store {
namespace {

void flock_or_throw(int fd, int operation) {
  while (::flock(fd, operation) != 0)
    if (errno != EINTR) throw errno_error("lock the store against prune");
}

struct DeadLease {
  std::string name;
  os::UniqueFd lock;  // nobody else sweeps it meanwhile
  Marks marks;
};

Marks parse_marks(std::string_view text) {
  Marks out;
  // A line without its end was cut off by a full disk; its writer failed.
  for (size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1))
    out.emplace(text.substr(0, end));
  return out;
}

/// The lease of a dead process, locked; none if its owner lives or somebody else has swept it.
std::optional<DeadLease> open_if_dead(const Layout& layout, const std::string& name) {
  DeadLease dead{.name = name, .lock = {}, .marks = {}};
  const std::string path = layout.leases() + "/" + name;
  dead.lock.reset(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!dead.lock || ::flock(dead.lock.get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  struct stat st{};
  if (::fstat(dead.lock.get(), &st) != 0 || st.st_nlink == 0) return std::nullopt;
  dead.marks = parse_marks(os::read_all(dead.lock.get()));
  return dead;
}

bool move_away(const std::string& path, Lease& own, std::vector<std::string>& trash) {
  const std::string to = own.scratch_name();
  if (::rename(path.c_str(), to.c_str()) != 0) return errno == ENOENT;
  trash.push_back(to);
  return true;
}

}  // namespace

std::string blob_mark(const oci::Digest& digest) { return "b" + digest.hex(); }
std::string layer_mark(std::string_view layer_id) { return "l" + short_hash(layer_id); }
std::string record_mark(std::string_view key) { return "r" + short_hash(key); }
std::string directory_mark(int64_t number) { return "d" + std::to_string(number); }

Lease::Lease(const Layout& layout) : layout_(layout) {
  prune_lock_ = os::open_file(layout.prune_lock(), O_RDWR | O_CREAT, 0600);
  for (unsigned attempt = 0; !file_; ++attempt) {
    name_ = fmt::format("{}.{}", ::getpid(), attempt);
    path_ = layout.leases() + "/" + name_;
    os::UniqueFd fd(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
    if (!fd) {
      if (errno == EEXIST) continue;
      throw errno_error("create", path_);
    }
    // Somebody who sweeps may have taken the new file for a dead process's before it was locked.
    struct stat st{};
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 || ::fstat(fd.get(), &st) != 0 ||
        st.st_nlink == 0)
      continue;
    file_ = std::move(fd);
  }
  scratch_ = layout.scratch() + "/" + name_;
  if (::mkdir(scratch_.c_str(), 0700) != 0 && errno != EEXIST) {
    const Error error = errno_error("create directory", scratch_);
    ::unlink(path_.c_str());
    throw error;
  }
}

Lease::~Lease() {
  try {
    os::remove_tree(scratch_);
    ::unlink(path_.c_str());
  } catch (const std::exception&) {
    // The lease stays and is found dead by the next process, which sweeps.
  }
}

bool Lease::holds(const std::string& mark) const {
  const std::lock_guard lock(mutex_);
  return held_.contains(mark);
}

void Lease::hold(const std::string& mark) {
  const std::lock_guard lock(mutex_);
  if (held_.contains(mark)) return;
  flock_or_throw(prune_lock_.get(), LOCK_SH);
  const std::string line = mark + "\n";
  try {
    os::write_all(file_.get(), line);
  } catch (...) {
    // Half a line must not garble the next one.
    (void)!::ftruncate(file_.get(), written_);
    ::flock(prune_lock_.get(), LOCK_UN);
    throw;
  }
  ::flock(prune_lock_.get(), LOCK_UN);
  written_ += static_cast<off_t>(line.size());
  held_.insert(mark);
}

std::string Lease::scratch_name() { return fmt::format("{}/{}", scratch_, names_.fetch_add(1)); }

Marks marks_of_the_living(const Layout& layout, const std::set<std::string>& known_dead) {
  Marks all;
  for (const auto& name : os::list_dir(layout.leases())) {
    if (known_dead.contains(name) || open_if_dead(layout, name)) continue;
    if (const auto text = os::read_file_if_exists(layout.leases() + "/" + name))
      all.merge(parse_marks(*text));
  }
  return all;
}

void sweep_the_dead(const Layout& layout, Lease& own,
                    const std::function<bool(int64_t number)>& is_published) {
  std::vector<DeadLease> dead;
  for (const auto& name : os::list_dir(layout.leases()))
    if (name != own.name())
      if (auto lease = open_if_dead(layout, name)) dead.push_back(std::move(*lease));
  if (dead.empty()) return;

  std::set<std::string> dead_names;
  for (const DeadLease& lease : dead) dead_names.insert(lease.name);
  std::vector<std::string> trash;
  {
    const Lock lock = lock_briefly(layout.prune_lock(), LockKind::Exclusive);
    const Marks living = marks_of_the_living(layout, dead_names);
    for (const DeadLease& lease : dead) {
      bool swept = move_away(layout.scratch() + "/" + lease.name, own, trash);
      for (const std::string& mark : lease.marks) {
        const auto number =
            mark.starts_with('d') ? parse_u64(std::string_view(mark).substr(1)) : std::nullopt;
        if (!number || is_published(static_cast<int64_t>(*number))) continue;
        // Its number was given out a second time: it is for the later owner to sweep.
        if (living.contains(mark)) continue;
        if (!move_away(layout.layer(static_cast<int64_t>(*number)), own, trash)) swept = false;
      }
      if (swept) ::unlink((layout.leases() + "/" + lease.name).c_str());
    }
  }
  for (const auto& path : trash) {
    try {
      os::remove_tree(path);
    } catch (const std::exception&) {
      // In our own tmp/ now: tried again when this process ends, else by the next sweep.
    }
  }
}

}  // namespace slipway::store
