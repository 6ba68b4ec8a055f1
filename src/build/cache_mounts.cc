// Cache mounts of RUN: where their content is, and how it comes there the first time: from a travelling cache, from the
// stage or image that the mount names, or not at all.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include <fmt/core.h>

#include "base/error.h"
#include "build/step_runner.h"
#include "layer/diff.h"
#include "os/fd.h"
#include "os/fs.h"
#include "remote_cache/blob_check.h"
#include "remote_cache/mounts.h"

namespace slipway::build {
namespace {

/// The host's directory for a mount, named by its id or, if it was given none, by its target.
const std::string* directory_for(const std::map<std::string, std::string>& dirs, const std::string& id) {
  for (const auto& [name, dir] : dirs)
    if (remote_cache::names_mount({name}, id)) return &dir;
  return nullptr;
}

/// What a path below `from` is called as seen from there.
tree::Tree below(const tree::Tree& files, const std::string& from) {
  std::vector<tree::Entry> out;
  const size_t skip = from.empty() ? 0 : from.size() + 1;
  for (auto entry : files.entries()) {
    if (entry.path.size() <= from.size()) continue;
    entry.path = entry.path.substr(skip);
    if (entry.type == tree::Type::Hardlink) entry.link = entry.link.view().substr(skip);
    out.push_back(std::move(entry));
  }
  return tree::Tree(std::move(out));
}

}  // namespace

std::string StepRunner::cache_directory(Id id, const graph::Mount& mount, Held& held) {
  // The same cache in two places of one step is one directory.
  if (const auto it = held.paths.find(mount.id); it != held.paths.end()) return it->second;
  std::string path;
  if (const std::string* dir = directory_for(jobs_[graph_.steps[id].job].cache_mounts, mount.id)) {
    path = os::absolute_path(*dir);
    os::make_dirs(path);
  } else {
    auto cache = store_.open_cache_mount(mount.id, static_cast<store::Store::Sharing>(mount.sharing), stop_);
    path = cache.path;
    held.locks.push_back(std::move(cache.lock));
    if (os::list_dir(path).empty()) restore_cache(mount.id, path);
    const std::lock_guard lock(memos_mutex_);
    used_mounts_.insert(mount.id);
  }
  held.paths[mount.id] = path;
  if (!os::list_dir(path).empty()) return path;
  if (mount.from) {
    const tree::View view = layers_.view_files(results_[*mount.from].stack, progress_of(id));
    const std::string real = view.resolve(mount.source);
    layer::materialize(below(view.flatten(real), real), path, options_.single_id);
  }
  if (::chown(path.c_str(), mount.uid, mount.gid) != 0 && !options_.single_id) throw errno_error("set the owner of", path);
  if (::chmod(path.c_str(), mount.mode) != 0) throw errno_error("set the mode of", path);
  return path;
}

// It is made beside and moved in as a whole: a build that is killed leaves an empty mount, not half of one. What goes wrong
// costs time and nothing else.
void StepRunner::restore_cache(const std::string& mount_id, const std::string& dir) {
  if (!options_.imports) return;
  const store::Lock one_at_a_time = store_.lock_key("restore " + dir, stop_);
  if (!os::list_dir(dir).empty()) return;
  const auto found = options_.imports->mount(mount_id);
  if (!found) return;
  remote_cache::Backend& backend = *found->backend;
  try {
    const auto listing = remote_cache::parse_mount_listing(
        remote_cache::get_text(backend, found->mount->listing, stop_), backend.name());
    const os::TempDir work(store_.scratch_dir(), "restore-");
    const std::string target = work.path() + "/files";
    os::make_dirs(target);
    remote_cache::restore_mount(
        listing, target,
        [&](const oci::Descriptor& pack) {
          const std::string path = work.path() + "/" + pack.digest.hex();
          const os::UniqueFd file = os::open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
          remote_cache::BlobCheck check(pack, backend.name());
          backend.get(
              pack,
              [&](std::span<const uint8_t> bytes) {
                check.take(bytes);
                os::write_all(file.get(), bytes);
              },
              stop_);
          check.finish();
          return path;
        },
        stop_);
    if (::rename(target.c_str(), dir.c_str()) != 0) throw errno_error("restore", dir);
  } catch (const Error& error) {
    observer_.on_warning(fmt::format("the cache mount {} begins empty: {}", mount_id, error.message()), "");
  }
}

std::set<std::string> StepRunner::used_mounts() const {
  const std::lock_guard lock(memos_mutex_);
  return used_mounts_;
}

}  // namespace slipway::build
