// No false alarm is worth more than completeness here. Foreign files are normal in real images: packages for several
// platforms (prebuilds of node modules, natives in jars), cross compilers, firmware, test data, launchers for Windows.
//
// A foreign file is explained if
//  * it is nothing that the kernel or a loader would load: an object file, a program without the right to be executed;
//  * it lies in a directory of test data, firmware or boot images;
//  * its path names its architecture, and a file that differs in nothing but that name fits: the right one is there too;
//  * a directory above it names its architecture, outside of the places where package managers put one platform's files:
//    who writes /usr/aarch64-linux-gnu/lib means it.
#include "verify/files.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "verify/fit.h"

namespace slipway::verify {
namespace {

bool has_dir(std::string_view path, std::string_view name) {
  for (size_t at = path.find(name); at != path.npos; at = path.find(name, at + 1))
    if ((at == 0 || path[at - 1] == '/') && path.substr(at + name.size()).starts_with('/')) return true;
  return false;
}

/// Where package managers put files of the platform that they were run on.
bool is_ecosystem(std::string_view path) {
  for (const char* dir : {"node_modules", "site-packages", "dist-packages", "gems", "prebuilds"})
    if (has_dir(path, dir)) return true;
  return false;
}

bool is_data(std::string_view path) {
  for (const char* dir : {"testdata", "test", "tests", "fixtures", "firmware", "boot", "qemu"})
    if (has_dir(path, dir)) return true;
  return false;
}

/// For each architecture that the path names: the path to the end of that component, with a star for every such name.
std::vector<std::string> families(std::string_view path) {
  std::vector<std::string> out;
  std::string pattern;
  size_t done = 0;
  const auto named = archs_in(path);
  for (size_t i = 0; i < named.size(); ++i) {
    pattern.append(path.substr(done, named[i].begin - done)).append("*");
    done = named[i].end;
    const size_t slash = std::min(path.size(), path.find('/', done));
    if (i + 1 < named.size() && named[i + 1].begin < slash) continue;
    out.push_back(pattern + std::string(path.substr(done, slash - done)));
  }
  return out;
}

class Check {
 public:
  explicit Check(Scope& scope) : scope_(scope), platform_(scope.image.platform) {}

  void run() {
    each_code([&](size_t, const Code& code) {
      if (code.format == Format::Elf && fit(code.elf, platform_) == Fit::Yes) remember(code.path);
    });
    each_archive([&](size_t, const std::string& path, const Archive& archive) {
      if (std::ranges::any_of(archive.code, [&](const Code& code) { return fits(code); })) remember(path);
    });
    each_code([&](size_t layer, const Code& code) { check(layer, code); });
    each_archive([&](size_t layer, const std::string& path, const Archive& archive) { check(layer, path, archive); });
    notes();
  }

 private:
  template <typename Do>
  void each_code(const Do& act) {
    const auto& layers = scope_.image.layers;
    for (size_t i = 0; i < layers.size(); ++i)
      for (const auto& [path, code] : layers[i].facts->code)
        if (scope_.files.is_visible(i, path)) act(i, code);
  }
  template <typename Do>
  void each_archive(const Do& act) {
    const auto& layers = scope_.image.layers;
    for (size_t i = 0; i < layers.size(); ++i)
      for (const auto& [path, archive] : layers[i].facts->archives)
        if (scope_.files.is_visible(i, path)) act(i, path, archive);
  }

  bool fits(const Code& code) const { return code.format == Format::Elf && fit(code.elf, platform_) == Fit::Yes; }
  void remember(const std::string& path) {
    for (auto& family : families(path)) fitting_.insert(std::move(family));
  }
  bool has_fitting_sibling(const std::string& path) const {
    return std::ranges::any_of(families(path), [&](const auto& family) { return fitting_.contains(family); });
  }

  void check(size_t layer, const Code& code) {
    if (scope_.done.contains({layer, code.path}) || scope_.is_allowed(code.path)) return;
    if (code.format != Format::Elf) return note(code.format == Format::Pe ? "Windows" : "macOS", code.path);
    switch (fit(code.elf, platform_)) {
      case Fit::Yes:
        return check_loader(layer, code);
      case Fit::Compatible:
        return note(machine_name(code.elf), code.path);
      case Fit::Other:
        return note("other systems and processors", code.path);
      case Fit::No:
        break;
    }
    if (is_explained(layer, code)) return note(machine_name(code.elf), code.path);
    Finding finding = scope_.about({layer, code.path}, "foreign-file", Severity::Warning);
    finding.is = describe(code);
    finding.expected = expected();
    if (is_ecosystem(code.path)) finding.hint = "install the packages in a stage of the image's platform";
    scope_.findings.push_back(std::move(finding));
  }

