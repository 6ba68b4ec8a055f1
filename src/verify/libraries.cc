#include "verify/libraries.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>

#include "base/text.h"
#include "verify/fit.h"

namespace slipway::verify {
namespace {

constexpr size_t kMostLibraries = 2000;

std::string dir_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

std::string base_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

void append(std::vector<std::string>& to, const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

/// Names that musl's loader answers itself.
bool is_in_musl(const std::string& name) {
  for (const char* part : {"libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet."})
    if (name.starts_with(part)) return true;
  return false;
}

class Search {
 public:
  Search(Scope& scope, const Code& program, const std::string& role, Severity severity)
      : scope_(scope), program_(program), role_(role), severity_(severity), libc_(libc_of_loader(program.elf.interpreter)) {
    const auto& config = scope.image.config;
    const auto dirs = config.env_value("LD_LIBRARY_PATH");
    if (dirs && !dirs->empty()) environment_ = split(*dirs, ':');
    if (libc_ == Libc::Musl) {
      system_ = musl_dirs();
    } else {
      read_conf("etc/ld.so.conf", 0);
      oci::Platform own = scope.image.platform;
      if (const auto arch = arch_of(program.elf); !arch.empty()) own.arch = arch;
      for (const auto& name : multiarch_names(own)) append(system_, {"/lib/" + name, "/usr/lib/" + name});
      if (program.elf.bits == 64) append(system_, {"/lib64", "/usr/lib64"});
      append(system_, {"/lib", "/usr/lib"});
      if (program.elf.bits == 32) append(system_, {"/lib32", "/usr/lib32"});
    }
    // Loaders outside of the usual places (Nix, Guix, bundles) have their library beside them.
    if (const auto loader = scope.files.resolve(program.elf.interpreter)) system_.push_back("/" + dir_of(*loader));
  }

  void run(const Place& start) {
    enqueue(start, program_, {});
    while (!queue_.empty() && seen_.size() < kMostLibraries) {
      const Item item = queue_.front();
      queue_.pop_front();
      for (const auto& name : item.code->elf.needed)
        if (seen_.insert(name).second) find(name, item);
    }
    if (missing_.empty()) return;
    Finding finding = scope_.about(start, "missing-library", Severity::Warning);
    finding.is = fmt::format("a program that cannot be loaded: {} {} not there", join(missing_, ", "),
                             missing_.size() == 1 ? "is" : "are");
    finding.role = role_;
    finding.hint = "install the package that has it; ignore this if the runtime puts it there (GPU drivers)";
    scope_.findings.push_back(std::move(finding));
  }

 private:
  struct Item {
    const Code* code;
    std::string origin;              // directory of the file, for $ORIGIN
    std::vector<std::string> rpath;  // of it and of those that led to it, expanded
  };

  void enqueue(const Place& place, const Code& code, const std::vector<std::string>& inherited) {
    Item item{.code = &code, .origin = "/" + dir_of(place.path), .rpath = {}};
    // A RUNPATH turns the RPATHs off, its own and those of the files above.
    if (code.elf.runpath.empty()) {
      item.rpath = expand(code.elf.rpath, item.origin);
      append(item.rpath, inherited);
    }
    queue_.push_back(std::move(item));
  }

  std::vector<std::string> expand(const std::string& dirs, const std::string& origin) const {
    std::vector<std::string> out;
    if (dirs.empty()) return out;
    for (std::string dir : split(dirs, ':')) {
      for (const auto& [name, value] : {std::pair<std::string, std::string>{"ORIGIN", origin},
                                        {"LIB", program_.elf.bits == 64 ? "lib64" : "lib"}})
        for (const auto& spelled : {"${" + name + "}", "$" + name})
          if (const size_t at = dir.find(spelled); at != dir.npos) dir.replace(at, spelled.size(), value);
      out.push_back(dir.empty() ? scope_.image.config.working_dir : dir);
    }
    return out;
  }

  void find(const std::string& name, const Item& item) {
    if (name == base_of(program_.elf.interpreter)) return;
    if (libc_ == Libc::Musl && is_in_musl(name)) return;
    std::vector<std::string> dirs;
    if (name.contains('/')) {
      dirs = {""};
    } else {
      dirs = item.rpath;
      append(dirs, environment_);
      append(dirs, expand(item.code->elf.runpath, item.origin));
      append(dirs, system_);
    }
    std::optional<Place> foreign;
    for (const auto& dir : dirs) {
      const auto real = scope_.files.resolve(dir + "/" + name);
      const auto place = real ? scope_.files.place(*real) : std::nullopt;
      const Code* code = place ? scope_.files.code(*place) : nullptr;
      if (!code || code->format != Format::Elf) continue;
      if (code->elf.machine == program_.elf.machine && code->elf.bits == program_.elf.bits &&
          code->elf.big_endian == program_.elf.big_endian) {
        enqueue(*place, *code, item.rpath);
        return;
      }
      if (!foreign) foreign = place;
    }
    if (!foreign) {
      missing_.push_back(name);
      return;
    }
    if (scope_.is_allowed(foreign->path)) return;
    scope_.done.emplace(foreign->layer, foreign->path);
    Finding finding = scope_.about(*foreign, "wrong-machine", severity_);
    finding.is = describe(*scope_.files.code(*foreign));
    finding.expected = machine_name(program_.elf);
    finding.role = fmt::format("a library of {}", role_);
    finding.hint = "install the library of this platform";
    scope_.findings.push_back(std::move(finding));
  }

  std::vector<std::string> musl_dirs() const {
    const auto& files = scope_.files;
    for (const auto& name : files.children("etc"))
      if (name.starts_with("ld-musl-") && name.ends_with(".path")) {
        std::string text = files.text("etc/" + name);
        std::ranges::replace(text, '\n', ':');
        std::vector<std::string> out;
        for (const auto& dir : split(text, ':'))
          if (!trim(dir).empty()) out.emplace_back(trim(dir));
        return out;
      }
    return {"/lib", "/usr/local/lib", "/usr/lib"};
  }

  void read_conf(const std::string& path, int depth) {
    for (const auto& raw : split(scope_.files.text(path), '\n')) {
      const std::string_view line = trim(std::string_view(raw).substr(0, raw.find('#')));
      if (line.starts_with("include")) {
        // In every distribution it is the one folder of such files.
        const std::string dir = "etc/ld.so.conf.d";
        if (depth > 0 || !line.contains(dir)) continue;
        for (const auto& name : scope_.files.children(dir))
          if (name.ends_with(".conf")) read_conf(dir + "/" + name, depth + 1);
      } else if (line.starts_with('/')) {
        system_.emplace_back(line.substr(0, line.find_first_of(" \t=")));
      }
    }
  }

  Scope& scope_;
  const Code& program_;
  const std::string& role_;
  const Severity severity_;
  const Libc libc_;
  std::vector<std::string> environment_, system_, missing_;
  std::set<std::string> seen_;
  std::deque<Item> queue_;
};

}  // namespace

void check_libraries(Scope& scope, const Place& place, const Code& program, const std::string& role, Severity severity) {
  if (program.elf.needed.empty()) return;
  Search(scope, program, role, severity).run(place);
}

}  // namespace slipway::verify
