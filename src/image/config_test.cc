#include "image/config.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace slipway::image {
namespace {

TEST(Config, PrintThenParseKeepsWhatAnImageSays) {
  Config c;
  c.platform = {.os = "linux", .arch = "arm", .variant = "v6", .os_version = {}};
  c.created = "1980-01-01T00:00:00Z";
  c.env = {"PATH=/bin", "A=b=c"};
  c.cmd = {{"sh", "-c", "x"}};
  c.entrypoint = std::vector<std::string>{};
  c.labels = {{"b", "2"}, {"a", "1"}};
  c.exposed_ports = {"80/tcp"};
  c.volumes = {"/data"};
  c.healthcheck = Healthcheck{.test = {"CMD", "x"}, .interval = 5, .retries = 3};
  c.on_build = {"RUN x"};
  c.diff_ids = {oci::Digest::of("x")};
  c.history = {{.created = "1980-01-01T00:00:00Z", .created_by = "RUN x", .author = "", .comment = "c", .empty_layer = true}};
  const std::string bytes = print(c);
  const Config back = parse_config(bytes, "test");
  EXPECT_EQ(print(back), bytes);
  EXPECT_EQ(back.env, c.env);
  EXPECT_EQ(back.cmd, c.cmd);
  EXPECT_EQ(back.healthcheck, c.healthcheck);
  EXPECT_EQ(back.history, c.history);
  EXPECT_EQ(back.platform, c.platform);
}

TEST(Config, EmptyListsAreNotSaid) {
  Config c;
  c.entrypoint = std::vector<std::string>{};
  c.cmd = std::vector<std::string>{};
  c.shell = std::vector<std::string>{};
  const std::string text = print(c);
  for (const char* key : {"Entrypoint", "Cmd", "Shell"}) EXPECT_EQ(text.find(key), text.npos) << key;
}

TEST(Config, SetEnvReplacesInPlace) {
  Config c;
  c.env = {"A=1", "B=2"};
  c.set_env("A", "3");
  c.set_env("C", "4");
  EXPECT_EQ(c.env, (std::vector<std::string>{"A=3", "B=2", "C=4"}));
  EXPECT_EQ(c.env_value("B"), "2");
  EXPECT_EQ(c.env_value("D"), std::nullopt);
}

TEST(Config, RefusesWhatIsNoConfig) {
  EXPECT_THROW(parse_config("[]", "x"), Error);
  EXPECT_THROW(parse_config(R"({"rootfs":{"diff_ids":["sha256:zz"]}})", "x"), Error);
}

TEST(Rfc3339, CountsDays) {
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339(315532800), "1980-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339(1709210096), "2024-02-29T12:34:56Z");
  EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59Z");
}

}  // namespace
}  // namespace slipway::image
