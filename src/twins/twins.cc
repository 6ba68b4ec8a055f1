// Identity first: the file belongs to a package of the same version on both sides and is what the package brought, on both
// sides, and so are the libraries of the native one. Then the rule, then its conditions.
#include "twins/twins.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "exec/rootfs.h"
#include "os/fd.h"
#include "os/fs.h"

namespace slipway::twins {
namespace {

constexpr size_t kMaxScript = 256 * 1024;  // bytes; longer ones are not looked at

std::string read_regular(int root, const std::string& path, size_t most) {
  const os::UniqueFd fd(::openat(root, path.c_str() + 1, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  struct stat st;
  if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode) || static_cast<size_t>(st.st_size) > most) return {};
  return os::read_all(fd.get());
}

/// "/usr/lib/aarch64-linux-gnu/x" on the foreign side is "/usr/lib/x86_64-linux-gnu/x" on ours.
std::string path_in_twin(std::string path, const std::string& foreign_triplet, const std::string& own_triplet) {
  const size_t at = foreign_triplet.empty() ? path.npos : path.find("/" + foreign_triplet + "/");
  if (at != path.npos) path.replace(at + 1, foreign_triplet.size(), own_triplet);
  return path;
}

/// Where a foreign program's loader is told what to load, and from where. The first three are files or lists of them.
std::vector<std::string> library_places(const std::string& arch) {
  const std::string triplet = triplet_of(arch);
  return {"etc/ld.so.preload",         "etc/ld.so.conf",          "etc/ld.so.conf.d", "usr/local/lib",
          "usr/local/lib/" + triplet, "usr/lib/" + triplet};
}

std::tuple<dev_t, ino_t, off_t, int64_t, int64_t> state_of(const struct stat& st) {
  return {st.st_dev, st.st_ino, st.st_size, st.st_ctim.tv_sec * 1'000'000'000 + st.st_ctim.tv_nsec,
          st.st_mtim.tv_sec * 1'000'000'000 + st.st_mtim.tv_nsec};
}

}  // namespace

Twins::Twins(std::shared_ptr<TwinRoot> root, Grade grade, std::vector<std::string> later)
    : root_(std::move(root)), grade_(grade), later_(std::move(later)) {}

void Twins::begin(int root) {
  step_root_ = root;
  packages_ = std::make_unique<Packages>(root, root_->arch());
}

void Twins::end() {
  packages_.reset();
  step_root_ = -1;
}

std::optional<exec::Substitute> Twins::find(const exec::Execution& execution) noexcept {
  try {
    return look(execution);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::optional<exec::Substitute> Twins::look(const exec::Execution& execution) {
  if (execution.is_privileged || has_doubtful_environment(execution) || may_look_at_itself(execution))
    return std::nullopt;
  struct stat st;
  if (::fstat(execution.descriptor, &st) != 0) return std::nullopt;
  std::string stamp;
  for (const auto& place : library_places(root_->arch())) stamp += stamp_of(step_root_, place) + "\n";
  if (stamp != libraries_stamp_) known_.clear();
  libraries_stamp_ = std::move(stamp);
  const FileState state = state_of(st);
  auto known = known_.find(state);
  if (known == known_.end()) {
    const auto found = identify(execution);
    if (!found) return std::nullopt;
    known = known_.emplace(state, *found).first;
  }
  const Known& is = known->second;
  const Surroundings others = surroundings(execution);
  if (std::ranges::none_of(is.rules, [&](const Rule* rule) { return hold(*rule, execution, others); })) return std::nullopt;
  exec::Substitute out;
  out.file = is.program.file;
  if (is.rules.front()->change == Change::GoArch &&
      std::ranges::none_of(execution.env, [](const auto& variable) { return variable.starts_with("GOARCH="); }))
    out.env.push_back("GOARCH=" + root_->arch());
  return out;
}

std::optional<Twins::Known> Twins::identify(const exec::Execution& execution) {
  const std::string& file = execution.file;
  if (auto go = identify_go(file)) return go;
  const auto owner = packages_->owner(file);
  if (!owner) return std::nullopt;
  auto rules = find_rules(built_in_rules(), grade_, owner->package, file);
  if (rules.empty()) return std::nullopt;
  const Host& host = *this_host();
  const std::string twin_path = path_in_twin(file, triplet_of(root_->arch()), host.triplet);
  const auto program = root_->program(twin_path, rules.front()->change == Change::Arch);
  if (!program) return std::nullopt;
  std::optional<Packages::Owner> twin;
  {
    const std::lock_guard lock(root_->mutex());
    twin = root_->packages().owner(twin_path);
  }
  if (!twin || twin->package != owner->package || twin->facts.version != owner->facts.version) return std::nullopt;
  if (sum_of(execution.descriptor) != owner->md5) return std::nullopt;
  const os::UniqueFd original = os::open_at(root_->mount(), twin_path.substr(1), O_RDONLY);
  if (sum_of(original.get()) != twin->md5) return std::nullopt;
  if (!loader_is_usual(*program) || !same_libraries(*program)) return std::nullopt;
  return Known{std::move(rules), *program};
}

/// The foreign program would get its libraries from the distribution's folders: nothing is preloaded, no other folder comes
/// before them, and those for local additions have none of the names.
bool Twins::loader_is_usual(const TwinRoot::Program& program) {
  if (program.libraries.empty()) return true;
  const std::string triplet = triplet_of(root_->arch());
  struct stat st;
  if (::fstatat(step_root_, "etc/ld.so.preload", &st, 0) == 0 && st.st_size > 0) return false;
  for (const auto& line : split(read_regular(step_root_, "/etc/ld.so.conf", kMaxScript), '\n'))
    if (!trim(line).empty() && !line.starts_with('#') && trim(line) != "include /etc/ld.so.conf.d/*.conf") return false;
  const os::UniqueFd lists(::openat(step_root_, "etc/ld.so.conf.d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lists)
    for (const auto& name : os::list_dir("/proc/self/fd/" + std::to_string(lists.get())))
      if (name != "libc.conf" && name != triplet + ".conf" && !name.starts_with("fakeroot-")) return false;
  for (const auto& library : program.libraries)
    for (const std::string& folder : {std::string("usr/local/lib/"), "usr/local/lib/" + triplet + "/"}) {
      // "libz.so.1.2.13" is asked for as "libz.so.1".
      std::string name = os::base_name(library);
      for (size_t end = name.size(); end != name.npos; end = name.rfind('.', end - 1)) {
        if (!name.substr(0, end).contains(".so")) break;
        if (::fstatat(step_root_, (folder + name.substr(0, end)).c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) return false;
      }
    }
  return true;
}

/// Each library of the native program is from a package that the foreign side has in the same version, and the foreign
/// library of that name is what the package brought.
bool Twins::same_libraries(const TwinRoot::Program& program) {
  const std::lock_guard lock(root_->mutex());
  for (const auto& library : program.libraries) {
    const auto owner = root_->packages().owner(library);
    if (!owner) return false;
    const auto foreign = packages_->owner(path_in_twin(library, this_host()->triplet, triplet_of(root_->arch())));
    if (!foreign || foreign->package != owner->package || foreign->facts.version != owner->facts.version) return false;
    if (!is_unchanged(path_in_twin(library, this_host()->triplet, triplet_of(root_->arch())), *foreign)) return false;
  }
  return true;
}

bool Twins::is_unchanged(const std::string& path, const Packages::Owner& owner) {
  const os::UniqueFd fd(::openat(step_root_, path.c_str() + 1, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  struct stat st;
  return fd && ::fstat(fd.get(), &st) == 0 && S_ISREG(st.st_mode) && sum_of(fd.get()) == owner.md5;
}

/// Of a regular file, computed again when it has changed.
const std::string& Twins::sum_of(int file) {
  struct stat st;
  if (::fstat(file, &st) != 0) throw errno_error("inspect", "a program");
  auto& sum = sums_[state_of(st)];
  if (sum.empty()) sum = md5_of(file);
  return sum;
}

/// <GOROOT>/pkg/tool/linux_<arch>/<tool> of a Go that the base image brought, unchanged, on both sides.
std::optional<Twins::Known> Twins::identify_go(const std::string& file) {
  const std::string middle = "/pkg/tool/linux_" + root_->arch() + "/";
  const size_t at = file.find(middle);
  if (at == file.npos || at == 0) return std::nullopt;
  const std::string go_root = file.substr(0, at), tool = file.substr(at + middle.size());
  auto rules = find_rules(built_in_rules(), grade_, "goroot", tool);
  if (rules.empty()) return std::nullopt;
  for (const auto& directory : later_)
    for (const auto& path : {file, go_root + "/VERSION"}) {
      struct stat st;
      // Also when a directory above it has been replaced, or is a link now.
      if (::lstat((directory + path).c_str(), &st) == 0 || errno != ENOENT) return std::nullopt;
    }
  const auto version_of = [&](int root) {
    constexpr size_t kMost = 4096;
    const exec::Resolved place = exec::resolve_in_root(root, go_root + "/VERSION");
    return place.exists ? read_regular(root, place.path, kMost) : std::string();
  };
  const std::string version = version_of(step_root_);
  if (version.empty() || version != version_of(root_->mount())) return std::nullopt;
  const auto program = root_->program(go_root + "/pkg/tool/linux_" + this_host()->arch + "/" + tool, false);
  // They are static; one that is not was made in some other way.
  if (!program || !program->libraries.empty()) return std::nullopt;
  return Known{std::move(rules), *program};
}

std::optional<std::string> Twins::unchanged_owner(const std::string& path) {
  const auto owner = packages_->owner(path);
  if (!owner) return std::nullopt;
  if (!is_unchanged(path, *owner)) return std::nullopt;
  return owner->package;
}

Surroundings Twins::surroundings(const exec::Execution& execution) {
  const auto place = [this, &execution](const std::string& path) {
    const std::string absolute = path.starts_with('/') ? path : execution.working_directory + "/" + path;
    return exec::resolve_in_root(step_root_, absolute);
  };
  Surroundings out;
  out.text = [this, place](const std::string& path) -> std::optional<std::string> {
    const exec::Resolved found = place(path);
    if (!found.exists) return std::nullopt;
    std::string text = read_regular(step_root_, found.path, kMaxScript);
    return text.empty() ? std::nullopt : std::optional(std::move(text));
  };
  out.owner = [this, place](const std::string& path) -> std::optional<std::string> {
    const exec::Resolved found = place(path);
    return found.exists ? unchanged_owner(found.path) : std::nullopt;
  };
  return out;
}

}  // namespace slipway::twins
