#include "record/listing.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "base/text.h"
#include "compress/decode.h"
#include "compress/encode.h"
#include "os/fs.h"

namespace slipway::record {
namespace {

// Enough that two contents of one path are told apart; more would not compress.
constexpr size_t kDigitsOfContent = 12;

std::string folder(const std::string& store_root) { return store_root + "/builds/files"; }

std::string packed(std::string_view text) {
  const auto encoder = compress::make_encoder(compress::Format::Zstd, 1);
  const size_t step = compress::block_size(compress::Format::Zstd);
  std::vector<uint8_t> out;
  for (size_t at = 0; at < text.size() || at == 0; at += step) {
    const auto piece = text.substr(at, step);
    encoder->encode({reinterpret_cast<const uint8_t*>(piece.data()), piece.size()}, out);
  }
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

std::string unpacked(const std::string& bytes) {
  size_t at = 0;
  const auto decoder =
      compress::make_decoder(compress::Format::Zstd, [&](std::span<uint8_t> into) {
        const size_t n = std::min(into.size(), bytes.size() - at);
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), n, into.begin());
        at += n;
        return n;
      });
  std::string out;
  std::vector<uint8_t> piece(64 << 10);
  while (const size_t n = decoder->read(piece))
    out.append(reinterpret_cast<const char*>(piece.data()), n);
  return out;
}

/// Removes the oldest until what is left fits.
void limit(const std::string& dir) {
  struct File {
    int64_t written;
    std::string path;
    uint64_t bytes;
  };
  std::vector<File> files;
  uint64_t total = 0;
  for (const auto& name : os::list_dir(dir)) {
    struct stat st{};
    const std::string path = dir + "/" + name;
    if (::lstat(path.c_str(), &st) != 0) continue;
    files.push_back({st.st_mtim.tv_sec, path, static_cast<uint64_t>(st.st_blocks) * 512});
    total += files.back().bytes;
  }
  std::ranges::sort(files, {}, [](const File& file) { return std::tie(file.written, file.path); });
  size_t left = files.size();
  for (const auto& file : files) {
    if (left <= kMostListings && total <= kMostListingBytes) break;
    ::unlink(file.path.c_str());
    total -= file.bytes;
    --left;
  }
}

}  // namespace

void ListingWriter::add(std::string_view path, std::string_view type, uint32_t mode,
                        std::string_view content) {
  if (++count_ > kMostFiles) {
    text_.clear();
    return;
  }
  // A path may have line feeds, so that its length is written.
  text_ += fmt::format("{}{:o} {} {}:{}\n", type, mode, content.substr(0, kDigitsOfContent),
                       path.size(), path);
}

std::string ListingWriter::text() const { return text_; }

std::string_view name_of(FileChange::Kind kind) {
  switch (kind) {
    case FileChange::Kind::Added:
      return "added";
    case FileChange::Kind::Removed:
      return "removed";
    case FileChange::Kind::Content:
      return "changed";
    case FileChange::Kind::Mode:
      return "mode";
  }
  return "changed";
}

std::map<std::string, std::string> entries_of(std::string_view listing) {
  std::map<std::string, std::string> out;
  while (!listing.empty()) {
    const size_t first = listing.find(' ');
    const size_t second = first == listing.npos ? listing.npos : listing.find(' ', first + 1);
    const size_t colon = second == listing.npos ? listing.npos : listing.find(':', second);
    if (colon == listing.npos) break;
    const auto size = parse_u64(listing.substr(second + 1, colon - second - 1));
    if (!size || *size >= listing.size() - colon - 1) break;
    out[std::string(listing.substr(colon + 1, *size))] = listing.substr(0, second);
    listing.remove_prefix(colon + 2 + *size);
  }
  return out;
}

std::vector<FileChange> changes(std::string_view before, std::string_view now) {
  const auto old_files = entries_of(before), new_files = entries_of(now);
  std::vector<FileChange> out;
  for (const auto& [path, what] : old_files)
    if (!new_files.contains(path)) out.push_back({FileChange::Kind::Removed, path});
  for (const auto& [path, what] : new_files) {
    const auto old = old_files.find(path);
    if (old == old_files.end()) {
      out.push_back({FileChange::Kind::Added, path});
    } else if (old->second != what) {
      const bool same_content =
          old->second[0] == what[0] &&
          old->second.substr(old->second.find(' ')) == what.substr(what.find(' '));
      out.push_back(
          {same_content ? FileChange::Kind::Mode : FileChange::Kind::Content, path});
    }
  }
  std::ranges::stable_sort(out, {}, &FileChange::path);
  return out;
}

void put_listing(const std::string& store_root, const std::string& content,
                 std::string_view listing) {
  const std::string dir = folder(store_root), path = dir + "/" + content;
  if (listing.empty() || os::exists(path)) return;
  os::make_dirs(dir);
  os::write_file_atomic(path, packed(listing));
  limit(dir);
}

std::optional<std::string> get_listing(const std::string& store_root, const std::string& content) {
  const auto bytes = os::read_file_if_exists(folder(store_root) + "/" + content);
  if (!bytes) return std::nullopt;
  try {
    return unpacked(*bytes);
  } catch (const Error&) {
    return std::nullopt;  // cut off by a crash of the machine: as good as not there
  }
}

}  // namespace slipway::record
