// For the tests of this room: entries in a line, archives with anything in their headers, layers in
// memory.
#pragma once

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "layer/tar_header.h"
#include "layer/unpack.h"
#include "layer/write.h"
#include "os/fd.h"
#include "os/fs.h"
#include "os/process.h"
#include "tree/tree.h"

namespace slipway::layer::testing {

inline tree::Entry entry(std::string path, tree::Type type, uint32_t mode) {
  tree::Entry made;
  made.path = std::move(path);
  made.type = type;
  made.mode = mode;
  return made;
}
inline tree::Entry file(std::string path, std::string bytes) {
  tree::Entry made = entry(std::move(path), tree::Type::File, 0644);
  made.size = bytes.size();
  made.content.bytes = std::move(bytes);
  return made;
}
inline tree::Entry dir(std::string path, uint32_t mode = 0755) {
  return entry(std::move(path), tree::Type::Dir, mode);
}
inline tree::Entry gone(std::string path) {
  return entry(std::move(path), tree::Type::Whiteout, 0);
}
inline tree::Entry symlink(std::string path, std::string to) {
  tree::Entry made = entry(std::move(path), tree::Type::Symlink, 0777);
  made.link = std::move(to);
  return made;
}
inline tree::Entry hardlink(std::string path, std::string to) {
  tree::Entry made = entry(std::move(path), tree::Type::Hardlink, 0);
  made.link = std::move(to);
  return made;
}

/// An archive written field by field, so that it can be as wrong as a test wants.
class RawTar {
 public:
  struct Header {
    std::string name = "file";
    char type = '0';
    std::string content;
    std::string link;
    std::string mode = "0000644";
    std::string uid = "0000000", gid = "0000000";
    std::string size;  // the content's if empty
    std::string mtime = "00000000000";
    std::string magic = std::string(
        "ustar\0"
        "00",
        8);
    std::string prefix;
    std::string dev_major = "0000000", dev_minor = "0000000";
    bool bad_checksum = false;
  };

  RawTar& add(const Header& header) {
    std::string block(kTarBlock, '\0');
    const auto put = [&](Field field, std::string_view text) {
      block.replace(field.offset, std::min(text.size(), field.size), text.substr(0, field.size));
    };
    put(ustar::kName, header.name);
    put(ustar::kMode, header.mode);
    put(ustar::kUid, header.uid);
    put(ustar::kGid, header.gid);
    put(ustar::kSize,
        header.size.empty() ? fmt::format("{:011o}", header.content.size()) : header.size);
    put(ustar::kMtime, header.mtime);
    put(ustar::kType, std::string_view(&header.type, 1));
    put(ustar::kLinkName, header.link);
    put({ustar::kMagic.offset, 8}, header.magic);
    put(ustar::kDevMajor, header.dev_major);
    put(ustar::kDevMinor, header.dev_minor);
    put(ustar::kPrefix, header.prefix);
    return block_with_checksum(block, header.bad_checksum).raw(header.content);
  }
  RawTar& block_with_checksum(std::string block, bool wrong = false) {
    put_checksum(block, wrong);
    bytes_ += block;
    return *this;
  }
  /// Bytes and their padding.
  RawTar& raw(std::string_view bytes) {
    bytes_.append(bytes).append((kTarBlock - bytes.size() % kTarBlock) % kTarBlock, '\0');
    return *this;
  }
  RawTar& pax(const std::vector<std::pair<std::string, std::string>>& records, char type = 'x') {
    std::string text;
    for (const auto& [key, value] : records) {
      size_t length = key.size() + value.size() + 3;
      while (fmt::format("{}", length).size() + key.size() + value.size() + 3 != length)
        length = fmt::format("{}", length).size() + key.size() + value.size() + 3;
      text += fmt::format("{} {}={}\n", length, key, value);
    }
    return add({.name = "PaxHeaders/x", .type = type, .content = text});
  }
  RawTar& end() {
    bytes_.append(2 * kTarBlock, '\0');
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  static void put_checksum(std::string& block, bool wrong) {
    block.replace(ustar::kChecksum.offset, 8, "        ");
    unsigned sum = wrong ? 1 : 0;
    for (const char c : block) sum += static_cast<unsigned char>(c);
    block.replace(ustar::kChecksum.offset, 7, fmt::format("{:06o}", sum) + std::string(1, '\0'));
  }
  std::string bytes_;
};

/// Bytes as an open file to be read from its beginning.
inline os::UniqueFd as_file(std::string_view bytes) {
  os::UniqueFd fd(::memfd_create("test", MFD_CLOEXEC));
  os::write_all(fd.get(), bytes);
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

inline Unpacked unpack_bytes(std::string_view bytes, const std::string& target,
                             UnpackOptions options = {}) {
  const os::UniqueFd fd = as_file(bytes);
  return unpack(fd.get(), target, options);
}
inline Unpacked list_bytes(std::string_view bytes, UnpackOptions options = {},
                           const std::function<bool(const std::string&)>& keep = {}) {
  const os::UniqueFd fd = as_file(bytes);
  return list(fd.get(), options, keep);
}

struct Layer {
  std::string bytes;
  Written written;
};
inline Layer write_to_memory(const tree::Tree& tree, const WriteOptions& options = {}) {
  Layer layer;
  layer.written = write_layer(tree, options, [&](std::span<const uint8_t> piece) {
    layer.bytes.append(piece.begin(), piece.end());
  });
  return layer;
}

/// The text of the Error that `action` throws, with its contexts; "" if it does not throw.
template <typename Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.render();
  }
  return "";
}

inline std::string shell(const std::string& script, std::string_view input = {}) {
  const os::Finished done = os::run({.argv = {"/bin/sh", "-euc", script}, .input = input});
  if (!done.ok()) return fmt::format("exit {}: {}", done.exit_code(), done.errors);
  return done.output;
}

inline bool is_root() { return ::geteuid() == 0; }

}  // namespace slipway::layer::testing
