// SHA-256 over OpenSSL's EVP. The algorithm is fetched once per process; a hasher's context is reused after reset().
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace slipway::hash {

using Sha256Sum = std::array<uint8_t, 32>;

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const uint8_t> bytes);
  void update(std::string_view bytes);
  /// The sum of all bytes since construction or the last finish(); leaves the hasher ready for the next message.
  Sha256Sum finish();
  std::string finish_hex();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string sha256_hex(std::string_view bytes);

}  // namespace slipway::hash
