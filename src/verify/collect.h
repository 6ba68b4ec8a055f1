// The facts of a layer, from its files as they pass by. Of most files it looks at eight bytes; machine code and archives
// are read where they lie on disk, or kept in memory until they have passed if they lie nowhere.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "layer/watcher.h"
#include "tree/tree.h"
#include "verify/facts.h"

namespace slipway::verify {

class Collector : public layer::Watcher {
 public:
  void begin(const std::string& path, const tree::Entry& entry, const std::string& disk_path) override;
  void bytes(std::span<const uint8_t> piece) override;
  void zeros(uint64_t count) override;
  void end() override;

  /// What was found, by the names that `listing` has for the files; files that it does not have any more are left out.
  Facts finish(const tree::Tree& listing);
  /// Bytes and files that passed by: what it would cost to collect again.
  uint64_t seen_bytes() const { return seen_bytes_; }
  uint64_t seen_files() const { return seen_files_; }

 private:
  enum class Wants { Nothing, Magic, Line, Text, Code, Zip };
  void look(std::span<const uint8_t> head);
  void keep(std::span<const uint8_t> piece);
  void forget(const std::string& path);

  Facts facts_;
  uint64_t seen_bytes_ = 0, seen_files_ = 0;
  // The file that is passing by.
  Wants wants_ = Wants::Nothing;
  std::string path_, disk_path_;
  uint64_t size_ = 0;
  bool is_executable_ = false, is_text_ = false;
  std::vector<uint8_t> kept_;  // its first bytes
};

/// The facts of a layer whose files are all within reach: a pass of its own, for layers that nobody watched when they were
/// made. Reads as little of each file as tells what it is. Throws Error naming a file that cannot be read, Cancelled.
Facts collect(const tree::Tree& files, std::stop_token stop);

}  // namespace slipway::verify
