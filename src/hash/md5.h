// MD5, for the sums that package databases keep of their files: it tells whether a file has changed since, not who made it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace slipway::hash {

class Md5 {
 public:
  Md5();
  ~Md5();
  void update(std::span<const uint8_t> bytes);
  /// Of all bytes so far; once.
  std::string finish_hex();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::hash
