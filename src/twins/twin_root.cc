// Mounting, and preparing copies. Copies of programs lie in a directory of their own, opened through a mount that is
// attached nowhere: so the kernel names them by their place in it, "/usr/bin/dash", as /proc/self/exe should say.
#include "twins/twin_root.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <deque>

#include "base/error.h"
#include "exec/mounts.h"
#include "exec/rootfs.h"
#include "os/fs.h"

namespace slipway::twins {
namespace {

const Host& host_or_throw() {
  const Host* host = this_host();
  if (!host) throw Error("this machine is not in the table of twins");
  return *host;
}

}  // namespace

TwinRoot::TwinRoot(const std::vector<std::string>& layers, const std::string& scratch, std::string arch)
    : host_(host_or_throw()), arch_(std::move(arch)), scratch_(scratch) {
  os::make_dirs(scratch + "/upper");
  os::make_dirs(scratch + "/programs");
  mount_ = exec::overlay_mount({layers, scratch + "/upper", scratch});
  programs_mount_ = exec::clone_mount(scratch + "/programs", exec::ReadOnly::No);
  const exec::Resolved loader = exec::resolve_in_root(mount_.get(), host_.loader);
  const exec::Resolved libraries = exec::resolve_in_root(mount_.get(), "/usr/lib/" + host_.triplet);
  if (!loader.exists || !libraries.exists) throw Error("the twin has no loader and libraries where Debian has them");
  loader_ = loader.path;
  libraries_ = libraries.path;

  std::string bytes = read(loader_);
  if (!move_places(bytes, host_)) throw Error("the twin's loader is none of this machine");
  // Caches and preloads of the foreign root are about its own libraries.
  for (const std::string name : {"/etc/ld.so.cache", "/etc/ld.so.preload"})
    for (size_t at = bytes.find(name); at != bytes.npos; at = bytes.find(name, at + 1))
      bytes.replace(at, 5, "/dev/");
  replace_file("/.slipway-loader", bytes);
  const exec::Resolved libc = exec::resolve_in_root(mount_.get(), libraries_ + "/libc.so.6");
  if (!libc.exists) throw Error("the twin has no GNU C library");
  bytes = read(libc.path);
  if (!move_places(bytes, host_)) throw Error("the twin's C library is none of this machine");
  replace_file(libc.path, bytes);
  const exec::Resolved apt = exec::resolve_in_root(mount_.get(), libraries_ + "/libapt-pkg.so.6.0");
  const exec::Resolved apt_private = exec::resolve_in_root(mount_.get(), libraries_ + "/libapt-private.so.0.0");
  if (apt.exists && apt_private.exists) {
    std::string pkg = read(apt.path), cli = read(apt_private.path);
    if (force_architecture(pkg, host_, arch_, true) && force_architecture(cli, host_, arch_, false)) {
      replace_file(apt.path, pkg);
      replace_file(apt_private.path, cli);
      is_apt_forced_ = true;
    }
  }
  exec::make_read_only(mount_.get(), "the twin");
  packages_ = std::make_unique<Packages>(mount_.get(), host_.arch);
}

std::vector<std::pair<std::string, std::string>> TwinRoot::shown() const {
  return {{libraries_, kLibraryPlace}, {"/.slipway-loader", kLoaderPlace}};
}

std::string TwinRoot::read(const std::string& path) const {
  return os::read_all(os::open_at(mount_.get(), path.substr(1), O_RDONLY).get());
}

void TwinRoot::replace_file(const std::string& path, const std::string& bytes) {
  ::unlinkat(mount_.get(), path.c_str() + 1, 0);
  const os::UniqueFd file = os::open_at(mount_.get(), path.substr(1), O_WRONLY | O_CREAT | O_EXCL, 0755);
  os::write_all(file.get(), bytes);
}

/// Where the loader would find it: in our place for the libraries, or where a path of its own says.
std::optional<std::string> TwinRoot::find_library(const std::string& name, const std::string& beside) const {
  for (const auto& directory : {beside, libraries_}) {
    if (name.contains('/') || directory.empty()) continue;
    const exec::Resolved found = exec::resolve_in_root(mount_.get(), directory + "/" + name);
    if (found.exists) return found.path;
  }
  return std::nullopt;
}

bool TwinRoot::add_libraries(const std::string& bytes, std::set<std::string>& all) const {
  std::deque<std::string> todo = {bytes};
  while (!todo.empty()) {
    const auto facts = read_elf(todo.front(), host_);
    todo.pop_front();
    if (!facts || !facts->is_program_of_host) return false;
    for (const auto& name : facts->needed) {
      if (host_.loader.ends_with("/" + name)) continue;
      const auto path = find_library(name, {});
      if (!path) return false;
      if (all.insert(*path).second) todo.push_back(read(*path));
    }
  }
  return true;
}

std::optional<TwinRoot::Program> TwinRoot::program(const std::string& path, bool force_arch) {
  const std::lock_guard lock(files_mutex_);
  const auto known = programs_.find({path, force_arch});
  if (known != programs_.end()) return known->second;
  auto& slot = programs_[{path, force_arch}];
  try {
    const exec::Resolved place = exec::resolve_in_root(mount_.get(), path);
    if (!place.exists || place.path != path) return slot;
    os::UniqueFd original = os::open_at(mount_.get(), path.substr(1), O_RDONLY | O_NONBLOCK);
    struct stat st;
    if (::fstat(original.get(), &st) != 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111)) return slot;
    std::string bytes = os::read_all(original.get());
    const auto facts = read_elf(bytes, host_);
    if (!facts || !facts->is_program_of_host) return slot;
    Program program;
    program.path = path;
    std::set<std::string> libraries;
    if (!add_libraries(bytes, libraries)) return slot;
    program.libraries.assign(libraries.begin(), libraries.end());
    for (const auto& library : libraries)
      if (library.contains("/libapt-") && !is_apt_forced_) return slot;
    os::UniqueFd file;
    if (facts->interpreter.empty() && !force_arch) {
      file = std::move(original);
    } else {
      if (!facts->interpreter.empty() && !move_places(bytes, host_)) return slot;
      if (force_arch) {
        if (!force_architecture(bytes, host_, arch_, false)) return slot;
        program.is_forced = true;
      }
      const std::string copy = scratch_ + "/programs" + path;
      os::make_dirs(os::dir_name(copy));
      os::write_all(os::open_file(copy, O_WRONLY | O_CREAT | O_TRUNC, 0755).get(), bytes);
      if (::chmod(copy.c_str(), 0755) != 0) return slot;
      file = os::open_at(programs_mount_.get(), path.substr(1), O_RDONLY);
    }
    if (::fstat(file.get(), &st) != 0) return slot;
    inodes_.emplace(st.st_dev, st.st_ino);
    program.file = file.get();
    files_.push_back(std::move(file));
    slot = std::move(program);
  } catch (const Error&) {
    // The emulator, then.
  }
  return slot;
}

bool TwinRoot::is_one(dev_t device, ino_t inode) const {
  const std::lock_guard lock(files_mutex_);
  return inodes_.contains({device, inode});
}

}  // namespace slipway::twins