  std::string expected() const {
    return platform_.variant.empty() ? platform_.arch : platform_.arch + "/" + platform_.variant;
  }

  bool is_explained(size_t layer, const Code& code) const {
    const tree::Entry* entry = scope_.image.layers[layer].tree->find(code.path);
    const bool may_run = entry && (entry->mode & 0111);
    if (!code.elf.is_loadable() || (code.elf.is_program() && !may_run) || is_data(code.path)) return true;
    const auto named = archs_in(code.path);
    const std::string own = arch_of(code.elf);
    if (std::ranges::none_of(named, [&](const NamedArch& each) { return each.arch == own; })) return false;
    if (has_fitting_sibling(code.path)) return true;
    const size_t name_at = code.path.rfind('/') + 1;
    return !is_ecosystem(code.path) && std::ranges::any_of(named, [&](const NamedArch& each) {
      return each.arch == own && each.end < name_at;
    });
  }

  // Only of what can be started by its name: elsewhere lie parts of other root file systems.
  void check_loader(size_t layer, const Code& code) {
    if (code.elf.interpreter.empty() || !is_in_path(code.path)) return;
    const auto real = scope_.files.resolve(code.elf.interpreter);
    if (real && scope_.files.place(*real)) return;
    const tree::Entry* entry = scope_.image.layers[layer].tree->find(code.path);
    if (!entry || !(entry->mode & 0111)) return;
    Finding finding = scope_.about({layer, code.path}, "missing-loader", Severity::Warning);
    finding.is = fmt::format("dynamically linked and needs {}, which is not in the image", code.elf.interpreter);
    finding.hint = "link it statically, or use a base image that has this C library";
    scope_.findings.push_back(std::move(finding));
  }

  bool is_in_path(const std::string& path) const {
    const auto dirs = scope_.image.config.env_value("PATH").value_or(std::string(image::kDefaultPath));
    const std::string dir = "/" + path.substr(0, std::min(path.size(), path.rfind('/')));
    return std::ranges::any_of(split(dirs, ':'), [&](const std::string& each) {
      const auto real = scope_.files.resolve(each);
      return each == dir || (real && "/" + *real == dir);
    });
  }

  void check(size_t layer, const std::string& path, const Archive& archive) {
    if (scope_.is_allowed(path) || is_data(path)) return;
    std::set<std::string> machines;
    for (const auto& code : archive.code) {
      if (fits(code)) return;
      if (code.format == Format::Elf && code.elf.is_loadable() && fit(code.elf, platform_) == Fit::No && !is_data(code.path))
        machines.insert(machine_name(code.elf));
    }
    if (machines.empty() || has_fitting_sibling(path)) return;
    Finding finding = scope_.about({layer, path}, "foreign-archive", Severity::Warning);
    const std::vector<std::string> names(machines.begin(), machines.end());
    finding.is = fmt::format("an archive with native code for {}", join(names, ", "));
    finding.expected = expected() + " among them";
    finding.hint = "take the package of the image's platform, or one for several";
    scope_.findings.push_back(std::move(finding));
  }

  void note(const std::string& what, const std::string& path) {
    auto& [count, example] = notes_[what];
    if (count++ == 0) example = path;
  }

  void notes() {
    for (const auto& [what, noted] : notes_) {
      Finding finding{.rule = "foreign-file", .severity = Severity::Note, .platform = platform_};
      finding.is = noted.first == 1 ? fmt::format("1 file for {}: /{}", what, noted.second)
                                    : fmt::format("{} files for {}, such as /{}", noted.first, what, noted.second);
      scope_.findings.push_back(std::move(finding));
    }
  }

  Scope& scope_;
  const oci::Platform& platform_;
  std::set<std::string> fitting_;  // families of files that fit
  std::map<std::string, std::pair<size_t, std::string>> notes_;  // how many, an example
};

}  // namespace

void check_files(Scope& scope) { Check(scope).run(); }

}  // namespace slipway::verify
