#include "build/file_attestations.h"

#include <fmt/core.h>

#include "attest/file_bytes.h"
#include "base/error.h"
#include "hash/sha256.h"
#include "tree/copy.h"

namespace slipway::build {
namespace {

oci::Digest digest_of(const tree::Entry& file, std::vector<uint8_t>& buffer) {
  if (file.content.digest) return oci::Digest::from_sum(*file.content.digest);
  if (file.content.disk_path.empty()) return oci::Digest::of(file.content.bytes);
  attest::DiskBytes bytes(file.content.disk_path);
  hash::Sha256 sum;
  uint64_t at = 0;
  while (const size_t count = bytes.read(at, buffer)) {
    sum.update(std::span<const uint8_t>(buffer.data(), count));
    at += count;
  }
  return oci::Digest::from_sum(sum.finish());
}

std::vector<attest::Subject> subjects_of(const tree::Tree& files, std::stop_token stop) {
  std::vector<attest::Subject> out;
  std::vector<uint8_t> buffer(256 * 1024);
  for (const auto& entry : files.entries()) {
    if (stop.stop_requested()) throw Cancelled();
    const tree::Entry* file = &entry;
    if (entry.type == tree::Type::Hardlink) file = files.find(entry.link);
    if (file && file->type == tree::Type::File)
      out.push_back({entry.path, digest_of(*file, buffer)});
  }
  return out;
}

}  // namespace

tree::Tree with_attestations(const tree::Tree& files,
                             const std::vector<attest::Attestation>& attestations,
                             const std::string& prefix, const std::string& platform,
                             std::stop_token stop) {
  std::vector<tree::Entry> entries = files.entries();
  const auto subjects = subjects_of(files, stop);
  for (const auto& attestation : attestations) {
    std::string name = prefix + attestation.file_name;
    if (!platform.empty()) {
      const size_t dot = name.rfind('.');
      name = dot == name.npos ? name + "." + platform
                              : name.substr(0, dot) + "." + platform + name.substr(dot);
    }
    if (name.contains('/') || name.contains('\0') || name == "." || name == "..")
      throw Error(fmt::format("\"{}\" is no file name for an attestation", name),
                  "--output attestation-prefix");
    for (const auto& entry : entries)
      if (entry.path == name)
        throw Error(
            fmt::format("the result has a file {} already, which an attestation should be called",
                        name),
            "--output", "choose attestation-prefix=PREFIX");
    tree::Entry entry{.path = name, .type = tree::Type::File, .mode = 0600};
    entry.content.bytes = attest::readable_statement(attestation, subjects);
    entry.size = entry.content.bytes.size();
    entry.mtime_ns = tree::kNeutralTime * 1'000'000'000;
    entries.push_back(std::move(entry));
  }
  return tree::Tree(std::move(entries));
}

}  // namespace slipway::build
