#include "hash/md5.h"

#include <openssl/evp.h>

#include <array>

#include "base/error.h"
#include "base/text.h"

namespace slipway::hash {

struct Md5::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  bool is_known = false;  // hosts in FIPS mode do not have it
  ~Impl() { EVP_MD_CTX_free(context); }
};

Md5::Md5() : impl_(std::make_unique<Impl>()) {
  impl_->is_known = EVP_DigestInit_ex(impl_->context, EVP_md5(), nullptr) == 1;
}
Md5::~Md5() = default;

void Md5::update(std::span<const uint8_t> bytes) {
  if (impl_->is_known) CHECK(EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) == 1);
}

std::string Md5::finish_hex() {
  std::array<uint8_t, 16> sum{};
  unsigned length = 0;
  if (!impl_->is_known || EVP_DigestFinal_ex(impl_->context, sum.data(), &length) != 1) return {};
  return to_hex(sum);
}

}  // namespace slipway::hash
