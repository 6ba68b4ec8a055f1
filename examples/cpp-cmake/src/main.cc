// Prints the CRC-32 of each argument, and which architecture it was compiled for.
#include <zlib.h>

#include <cstdio>
#include <string_view>

#if defined(__x86_64__)
constexpr const char* kArchitecture = "amd64";
#elif defined(__aarch64__)
constexpr const char* kArchitecture = "arm64";
#else
#error "an architecture that this program has no name for"
#endif

int main(int count, char** arguments) {
  for (int i = 1; i < count; ++i) {
    const std::string_view text = arguments[i];
    std::printf("%08lx  %s\n", crc32(0, reinterpret_cast<const Bytef*>(text.data()), text.size()), arguments[i]);
  }
  std::printf("zlib %s, %s\n", zlibVersion(), kArchitecture);
}
