#include "verify/program.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "verify/fit.h"
#include "verify/libraries.h"
#include "verify/shell_text.h"

namespace slipway::verify {
namespace {

constexpr int kMostHops = 8;  // scripts, shells and wrappers between the config and the program

std::string_view base_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

template <size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::ranges::find(names, name) != names.end();
}

bool is_shell(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kNames = {"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh"};
  return is_one_of(name, kNames);
}

/// Programs that start what their arguments name, with how many words before it that are no options.
std::optional<int> words_before_program(std::string_view name) {
  static constexpr std::array<std::string_view, 13> kNone = {"env",  "tini",  "tini-static", "dumb-init", "catatonit",
                                                             "nice", "nohup", "stdbuf",      "setpriv",   "docker-init",
                                                             "sudo", "exec",  "ionice"};
  static constexpr std::array<std::string_view, 5> kOne = {"su-exec", "gosu", "s6-setuidgid", "setuidgid", "timeout"};
  if (is_one_of(name, kNone)) return 0;
  if (is_one_of(name, kOne)) return 1;
  return std::nullopt;
}

std::string quoted(const std::string& keyword, const std::vector<std::string>& words) {
  std::string out = keyword + " [";
  for (size_t i = 0; i < words.size(); ++i) out += fmt::format("{}\"{}\"", i ? ", " : "", words[i]);
  out += "]";
  if (out.size() <= 120) return out;
  size_t end = 117;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) --end;  // not within a character
  return out.substr(0, end) + "...";
}

std::string name_of(const oci::Platform& platform) {
  return platform.variant.empty() ? platform.arch : platform.arch + "/" + platform.variant;
}

class Walk {
 public:
  /// `severity`: of what cannot run.
  Walk(Scope& scope, std::string role, Severity severity)
      : scope_(scope), files_(scope.files), role_(std::move(role)), severity_(severity) {
    cwd_ = scope.image.config.working_dir.empty() ? "/" : scope.image.config.working_dir;
    path_ = split(scope.image.config.env_value("PATH").value_or(std::string(image::kDefaultPath)), ':');
  }

  /// `is_sure`: these words are a command, so that its program has to be there.
  void start(const std::vector<std::string>& words, bool is_sure, int hops = 0) {
    if (words.empty() || hops > kMostHops) return;
    const auto real = look_up(words[0]);
    const auto place = real ? files_.place(*real) : std::nullopt;
    if (!place) {
      if (is_sure) not_found(words[0], real);
      return;
    }
    if (!is_executable(*real)) {
      if (is_sure) not_executable(*place, "a file without the right to be executed", "chmod +x it, or COPY --chmod=755");
      if (!is_sure) return;
    }
    if (scope_.is_allowed(*real)) return;
    const bool is_shell_script = file(*place, hops);
    follow(words, base_of(words[0]), is_shell_script, hops);
  }

 private:
  Finding about(const Place& place, const char* rule, Severity severity) const {
    Finding finding = scope_.about(place, rule, severity);
    finding.role = role_;
    return finding;
  }
  void report(Finding finding) { scope_.findings.push_back(std::move(finding)); }

  bool is_executable(const std::string& real) const {
    const auto entry = files_.entry(real);
    return entry && (entry->mode & 0111);
  }

  /// As execvp finds it: the first executable file of PATH, else the first one there; in the image, links followed.
  std::optional<std::string> look_up(const std::string& word) const {
    const auto at = [&](const std::string& dir) {
      const bool is_absolute = word.starts_with('/') || dir.starts_with('/');
      return files_.resolve((is_absolute ? "" : cwd_ + "/") + (dir.empty() ? "" : dir + "/") + word);
    };
    if (word.contains('/')) return at(word.starts_with('/') ? "" : cwd_);
    std::optional<std::string> second;
    for (const auto& dir : path_) {
      const auto real = at(dir.empty() ? cwd_ : dir);
      if (!real || !files_.place(*real)) continue;
      if (is_executable(*real)) return real;
      if (!second) second = real;
    }
    return second;
  }

  void not_found(const std::string& word, const std::optional<std::string>& real) {
    const auto entry = real ? files_.entry(*real) : std::nullopt;
    Finding finding{.rule = "program-not-found", .severity = Severity::Warning, .platform = scope_.image.platform};
    finding.is = entry && entry->type == tree::Type::Dir ? fmt::format("{} of {} is a directory", word, role_)
                 : word.contains('/')                    ? fmt::format("{} of {} is not in the image", word, role_)
                                       : fmt::format("{} of {} is in no directory of PATH", word, role_);
    finding.hint = "ignore this if it is mounted when the container starts";
    report(std::move(finding));
  }

