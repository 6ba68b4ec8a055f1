// registries.conf, daemon.json and certs.d: which places serve which name, in which order, and how
// they are trusted.
#include "registry/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "registry/client_fixture.h"
#include "registry/registries_conf.h"
#include "registry/retry.h"

namespace slipway::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Places : public ClientFixture {
 protected:
  /// "host/repository", "+" for insecure, "!" for mirrors.
  std::vector<std::string> places(const std::string& name) {
    std::vector<std::string> out;
    for (const auto& endpoint : Settings(options()).pull_endpoints(parse_reference(name)))
      out.push_back((endpoint.scheme.empty() ? "" : endpoint.scheme + "://") + endpoint.str() +
                    (endpoint.insecure ? "+" : "") + (endpoint.is_mirror ? "!" : ""));
    return out;
  }
  void conf(const std::string& text) { write("registries.conf", text); }
};

TEST_F(Places, WithoutSettingsANameIsItsOwnPlace) {
  EXPECT_THAT(places("debian"), ElementsAre("docker.io/library/debian"));
  EXPECT_EQ(Settings(options()).pull_endpoints(parse_reference("debian"))[0].api_host(),
            "registry-1.docker.io");
  EXPECT_THAT(places("ghcr.io/a/b"), ElementsAre("ghcr.io/a/b"));
  EXPECT_THAT(places("localhost:5000/a"), ElementsAre("localhost:5000/a+"));
}

TEST_F(Places, MirrorsComeFirstInTheirOrder) {
  conf(R"(
unqualified-search-registries = ["quay.io"]
[[registry]]
prefix = "docker.io"
location = "docker.io"
[[registry.mirror]]
location = "mirror.corp:5000/hub"
insecure = true
[[registry.mirror]]
location = "second.corp"
)");
  EXPECT_THAT(places("debian:12"),
              ElementsAre("mirror.corp:5000/hub/library/debian+!", "second.corp/library/debian!",
                          "docker.io/library/debian"));
  EXPECT_THAT(places("ghcr.io/a/b"), ElementsAre("ghcr.io/a/b"));
}

TEST_F(Places, TheLongestPrefixDecides) {
  conf(R"(
[[registry]]
location = "a.example"
insecure = true
[[registry]]
prefix = "a.example/team"
location = "b.example/moved"
[[registry]]
prefix = "*.c.example"
insecure = true
[[registry]]
prefix = "*.d.example"
location = "e.example:5000"
)");
  EXPECT_THAT(places("a.example/x"), ElementsAre("a.example/x+"));
  EXPECT_THAT(places("a.example/team/x:1"), ElementsAre("b.example/moved/x"));
  EXPECT_THAT(places("a.example/teams/x"), ElementsAre("a.example/teams/x+"));
  EXPECT_THAT(places("a.example:80/x"), ElementsAre("a.example:80/x"));
  EXPECT_THAT(places("x.y.c.example/x"), ElementsAre("x.y.c.example/x+"));
  EXPECT_THAT(places("c.example/x"), ElementsAre("c.example/x"));
  EXPECT_THAT(places("x.d.example/p/q"), ElementsAre("e.example:5000/p/q"));
  EXPECT_EQ(Settings(options()).push_endpoint(parse_reference("a.example/team/x")).str(),
            "b.example/moved/x");
}

TEST_F(Places, MirrorsMayServeOnlyTagsOrOnlyDigests) {
  conf(R"(
[[registry]]
location = "a.example"
[[registry.mirror]]
location = "tags.example"
pull-from-mirror = "tag-only"
[[registry.mirror]]
location = "digests.example"
pull-from-mirror = "digest-only"
)");
  EXPECT_THAT(places("a.example/x:1"), ElementsAre("tags.example/x!", "a.example/x"));
  EXPECT_THAT(places("a.example/x@" + oci::Digest::of("x").str()),
              ElementsAre("digests.example/x!", "a.example/x"));
}

TEST_F(Places, ABlockedRegistryNamesTheFileThatBlocksIt) {
  conf("[[registry]]\nlocation = \"bad.example\"\nblocked = true\n");
  EXPECT_THAT(
      error_text([&] { places("bad.example/x"); }),
      AllOf(HasSubstr("bad.example/x:latest is blocked"), HasSubstr(dir() + "/registries.conf")));
}

TEST_F(Places, ADropInReplacesAnEntryOfTheSamePrefix) {
  conf("[[registry]]\nlocation = \"a.example\"\nblocked = true\n");
  os::make_dirs(dir() + "/registries.conf.d");
  write("registries.conf.d/10.conf", "[[registry]]\nlocation = \"a.example\"\ninsecure = true\n");
  write("registries.conf.d/readme", "not a conf file");
  EXPECT_THAT(places("a.example/x"), ElementsAre("a.example/x+"));
}

