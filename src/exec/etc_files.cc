// Composing the text of those files; run_step writes them into the bundle and binds them read-only.
#include "exec/etc_files.h"

#include <fmt/core.h>

namespace slipway::exec {

std::string hosts_file(const std::string& hostname,
                       const std::vector<std::pair<std::string, std::string>>& extra) {
  std::string text =
      fmt::format("127.0.0.1\tlocalhost {}\n::1\tlocalhost ip6-localhost ip6-loopback\n", hostname);
  for (const auto& [name, address] : extra) text += fmt::format("{}\t{}\n", address, name);
  return text;
}

}  // namespace slipway::exec
