#include "cli/docker_config.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "json/json.h"
#include "os/fs.h"

namespace slipway::cli {
namespace {

constexpr std::pair<const char*, const char*> kProxies[] = {{"httpProxy", "HTTP_PROXY"},
                                                            {"httpsProxy", "HTTPS_PROXY"},
                                                            {"noProxy", "NO_PROXY"},
                                                            {"ftpProxy", "FTP_PROXY"},
                                                            {"allProxy", "ALL_PROXY"}};

/// Empty if there is no place for it.
std::string config_path(const Environment& environment) {
  if (const auto dir = environment("DOCKER_CONFIG"); dir && !dir->empty())
    return os::join_path(*dir, "config.json");
  const auto home = environment("HOME");
  return home && !home->empty() ? os::join_path(*home, ".docker/config.json") : "";
}

}  // namespace

void add_configured_proxies(std::map<std::string, std::string>& build_args, const Environment& environment) {
  const std::string path = config_path(environment);
  const auto text = path.empty() ? std::nullopt : os::read_file_if_exists(path);
  if (!text || trim(*text).empty()) return;
  const json::Value root = json::parse(*text, path);
  const json::Value* proxies = json::find(root, "proxies");
  if (!proxies || !proxies->is_object()) return;
  const json::Value* chosen = nullptr;
  if (const auto host = environment("DOCKER_HOST")) chosen = json::find(*proxies, *host);
  if (!chosen) chosen = json::find(*proxies, "default");
  if (!chosen || !chosen->is_object()) return;
  for (const auto& [key, name] : kProxies) {
    const std::string value = json::string_or(*chosen, key);
    const bool is_given = std::ranges::any_of(
        build_args, [&, name = name](const auto& arg) { return to_lower(arg.first) == to_lower(name); });
    if (!value.empty() && !is_given) build_args[name] = value;
  }
}

}  // namespace slipway::cli