  void not_executable(const Place& place, std::string is, std::string hint) {
    Finding finding = about(place, "not-executable", Severity::Warning);
    finding.is = std::move(is);
    finding.hint = std::move(hint);
    report(std::move(finding));
  }

  /// What the kernel does with the file. True if a shell reads it.
  bool file(const Place& place, int hops) {
    if (scope_.is_allowed(place.path)) return false;
    scope_.done.emplace(place.layer, place.path);
    if (const std::string* line = files_.script(place)) return script(place, *line, hops);
    if (const Code* code = files_.code(place)) {
      program(place, *code);
    } else if (const auto* entry = scope_.image.layers[place.layer].tree->find(place.path); entry && (entry->mode & 0111)) {
      not_executable(place, entry->size == 0 ? "an empty file" : "neither a program nor a script that begins with #!",
                     "started directly it ends with \"exec format error\"");
    }
    return false;
  }

  void program(const Place& place, const Code& code) {
    const Fit fits = code.format == Format::Elf ? fit(code.elf, scope_.image.platform) : Fit::Other;
    if (fits == Fit::No || fits == Fit::Other) {
      Finding finding = about(place, "wrong-machine", severity_);
      finding.is = describe(code);
      finding.expected = name_of(scope_.image.platform);
      finding.hint =
          "build it for the platform: ARG TARGETARCH, then GOARCH=$TARGETARCH, a cross compiler or the download for it";
      return report(std::move(finding));
    }
    if (const int has = x86_level(scope_.image.platform), needs = x86_level(code.elf); has > 0 && needs > has) {
      Finding finding = about(place, "cpu-level", needs > 2 ? Severity::Warning : Severity::Note);
      finding.is = fmt::format("a program that needs x86-64-v{}", needs);
      finding.expected = has > 1 ? fmt::format("at most x86-64-v{}", has) : "any amd64 machine to run it";
      finding.hint = fmt::format("publish it as linux/amd64/v{}, or build it for a lower level", needs);
      report(std::move(finding));
    }
    if (code.elf.interpreter.empty() || !loader(place, code)) return;
    check_libraries(scope_, place, code, role_, severity_);
  }

  /// True if the program's loader is there and fits.
  bool loader(const Place& place, const Code& code) {
    const std::string& name = code.elf.interpreter;
    const auto real = files_.resolve(name);
    const auto at = real ? files_.place(*real) : std::nullopt;
    if (at) {
      const Code* found = files_.code(*at);
      if (found && found->format == Format::Elf && found->elf.machine == code.elf.machine && found->elf.bits == code.elf.bits)
        return true;
      if (scope_.is_allowed(at->path)) return false;
      scope_.done.emplace(at->layer, at->path);
      Finding finding = about(*at, "wrong-machine", severity_);
      finding.is = found ? describe(*found) : "no loader";
      finding.expected = machine_name(code.elf);
      finding.role = "the loader of " + role_;
      report(std::move(finding));
      return false;
    }
    const Libc wants = libc_of_loader(name), has = libc_of_image();
    const bool is_other_libc = wants != Libc::Unknown && has != Libc::Unknown && has != wants;
    Finding finding = about(place, is_other_libc ? "wrong-libc" : "missing-loader", severity_);
    finding.is = is_other_libc ? fmt::format("linked against {}, but the image has {}: its loader {} is not there",
                                             wants == Libc::Glibc ? "glibc" : "musl", has == Libc::Glibc ? "glibc" : "musl", name)
                               : fmt::format("dynamically linked and needs {}, which is not in the image", name);
    finding.hint = is_other_libc ? "build and run it on the same kind of distribution, or link it statically"
                                 : "link it statically (Go: CGO_ENABLED=0), or use a base image that has this C library";
    report(std::move(finding));
    return false;
  }

  Libc libc_of_image() const {
    for (const char* dir : {"lib", "lib64", "usr/lib", "usr/lib64"}) {
      const auto real = files_.resolve(dir);
      if (!real) continue;
      const auto names = files_.children(*real);
      for (const auto& name : names)
        if (const Libc libc = libc_of_loader(name); libc != Libc::Unknown) return libc;
    }
    return Libc::Unknown;
  }