TEST_F(Places, TheFirstVersionOfTheFormatIsRead) {
  conf(
      "[registries.insecure]\nregistries = ['a.example']\n[registries.block]\nregistries = "
      "['b.example']\n");
  EXPECT_THAT(places("a.example/x"), ElementsAre("a.example/x+"));
  EXPECT_THAT(error_text([&] { places("b.example/x"); }), HasSubstr("blocked"));
}

TEST_F(Places, MistakesInTheFileAreNamedWithTheirLine) {
  const auto mistake = [&](const std::string& text) {
    conf(text);
    return error_text([&] { places("x"); });
  };
  const std::string at = dir() + "/registries.conf:";
  EXPECT_THAT(mistake("[[registry]\n"), HasSubstr(at + "1: not valid TOML"));
  EXPECT_THAT(mistake("\n[[registry]]\ninsecure = true\n"),
              HasSubstr(at + "2: a [[registry]] has neither"));
  EXPECT_THAT(mistake("[[registry]]\nlocation = 5\n"),
              HasSubstr(at + "2: location must be a string"));
  EXPECT_THAT(mistake("[[registry]]\nlocation='x'\ninsecure='yes'\n"),
              HasSubstr("insecure must be true or false"));
  EXPECT_THAT(mistake("[registry]\nlocation='x'\n"), HasSubstr("double brackets"));
  EXPECT_THAT(mistake("[[registry]]\nlocation='https://x'\n"), HasSubstr("has a URL scheme"));
  EXPECT_THAT(mistake("[[registry]]\nlocation='x'\n[[registry.mirror]]\n"),
              HasSubstr("has no location"));
  EXPECT_THAT(
      mistake(
          "[[registry]]\nlocation='x'\n[[registry.mirror]]\nlocation='y'\npull-from-mirror='no'\n"),
      HasSubstr("use all, digest-only or tag-only"));
}

TEST_F(Places, DaemonJsonGivesMirrorsOfDockerHubAndInsecureHosts) {
  write("daemon.json", R"({"registry-mirrors":["https://m.example","http://n.example:5000/hub/"],
                           "insecure-registries":["a.example:5000","10.1.0.0/16","fd00::/8"]})");
  EXPECT_THAT(places("debian"), ElementsAre("https://m.example/library/debian!",
                                            "http://n.example:5000/hub/library/debian+!",
                                            "docker.io/library/debian"));
  EXPECT_THAT(places("a.example:5000/x"), ElementsAre("a.example:5000/x+"));
  EXPECT_THAT(places("10.1.2.3:80/x"), ElementsAre("10.1.2.3:80/x+"));
  EXPECT_THAT(places("10.2.2.3:80/x"), ElementsAre("10.2.2.3:80/x"));
  EXPECT_THAT(places("[fd12::1]:80/x"), ElementsAre("[fd12::1]:80/x+"));
  EXPECT_THAT(places("b.example/x"), ElementsAre("b.example/x"));
  write("daemon.json", R"({"registry-mirrors":"https://m.example"})");
  EXPECT_THAT(error_text([&] { places("x"); }), HasSubstr("registry-mirrors is not a list"));
}

TEST_F(Places, CertificatesComeFromTheDirectoryOfTheHost) {
  os::make_dirs(dir() + "/certs.d/a.example:5000");
  const std::string base = dir() + "/certs.d/a.example:5000/";
  write("certs.d/a.example:5000/ca.crt", "AUTHORITY");
  write("certs.d/a.example:5000/client.cert", "c");
  EXPECT_THAT(error_text([&] { Settings(options()).tls_for("a.example:5000", false); }),
              HasSubstr(base + "client.key"));
  write("certs.d/a.example:5000/client.key", "k");
  const auto tls = Settings(options()).tls_for("a.example:5000", true);
  EXPECT_TRUE(tls.verify);
  EXPECT_THAT(tls.ca_pem, HasSubstr("AUTHORITY"));
  EXPECT_EQ(tls.client_cert, base + "client.cert");
  EXPECT_EQ(tls.client_key, base + "client.key");
  EXPECT_EQ(Settings(options()).tls_for("a.example", false), http::Tls{});
  EXPECT_FALSE(Settings(options()).tls_for("a.example", true).verify);
}

TEST(RetryAfter, ReadsSecondsAndDates) {
  EXPECT_EQ(retry_after_seconds("7", 0), 7);
  EXPECT_EQ(retry_after_seconds("Sun, 06 Nov 1994 08:49:37 GMT", 784111770), 7);
  EXPECT_EQ(retry_after_seconds("Sun, 06 Nov 1994 08:49:37 GMT", 784111800), 0);
  EXPECT_FALSE(retry_after_seconds("soon", 0));
}

}  // namespace
}  // namespace slipway::registry
