#include "cli/docker_config.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "os/fs.h"

namespace slipway::cli {
namespace {

using Map = std::map<std::string, std::string>;

class DockerConfig : public ::testing::Test {
 protected:
  Map proxies(const std::string& config, Map build_args = {}, Map variables = {}) {
    os::write_file_atomic(dir_.path() + "/config.json", config);
    variables["DOCKER_CONFIG"] = dir_.path();
    add_configured_proxies(build_args, [&](const std::string& name) {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
    return build_args;
  }

  os::TempDir dir_{::testing::TempDir(), "docker-config-"};
};

TEST_F(DockerConfig, ProxiesBecomeBuildArguments) {
  EXPECT_EQ(proxies(R"({"proxies": {"default": {"httpProxy": "http://a", "httpsProxy": "http://b",
                        "noProxy": "c", "ftpProxy": "d", "allProxy": "e", "other": 1}}})"),
            (Map{{"HTTP_PROXY", "http://a"},
                 {"HTTPS_PROXY", "http://b"},
                 {"NO_PROXY", "c"},
                 {"FTP_PROXY", "d"},
                 {"ALL_PROXY", "e"}}));
}

TEST_F(DockerConfig, BuildArgumentsGoBeforeInAnyCasing) {
  EXPECT_EQ(proxies(R"({"proxies": {"default": {"httpProxy": "http://a"}}})", {{"http_proxy", ""}}),
            (Map{{"http_proxy", ""}}));
}

TEST_F(DockerConfig, ADaemonMayHaveItsOwn) {
  const char* config = R"({"proxies": {"default": {"httpProxy": "a"}, "tcp://h:1": {"httpProxy": "b"}}})";
  EXPECT_EQ(proxies(config, {}, {{"DOCKER_HOST", "tcp://h:1"}}), (Map{{"HTTP_PROXY", "b"}}));
  EXPECT_EQ(proxies(config, {}, {{"DOCKER_HOST", "tcp://h:2"}}), (Map{{"HTTP_PROXY", "a"}}));
}

TEST_F(DockerConfig, AFileWithoutProxiesAddsNothing) {
  for (const char* config : {"", "{}", R"({"proxies": 1})", R"({"proxies": {"default": []}})"})
    EXPECT_EQ(proxies(config), Map{}) << config;
  EXPECT_THROW(proxies("{"), Error);
}

}  // namespace
}  // namespace slipway::cli
