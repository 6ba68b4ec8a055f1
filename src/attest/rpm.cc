// RPM's databases: one header per package, in a table of an SQLite file or in the slots of an ndb
// file.
//
// A header: the numbers of index entries and of data bytes, the entries (tag, type, offset, count;
// all 4 bytes, big-endian), and the data that they point into.
#include <fmt/core.h>

#include <map>

#include "attest/package_databases.h"
#include "attest/sqlite_table.h"
#include "base/error.h"

namespace slipway::attest {
namespace {

enum Tag : uint32_t {
  kName = 1000,
  kVersion = 1001,
  kRelease = 1002,
  kEpoch = 1003,
  kSummary = 1004,
  kVendor = 1011,
  kLicense = 1014,
  kUrl = 1020,
  kArch = 1022,
  kSourceRpm = 1044,
};

uint32_t big_endian(std::string_view bytes, size_t at) {
  uint32_t out = 0;
  for (size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<uint8_t>(bytes[at + i]);
  return out;
}

uint32_t little_endian(std::string_view bytes, size_t at) {
  uint32_t out = 0;
  for (size_t i = 4; i-- > 0;) out = out << 8 | static_cast<uint8_t>(bytes[at + i]);
  return out;
}

}  // namespace

std::optional<Package> read_rpm_header(std::string_view blob, const std::string& path) {
  constexpr size_t kEntry = 16;
  constexpr uint32_t kInt32 = 4, kString = 6, kTranslated = 9;
  if (blob.size() < 8) return std::nullopt;
  const uint64_t entries = big_endian(blob, 0), data_size = big_endian(blob, 4);
  if (8 + entries * kEntry + data_size > blob.size()) return std::nullopt;
  const std::string_view data = blob.substr(8 + entries * kEntry, data_size);
  std::map<uint32_t, std::string> values;
  for (size_t i = 0; i < entries; ++i) {
    const size_t at = 8 + i * kEntry;
    const uint32_t tag = big_endian(blob, at), type = big_endian(blob, at + 4),
                   offset = big_endian(blob, at + 8);
    if (offset >= data.size()) continue;
    if (type == kString || type == kTranslated) {
      const std::string_view rest = data.substr(offset);
      values.emplace(tag, rest.substr(0, rest.find('\0')));
    } else if (type == kInt32 && offset + 4 <= data.size()) {
      values.emplace(tag, fmt::format("{}", big_endian(data, offset)));
    }
  }
  Package out{.type = "rpm", .name = values[kName], .version = values[kVersion]};
  if (out.name.empty() || out.version.empty() || out.name == "gpg-pubkey") return std::nullopt;
  if (!values[kRelease].empty()) out.version += "-" + values[kRelease];
  out.qualifiers = {
      {"arch", values[kArch]}, {"epoch", values[kEpoch]}, {"upstream", values[kSourceRpm]}};
  out.license = values[kLicense];
  out.supplier = values[kVendor];
  out.homepage = values[kUrl];
  out.summary = values[kSummary];
  out.found_in = {path};
  return out;
}

std::vector<Package> read_rpm_sqlite(std::string_view bytes, const std::string& path) {
  std::vector<Package> out;
  for (const auto& blob : read_sqlite_blobs(bytes, "Packages", 1, path))
    if (auto package = read_rpm_header(blob, path)) out.push_back(std::move(*package));
  return out;
}

std::vector<Package> read_rpm_ndb(std::string_view bytes, const std::string& path) {
  constexpr size_t kPage = 4096, kSlot = 16, kHeader = 32, kBlock = 16;
  const auto damaged = [&] { return Error("damaged ndb package database", path); };
  if (bytes.size() < kPage || !bytes.starts_with("RpmP")) throw damaged();
  const uint64_t slots_end = uint64_t{little_endian(bytes, 12)} * kPage;
  if (slots_end > bytes.size()) throw damaged();
  std::vector<Package> out;
  for (uint64_t at = kHeader; at + kSlot <= slots_end; at += kSlot) {
    if (bytes.substr(at, 4) != "Slot") throw damaged();
    if (little_endian(bytes, at + 4) == 0) continue;  // a free one
    const uint64_t blob = uint64_t{little_endian(bytes, at + 8)} * kBlock;
    if (blob + kBlock > bytes.size() || bytes.substr(blob, 4) != "BlbS") throw damaged();
    const uint64_t size = little_endian(bytes, blob + 12);
    if (size > bytes.size() - blob - kBlock) throw damaged();
    if (auto package = read_rpm_header(bytes.substr(blob + kBlock, size), path))
      out.push_back(std::move(*package));
  }
  return out;
}

}  // namespace slipway::attest