  bool script(const Place& place, const std::string& line, int hops) {
    const std::string_view text = trim(std::string_view(line).substr(0, line.find('\0')));
    const size_t blank = text.find_first_of(" \t");
    const std::string interpreter(text.substr(0, blank));
    if (interpreter.empty() || hops > kMostHops) return false;
    if (line.ends_with('\r') && blank == text.npos) {
      // The kernel takes the carriage return as a part of the name.
      missing_interpreter(place, fmt::format("a script with Windows line ends: its interpreter would be \"{}\\r\"", interpreter),
                          "convert its lines to end in LF only");
      return false;
    }
    const auto real = look_up(interpreter.contains('/') ? interpreter : cwd_ + "/" + interpreter);
    const auto at = real ? files_.place(*real) : std::nullopt;
    if (!at) {
      missing_interpreter(place, fmt::format("a script for {}, which is not in the image", interpreter),
                          "install it, or name an interpreter that is there");
      return false;
    }
    file(*at, hops + 1);
    const std::string_view rest = blank == text.npos ? "" : trim(text.substr(blank));
    if (base_of(interpreter) == "env") return env_script(place, std::string(rest), hops);
    return is_shell(base_of(interpreter));
  }

  /// "#!/usr/bin/env [-S] [NAME=VALUE...] PROGRAM"
  bool env_script(const Place& place, const std::string& rest, int hops) {
    for (const auto& word : split(rest, ' ')) {
      if (word.empty() || word.starts_with('-') || word.contains('=')) continue;
      const auto real = look_up(word);
      const auto at = real ? files_.place(*real) : std::nullopt;
      if (!at) {
        missing_interpreter(place, fmt::format("a script for {}, which env finds in no directory of PATH", word),
                            "install it, or set PATH to where it is");
        return false;
      }
      file(*at, hops + 1);
      return is_shell(word);
    }
    return false;
  }

  void missing_interpreter(const Place& place, std::string is, std::string hint) {
    Finding finding = about(place, "missing-interpreter", severity_);
    finding.is = std::move(is);
    finding.hint = std::move(hint);
    report(std::move(finding));
  }

  /// What the arguments start: the text of `sh -c`, the command of a wrapper, what an entrypoint script gets to exec.
  void follow(const std::vector<std::string>& words, std::string_view name, bool is_shell_script, int hops) {
    if (is_shell(name)) {
      for (size_t i = 1; i + 1 < words.size() && words[i].starts_with('-'); ++i) {
        if (words[i].starts_with("--") || !words[i].contains('c')) continue;
        if (const auto command = first_command(words[i + 1])) {
          const std::string before = cwd_;
          if (!command->cwd.empty()) cwd_ = command->cwd.starts_with('/') ? command->cwd : cwd_ + "/" + command->cwd;
          start(command->words, false, hops + 1);
          cwd_ = before;
        }
        return;
      }
      return;
    }
    auto before = words_before_program(name);
    if (!before && is_shell_script) before = 0;
    if (!before) return;
    for (size_t i = 1; i < words.size(); ++i) {
      const bool is_setting = name == "env" && words[i].contains('=');
      if (words[i].starts_with('-') || is_setting || (*before)-- > 0) continue;
      return start({words.begin() + static_cast<ptrdiff_t>(i), words.end()}, false, hops + 1);
    }
  }

  Scope& scope_;
  const Files& files_;
  const std::string role_;
  const Severity severity_;
  std::string cwd_;
  std::vector<std::string> path_;
};

}  // namespace

void check_program(Scope& scope) {
  const image::Config& config = scope.image.config;
  const auto entrypoint = config.entrypoint.value_or(std::vector<std::string>{});
  const auto cmd = config.cmd.value_or(std::vector<std::string>{});
  std::vector<std::string> words = entrypoint;
  words.insert(words.end(), cmd.begin(), cmd.end());
  const std::string role = entrypoint.empty() ? quoted("CMD", cmd)
                           : cmd.empty()      ? quoted("ENTRYPOINT", entrypoint)
                                              : quoted("ENTRYPOINT", entrypoint) + " " + quoted("CMD", cmd);
  Walk(scope, role, Severity::Error).start(words, true);
  if (!config.healthcheck || config.healthcheck->test.size() < 2) return;
  std::vector<std::string> test = config.healthcheck->test;
  const bool is_shell_form = test[0] == "CMD-SHELL";
  test.erase(test.begin());
  if (is_shell_form) test = {"/bin/sh", "-c", test[0]};
  Walk(scope, quoted("HEALTHCHECK", test), Severity::Warning).start(test, true);
}

}  // namespace slipway::verify
