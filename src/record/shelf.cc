#include "record/shelf.h"

#include <fmt/core.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/error.h"
#include "os/fs.h"

namespace slipway::record {
namespace {

constexpr std::string_view kSuffix = ".json";

std::string folder(const std::string& store_root) { return store_root + "/builds"; }

std::string file_of(const std::string& store_root, std::string_view id) {
  return fmt::format("{}/{}{}", folder(store_root), id, kSuffix);
}

}  // namespace

// Builds of one second are told apart by the millisecond, so that the last one is the last one.
std::string new_id(int64_t seconds_since_epoch) {
  const std::time_t time = seconds_since_epoch;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  // A moment ago, as far as seconds tell: the end of that second.
  const long millisecond = now.tv_sec == time ? now.tv_nsec / 1'000'000 : 999;
  std::array<uint8_t, 2> random{};
  [[maybe_unused]] const ssize_t n = ::getrandom(random.data(), random.size(), 0);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}-{:03x}{:02x}{:02x}", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     millisecond, random[0], random[1]);
}

void put(const std::string& store_root, const Build& build) {
  CHECK(!build.id.empty());
  os::make_dirs(folder(store_root));
  os::write_file_atomic(file_of(store_root, build.id), to_json(build));
  const auto all = ids(store_root);
  for (size_t i = kKept; i < all.size(); ++i) ::unlink(file_of(store_root, all[i]).c_str());
}

std::vector<std::string> ids(const std::string& store_root) {
  std::vector<std::string> out;
  if (!os::is_directory(folder(store_root))) return out;
  for (const auto& name : os::list_dir(folder(store_root)))
    if (name.size() > kSuffix.size() && name.ends_with(kSuffix) && !name.starts_with("."))
      out.push_back(name.substr(0, name.size() - kSuffix.size()));
  std::ranges::sort(out, std::ranges::greater{});
  return out;
}

Build get(const std::string& store_root, std::string_view wanted) {
  const auto all = ids(store_root);
  if (all.empty())
    throw Error("this store has no record of a build", store_root,
                "run `slipway build` first, or name the store with --store");
  std::vector<std::string> fitting;
  for (const auto& id : all)
    if (id.starts_with(wanted)) fitting.push_back(id);
  if (fitting.empty())
    throw Error(fmt::format("there is no record of a build \"{}\"", wanted), {},
                "`slipway history` lists them");
  if (!wanted.empty() && fitting.size() > 1)
    throw Error(fmt::format("{} builds begin with \"{}\"", fitting.size(), wanted), {},
                fmt::format("the newest of them is {}", fitting.front()));
  const std::string path = file_of(store_root, fitting.front());
  return from_json(os::read_file(path), path);
}

}  // namespace slipway::record
