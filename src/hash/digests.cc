#include "hash/digests.h"

#include <openssl/evp.h>

#include "base/error.h"

namespace slipway::hash {

std::string digest_of(std::string_view algorithm, std::string_view bytes) {
  const EVP_MD* md = algorithm == "md5" ? EVP_md5() : algorithm == "sha1" ? EVP_sha1() : EVP_sha512();
  CHECK(algorithm == "md5" || algorithm == "sha1" || algorithm == "sha512");
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), sum, &length, md, nullptr) == 1);
  return std::string(reinterpret_cast<const char*>(sum), length);
}

}  // namespace slipway::hash
