#include "hash/sha256.h"

#include <openssl/evp.h>

#include "base/error.h"
#include "base/text.h"

namespace slipway::hash {
namespace {

const EVP_MD* algorithm() {
  // Fetched once: EVP_sha256() looks the implementation up again for each message.
  static EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  CHECK(md != nullptr);
  return md;
}

}  // namespace

struct Sha256::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Impl() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
  CHECK(EVP_DigestInit_ex2(impl_->context, algorithm(), nullptr) == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const uint8_t> bytes) {
  CHECK(EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) == 1);
}

void Sha256::update(std::string_view bytes) {
  CHECK(EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) == 1);
}

Sha256Sum Sha256::finish() {
  Sha256Sum sum;
  unsigned length = 0;
  CHECK(EVP_DigestFinal_ex(impl_->context, sum.data(), &length) == 1 && length == sum.size());
  CHECK(EVP_DigestInit_ex2(impl_->context, nullptr, nullptr) == 1);
  return sum;
}

std::string Sha256::finish_hex() { return to_hex(finish()); }

std::string sha256_hex(std::string_view bytes) {
  Sha256 hasher;
  hasher.update(bytes);
  return hasher.finish_hex();
}

}  // namespace slipway::hash
