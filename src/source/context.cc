#include "source/context.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <vector>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "hash/sha256.h"
#include "os/fd.h"
#include "os/fs.h"
#include "source/hash_files.h"

namespace slipway::source {
namespace {

using tree::Entry;
using tree::Type;
using Verdict = dockerfile::IgnoreFile::Verdict;

constexpr const char* kUnreadable = "make it readable, or exclude it in .dockerignore";
// Kernel clocks tick every 4-10 ms; a file that changed this shortly before it was hashed may change again unnoticed.
constexpr int64_t kYoung = 100'000'000;

int64_t nanoseconds(const timespec& t) { return t.tv_sec * 1'000'000'000 + t.tv_nsec; }

/// What identifies a version of a file without reading it.
struct Stamp {
  uint64_t device = 0, inode = 0, size = 0;
  int64_t mtime = 0, ctime = 0;
  bool operator==(const Stamp&) const = default;
};

Stamp stamp_of(const struct stat& st) {
  return {st.st_dev, st.st_ino, static_cast<uint64_t>(st.st_size), nanoseconds(st.st_mtim), nanoseconds(st.st_ctim)};
}

// The stamps file is a list of records in path order: u32 length, path, Stamp, digest. It is private to one machine.
class StampReader {
 public:
  explicit StampReader(std::string_view bytes) : rest_(bytes) { next(); }

  /// Paths must be asked for in order. nullptr if the file is not as it was.
  const hash::Sha256Sum* find(std::string_view path, const Stamp& stamp) {
    while (!path_.empty() && tree::path_less(path_, path)) next();
    if (path_ != path || !(stamp_ == stamp)) return nullptr;
    return &sum_;
  }

 private:
  void next() {
    path_ = {};
    uint32_t length = 0;
    if (rest_.size() < sizeof length) return;
    std::memcpy(&length, rest_.data(), sizeof length);
    const size_t need = sizeof length + length + sizeof stamp_ + sum_.size();
    if (length == 0 || rest_.size() < need) return;
    path_ = rest_.substr(sizeof length, length);
    std::memcpy(&stamp_, rest_.data() + sizeof length + length, sizeof stamp_);
    std::memcpy(sum_.data(), rest_.data() + need - sum_.size(), sum_.size());
    rest_.remove_prefix(need);
  }

  std::string_view rest_, path_;
  Stamp stamp_;
  hash::Sha256Sum sum_{};
};

void append_stamp(std::string& out, std::string_view path, const Stamp& stamp, const hash::Sha256Sum& sum) {
  const auto length = static_cast<uint32_t>(path.size());
  out.append(reinterpret_cast<const char*>(&length), sizeof length);
  out.append(path);
  out.append(reinterpret_cast<const char*>(&stamp), sizeof stamp);
  out.append(reinterpret_cast<const char*>(sum.data()), sum.size());
}

/// Which paths any pattern can reach: decided by the literal directories that patterns begin with.
class Wanted {
 public:
  explicit Wanted(const std::set<std::string>& patterns) {
    for (const auto& pattern : patterns) {
      std::string prefix;
      for (const auto& part : split(pattern, '/')) {
        if (part == "**" || dockerfile::has_wildcard(part)) break;
        prefix += prefix.empty() ? part : "/" + part;
      }
      prefixes_.insert(prefix);
    }
  }
  bool add(const std::string& prefix) { return !covers(prefix) && prefixes_.insert(prefix).second; }
  /// `path` is what some pattern may match or stands below it.
  bool covers(std::string_view path) const {
    if (prefixes_.contains("")) return true;
    for (std::string_view p = path;; p = p.substr(0, p.rfind('/'))) {
      if (prefixes_.contains(std::string(p))) return true;
      if (p.find('/') == p.npos) return false;
    }
  }
  /// `path` is a proper parent of a prefix.
  bool leads_to(std::string_view path) const {
    const std::string dir = std::string(path) + "/";
    const auto it = prefixes_.lower_bound(dir);
    return path.empty() || (it != prefixes_.end() && it->starts_with(dir));
  }
  /// For a link on the way: the prefixes that go through it, without the link.
  std::vector<std::string> through(const std::string& link) const {
    std::vector<std::string> out;
    for (const auto& prefix : prefixes_) {
      if (prefix == link) out.emplace_back();
      else if (prefix.starts_with(link + "/")) out.push_back(prefix.substr(link.size() + 1));
    }
    return out;
  }

 private:
  std::set<std::string> prefixes_;
};

class Walker {
 public:
  Walker(const ContextRequest& request, const Wanted& wanted)
      : request_(request), wanted_(wanted), old_(request.stamps) {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    started_ = nanoseconds(now);
  }

  void run() {
    os::UniqueFd root(::open(request_.dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root) {
      if (errno == ENOENT) throw Error("there is no such build context directory", request_.dir);
      if (errno == ENOTDIR) throw Error("the build context is not a directory", request_.dir);
      throw errno_error("read the build context", request_.dir).hint("the directory must be readable for you");
    }
    Entry top{.path = "", .type = Type::Dir, .mode = 0755};
    entries_.push_back(std::move(top));
    walk(std::move(root), "", Verdict{});
  }

  std::vector<Entry>& entries() { return entries_; }
  std::vector<Stamp>& stamps() { return stamps_; }
  std::vector<size_t>& unread() { return unread_; }
  const std::vector<size_t>& files() const { return files_; }
  int64_t started() const { return started_; }
  bool is_young(const Stamp& stamp) const { return std::max(stamp.ctime, stamp.mtime) > started_ - kYoung; }

 private:
  void walk(os::UniqueFd fd, const std::string& dir, const Verdict& verdict) {
    if (request_.stop.stop_requested()) throw Cancelled();
    std::unique_ptr<DIR, int (*)(DIR*)> handle(::fdopendir(fd.get()), &::closedir);
    if (!handle) throw errno_error("list", absolute(dir));
    fd.release();
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(handle.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    for (const auto& name : names) visit(::dirfd(handle.get()), dir.empty() ? name : dir + "/" + name, name, verdict);
  }

  void visit(int parent, std::string path, const std::string& name, const Verdict& parent_verdict) {
    const bool covered = wanted_.covers(path);
    if (!covered && !wanted_.leads_to(path)) {
      return;
    }
    Verdict verdict;
    if (!request_.ignore.empty()) verdict = request_.ignore.judge(path, parent_verdict);
    if (verdict.excluded && request_.ignore.can_skip(path, verdict)) return;
    struct stat st {};
    if (::fstatat(parent, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return;  // went away while we looked
      throw errno_error("inspect", absolute(path)).hint(kUnreadable);
    }
    Entry e;
    e.path = std::move(path);
    e.mode = st.st_mode & 07777;
    e.mtime_ns = nanoseconds(st.st_mtim);
    if (S_ISDIR(st.st_mode)) {
      e.type = Type::Dir;
      os::UniqueFd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!fd) throw errno_error("read the directory", absolute(e.path)).hint(kUnreadable);
      const size_t at = entries_.size();
      const std::string dir = e.path;
      entries_.push_back(std::move(e));
      walk(std::move(fd), dir, verdict);
      // An excluded directory is there only for the sake of what an exception kept below it.
      if (verdict.excluded && entries_.size() == at + 1) entries_.pop_back();
      return;
    }
    if (verdict.excluded || (!covered && !S_ISLNK(st.st_mode))) return;
    if (S_ISLNK(st.st_mode)) {
      e.type = Type::Symlink;
      e.mode = 0777;
      std::string target(static_cast<size_t>(st.st_size) + 1, '\0');
      const ssize_t n = ::readlinkat(parent, name.c_str(), target.data(), target.size());
      if (n < 0) throw errno_error("read the link", absolute(e.path));
      e.link = std::string_view(target).substr(0, static_cast<size_t>(n));
    } else if (S_ISREG(st.st_mode)) {
      add_file(std::move(e), st);
      return;
    } else if (S_ISFIFO(st.st_mode)) {
      e.type = Type::Fifo;
    } else if (S_ISSOCK(st.st_mode)) {
      return;
    } else {
      throw Error("the build context has a device node, which an image cannot hold", absolute(e.path),
                  "exclude it in .dockerignore");
    }
    entries_.push_back(std::move(e));
  }

  void add_file(Entry e, const struct stat& st) {
    if (st.st_nlink > 1) {
      const auto [first, is_new] = first_names_.emplace(std::pair(st.st_dev, st.st_ino), e.path);
      if (!is_new) {
        e.type = Type::Hardlink;
        e.link = first->second;
        entries_.push_back(std::move(e));
        return;
      }
    }
    e.type = Type::File;
    e.size = static_cast<uint64_t>(st.st_size);
    e.content.disk_path = absolute(e.path);
    const Stamp stamp = stamp_of(st);
    if (const auto* sum = old_.find(e.path, stamp)) e.content.digest = *sum;
    else unread_.push_back(entries_.size());
    files_.push_back(entries_.size());
    stamps_.push_back(stamp);
    entries_.push_back(std::move(e));
  }

  std::string absolute(const std::string& path) const { return os::join_path(request_.dir, path); }

  const ContextRequest& request_;
  const Wanted& wanted_;
  StampReader old_;
  int64_t started_ = 0;
  std::vector<Entry> entries_;
  std::vector<size_t> files_, unread_;  // into entries_
  std::vector<Stamp> stamps_;           // one per files_
  std::map<std::pair<dev_t, ino_t>, std::string> first_names_;  // of files that have several
};

/// Links that stand in the path of something wanted make their targets wanted too. True if that added anything.
bool follow_links(const std::vector<Entry>& entries, Wanted& wanted) {
  bool grew = false;
  for (const auto& e : entries) {
    if (e.type != Type::Symlink) continue;
    for (const auto& rest : wanted.through(e.path)) {
      const std::string base = e.link.view().starts_with('/') ? "" : e.path.substr(0, e.path.rfind('/') + 1);
      const std::string target = os::clean_path("/" + base + e.link.str() + "/" + rest).substr(1);
      grew |= wanted.add(target);
    }
  }
  return grew;
}

}  // namespace

Context scan_context(const ContextRequest& request) {
  Wanted wanted(request.wanted);
  std::unique_ptr<Walker> walker;
  for (int round = 0; round < 40; ++round) {
    walker = std::make_unique<Walker>(request, wanted);
    walker->run();
    if (!follow_links(walker->entries(), wanted)) break;
  }
  Context context;
  std::vector<Entry*> unread;
  for (const size_t i : walker->unread()) unread.push_back(&walker->entries()[i]);
  context.hashed_bytes = hash_files(unread, request.threads, request.stop, request.progress);
  context.stamps_changed = !walker->unread().empty();
  if (context.stamps_changed || request.stamps.empty()) {
    const auto& files = walker->files();
    for (size_t i = 0; i < files.size(); ++i) {
      const Entry& e = walker->entries()[files[i]];
      if (!walker->is_young(walker->stamps()[i])) append_stamp(context.stamps, e.path, walker->stamps()[i], *e.content.digest);
    }
  }
  context.files = tree::Tree(std::move(walker->entries()));
  return context;
}

bool same_as_scanned(const tree::Entry& entry) {
  struct stat st {};
  return ::lstat(entry.content.disk_path.c_str(), &st) == 0 && S_ISREG(st.st_mode) &&
         static_cast<uint64_t>(st.st_size) == entry.size && nanoseconds(st.st_mtim) == entry.mtime_ns;
}

}  // namespace slipway::source
