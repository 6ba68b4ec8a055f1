// Tar archives as they come, entry by entry: v7, ustar, pax, GNU and star headers, sparse files of
// all four kinds.
//
// Reads strictly and trusts nothing: every number and length is checked, memory stays below 3 MiB
// whatever the archive says, and every refusal is an Error that names the byte offset. Names are
// given out as they are: what they may mean for a directory is decided by archive_tree.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "layer/tar_header.h"
#include "tree/tree.h"

namespace slipway::layer {

/// Bytes handed out where they lie.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Between 1 and `most` of the next bytes, valid until the next call; none only at the end.
  virtual std::span<const uint8_t> take(size_t most) = 0;
};

struct TarEntry {
  uint64_t offset = 0;  // of the header block in the archive, for messages
  std::string name;     // as written, perhaps with slashes in front or at the end
  std::string link;     // target of symbolic and hard links
  tree::Type type = tree::Type::File;
  uint32_t mode = 0, uid = 0, gid = 0;
  uint64_t size =
      0;  // of the content as a program sees it (holes of sparse files counted); 0 but for files
  int64_t mtime_ns = 0;
  uint32_t device_major = 0, device_minor = 0;
  tree::Xattrs xattrs;  // sorted, one value a name
};

class TarReader {
 public:
  /// `bytes` must outlive the reader.
  explicit TarReader(ByteStream& bytes) : bytes_(bytes) {}

  /// Goes to the next entry, past what is left of this one's content. False at the end of the
  /// archive (two zero blocks, or the end of the bytes between entries, as GNU tar and Go take it).
  bool next(TarEntry& entry);

  /// The next piece of the current file's content: bytes, or a hole of `zeros` bytes; both empty at
  /// its end.
  struct Piece {
    std::span<const uint8_t> bytes;
    uint64_t zeros = 0;
    bool empty() const { return bytes.empty() && zeros == 0; }
  };
  Piece content();

 private:
  using Block = std::array<char, kTarBlock>;
  struct Extent {
    uint64_t offset, size;
  };
  /// What pax and GNU headers say about the entry that follows them.
  struct Extra {
    std::optional<std::string> name, link, gnu_name, gnu_link, sparse_name;
    std::optional<uint64_t> size, uid, gid, real_size;
    std::optional<int64_t> mtime_ns;
    tree::Xattrs xattrs;
    bool sparse_1_0 = false;
    int sparse_major = -1;
    std::optional<std::vector<Extent>> sparse;
    std::optional<uint64_t> sparse_offset;  // of format 0.0, waiting for its size
  };

  [[noreturn]] void damaged(std::string_view how) const;
  std::optional<Block> read_block();
  void skip(uint64_t count);
  void skip_rest();
  std::string read_special(uint64_t size, std::string_view what);
  void read_pax(std::string_view records, Extra& extra);
  void pax_record(std::string_view key, std::string_view value, Extra& extra);
  void fill(const Block& block, char type, const Extra& extra, TarEntry& entry);
  void start_content(const Block& block, char type, Extra& extra, TarEntry& entry);
  void old_gnu_sparse(const Block& block, std::vector<Extent>& extents);
  void pax_1_0_sparse(std::vector<Extent>& extents);
  void check_extents(const std::vector<Extent>& extents, uint64_t real_size);
  int64_t number(const Block& block, Field where) const;
  uint64_t unsigned_number(const Block& block, Field where, std::string_view what) const;
  uint64_t decimal(std::string_view text, std::string_view what) const;

  ByteStream& bytes_;
  uint64_t at_ = 0;         // offset of the next byte
  uint64_t header_at_ = 0;  // offset of the header being read
  bool ended_ = false;
  Extra global_;
  uint64_t stored_left_ = 0;  // content bytes of the current entry that are still in the archive
  uint64_t padding_ = 0;
  uint64_t holes_total_ = 0;
  // The current sparse file; empty for others.
  std::vector<Extent> extents_;
  size_t extent_ = 0;
  uint64_t real_at_ = 0, real_size_ = 0;
  bool is_sparse_ = false;
};

/// True if `block` (512 bytes) has a header's checksum.
bool is_tar_header(std::span<const char> block);

}  // namespace slipway::layer
