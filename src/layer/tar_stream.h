// A tree as the bytes of a tar archive, made while they are read: headers from the tree, content
// from wherever it lies.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "layer/order.h"
#include "layer/watcher.h"
#include "os/fd.h"
#include "tree/tree.h"

namespace slipway::layer {

struct TarTimes {
  int64_t clamp_ns = 0;  // later times become it
  bool flatten = false;  // all times become it
};

class TarStream {
 public:
  enum class Kind {
    Layer,    // whiteouts become `.wh.` files, opaque directories get a `.wh..wh..opq`
    Archive,  // plain tar; a whiteout in the tree is a bug
  };

  /// `tree` and `watcher`, which may be null, must outlive the stream.
  TarStream(const tree::Tree& tree, Kind kind, TarTimes times, Watcher* watcher = nullptr);

  /// Fills all of `into` unless the archive ends first. Throws Error naming the file that cannot be
  /// read, is no regular file any more or has another size than the tree says, or that a layer
  /// cannot hold (its name begins with `.wh.`).
  size_t read(std::span<uint8_t> into);

 private:
  void next_entry();
  void append_entry(const Placed& placed);
  void open_content(const tree::Entry& entry);
  size_t read_file(std::span<uint8_t> into);

  const Kind kind_;
  const TarTimes times_;
  Watcher* const watcher_;
  std::vector<Placed> order_;
  size_t next_ = 0;
  bool ended_ = false;
  // What comes next: first the rest of `pending_`, then the rest of the open file and its padding.
  std::string pending_;
  size_t pending_at_ = 0;
  const tree::Entry* content_ = nullptr;
  os::UniqueFd file_;
  uint64_t file_left_ = 0;
  size_t padding_left_ = 0;
};

}  // namespace slipway::layer
