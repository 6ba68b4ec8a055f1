// Which files a COPY took, small enough to keep for every content that a COPY ever had: the answer
// to "which file changed". Written by build/, kept in the folder `builds/files` of the store
// (docs/formats/build-record.md), compared by `slipway why`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::record {

/// More files than this are not listed: then only that something changed is known.
constexpr size_t kMostFiles = 50'000;
/// What the folder may take; the least recently written listings go first.
constexpr uint64_t kMostListingBytes = uint64_t{32} << 20;
constexpr size_t kMostListings = 500;

/// Builds a listing entry by entry, in any order; paths relative to the context.
class ListingWriter {
 public:
  /// `type`: "f", "d", "l" ...; `content`: hex digits of the file's digest or a link's target.
  void add(std::string_view path, std::string_view type, uint32_t mode, std::string_view content);
  /// Empty if there were more than kMostFiles.
  std::string text() const;

 private:
  size_t count_ = 0;
  std::string text_;
};

struct FileChange {
  enum class Kind { Added, Removed, Content, Mode } kind = Kind::Content;
  std::string path;
  bool operator==(const FileChange&) const = default;
};
std::string_view name_of(FileChange::Kind kind);

/// path -> what it was, from a listing; lines that cannot be read are skipped.
std::map<std::string, std::string> entries_of(std::string_view listing);
/// In the order of paths. Directories count only where they came or went alone or changed mode.
std::vector<FileChange> changes(std::string_view before, std::string_view now);

/// Keeps a listing under the digest of the content that it is of; nothing happens if it is there.
void put_listing(const std::string& store_root, const std::string& content,
                 std::string_view listing);
std::optional<std::string> get_listing(const std::string& store_root, const std::string& content);

}  // namespace slipway::record
