// The formats of deb-md5sums(5) and of dpkg's status. What cannot be read belongs to nobody.
#include "twins/packages.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "hash/md5.h"
#include "os/fd.h"

namespace slipway::twins {
namespace {

constexpr char kDatabase[] = "var/lib/dpkg";

std::vector<std::string> names_in(int root, const std::string& path) {
  std::vector<std::string> out;
  const int fd = ::openat(root, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const dir = fd < 0 ? nullptr : ::fdopendir(fd);
  if (!dir) {
    if (fd >= 0) ::close(fd);
    return out;
  }
  while (const dirent* entry = ::readdir(dir)) out.emplace_back(entry->d_name);
  ::closedir(dir);
  std::ranges::sort(out);
  return out;
}

}  // namespace

std::string stamp_of(int root, const std::string& path) {
  struct stat st;
  if (::fstatat(root, path.c_str(), &st, 0) != 0) return {};
  return fmt::format("{} {} {}.{} {}.{}", st.st_ino, st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec, st.st_ctim.tv_sec,
                     st.st_ctim.tv_nsec);
}

std::map<std::string, Package> parse_status(std::string_view text, std::string_view prefer) {
  std::map<std::string, Package> out;
  std::string name, status;
  Package facts;
  const auto finish = [&] {
    if (!name.empty()) {
      const bool is_there = !status.ends_with(" not-installed") && !status.ends_with(" config-files");
      const auto known = out.find(name);
      const bool wins = known == out.end() || known->second.architecture == facts.architecture ||
                        facts.architecture == prefer || facts.architecture == "all";
      if (is_there && wins) out[name] = facts;
      if (!is_there && known != out.end() && known->second.architecture == facts.architecture) out.erase(known);
    }
    name.clear();
    status.clear();
    facts = {};
  };
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.empty()) {
      finish();
    } else if (line.starts_with("Package: ")) {
      name = trim(line.substr(9));
    } else if (line.starts_with("Status: ")) {
      status = trim(line.substr(8));
    } else if (line.starts_with("Version: ")) {
      facts.version = trim(line.substr(9));
    } else if (line.starts_with("Architecture: ")) {
      facts.architecture = trim(line.substr(14));
    }
  }
  finish();
  return out;
}

std::string Packages::read(const std::string& path) const {
  const os::UniqueFd fd(::openat(root_, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat st;
  constexpr off_t kMost = 64 << 20;
  if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > kMost) return {};
  return os::read_all(fd.get());
}

void Packages::refresh() {
  const std::string info = fmt::format("{}/info", kDatabase);
  const std::string stamp = stamp_of(root_, info);
  if (stamp == info_stamp_) return;
  info_stamp_ = stamp;
  for (const auto& name : names_in(root_, info)) {
    if (!name.ends_with(".md5sums")) continue;
    const std::string path = info + "/" + name, own_stamp = stamp_of(root_, path);
    std::string& known = read_[name];
    if (known == own_stamp) continue;
    known = own_stamp;
    const std::string package = name.substr(0, name.find_first_of(":", 0) == name.npos ? name.size() - 8 : name.find(':'));
    const std::string text = read(path);
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      // 32 digits, two blanks, a path without leading slash.
      if (end - begin > 34) files_[text.substr(begin + 34, end - begin - 34)] = {package, text.substr(begin, 32)};
      begin = end + 1;
    }
  }
}

void Packages::refresh_status() {
  const std::string status = fmt::format("{}/status", kDatabase), updates = fmt::format("{}/updates", kDatabase);
  std::vector<std::string> journal;
  for (const auto& name : names_in(root_, updates))
    if (parse_u64(name)) journal.push_back(updates + "/" + name);
  std::string stamp = stamp_of(root_, status);
  for (const auto& path : journal) stamp += path + stamp_of(root_, path);
  if (stamp == status_stamp_) return;
  status_stamp_ = stamp;
  std::string text = read(status);
  for (const auto& path : journal) text += "\n\n" + read(path);
  packages_ = parse_status(text, architecture_);
}

std::optional<Package> Packages::package(const std::string& name) {
  refresh_status();
  const auto known = packages_.find(name);
  return known == packages_.end() ? std::nullopt : std::optional(known->second);
}

std::optional<Packages::Owner> Packages::owner(const std::string& path) {
  refresh();
  // Packages may still ship what they had before /bin became a link to /usr/bin.
  std::string name = path.substr(1);
  auto known = files_.find(name);
  if (known == files_.end() && name.starts_with("usr/")) known = files_.find(name = name.substr(4));
  if (known == files_.end()) return std::nullopt;
  const auto facts = package(known->second.package);
  if (!facts) return std::nullopt;
  return Owner{known->second.package, *facts, known->second.md5};
}

std::string md5_of(int file) {
  hash::Md5 md5;
  std::vector<uint8_t> buffer(128 * 1024);
  off_t at = 0;
  for (;;) {
    const ssize_t n = ::pread(file, buffer.data(), buffer.size(), at);
    if (n < 0) return {};
    if (n == 0) return md5.finish_hex();
    md5.update(std::span(buffer.data(), static_cast<size_t>(n)));
    at += n;
  }
}

}  // namespace slipway::twins
