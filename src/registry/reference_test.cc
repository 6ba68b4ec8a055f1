#include "registry/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace slipway::registry {
namespace {

using ::testing::HasSubstr;

const std::string kSum = "4b825dc642cb6eb9a060e54bf8d69288fbee49046b2c1a7d3a2f1e9c8d7b6a50";

struct Spelling {
  std::string text, canonical, familiar;
};

class ReferenceSpelling : public ::testing::TestWithParam<Spelling> {};

TEST_P(ReferenceSpelling, HasOneCanonicalAndOneFamiliarForm) {
  const Reference ref = parse_reference(GetParam().text);
  EXPECT_EQ(ref.str(), GetParam().canonical);
  EXPECT_EQ(ref.familiar(), GetParam().familiar);
  EXPECT_EQ(parse_reference(ref.str()), ref);
  EXPECT_EQ(parse_reference(ref.familiar()), ref);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ReferenceSpelling,
    ::testing::Values(
        Spelling{"debian", "docker.io/library/debian:latest", "debian:latest"},
        Spelling{"debian:bookworm", "docker.io/library/debian:bookworm", "debian:bookworm"},
        Spelling{"grafana/loki", "docker.io/grafana/loki:latest", "grafana/loki:latest"},
        Spelling{"docker.io/debian", "docker.io/library/debian:latest", "debian:latest"},
        Spelling{"index.docker.io/library/debian:12", "docker.io/library/debian:12", "debian:12"},
        Spelling{"docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"},
        Spelling{"ghcr.io/owner/app:v1", "ghcr.io/owner/app:v1", "ghcr.io/owner/app:v1"},
        Spelling{"localhost/app", "localhost/app:latest", "localhost/app:latest"},
        Spelling{"localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000/app:1"},
        Spelling{"127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c:latest",
                 "127.0.0.1:5000/a/b/c:latest"},
        Spelling{"[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000/app:latest"},
        Spelling{"Registry/app", "Registry/app:latest", "Registry/app:latest"},
        Spelling{"a_b__c-d---e.f", "docker.io/library/a_b__c-d---e.f:latest",
                 "a_b__c-d---e.f:latest"},
        Spelling{"docker.io/example.com/app", "docker.io/example.com/app:latest",
                 "docker.io/example.com/app:latest"},
        Spelling{"app@sha256:" + kSum, "docker.io/library/app@sha256:" + kSum,
                 "app@sha256:" + kSum},
        Spelling{"app:1@sha256:" + kSum, "docker.io/library/app:1@sha256:" + kSum,
                 "app:1@sha256:" + kSum}));

struct Refusal {
  std::string text, reason, hint;
};

class ReferenceRefusal : public ::testing::TestWithParam<Refusal> {};

TEST_P(ReferenceRefusal, SaysWhichPartIsWrongAndWhatToWrite) {
  try {
    parse_reference(GetParam().text);
    FAIL() << "accepted " << GetParam().text;
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr(GetParam().reason));
    EXPECT_THAT(error.hint(), HasSubstr(GetParam().hint));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, ReferenceRefusal,
    ::testing::Values(
        Refusal{"", "empty", "app:1.0"}, Refusal{"MyApp", "upper-case", "myapp"},
        Refusal{"ghcr.io/Owner/App:1", "upper-case", "owner/app"},
        Refusal{"https://ghcr.io/owner/app", "URL scheme", "ghcr.io/owner/app"},
        Refusal{"app:", "\"\" is not a tag", "up to 128"},
        Refusal{"app:-1", "not a tag", "begins with"},
        Refusal{"app:" + std::string(129, 'x'), "not a tag", "128"},
        Refusal{"app@sha256:abc", "not a sha256 digest", "64 hexadecimal"},
        Refusal{"app@sha512:" + kSum + kSum, "not a sha256 digest", "sha256:"},
        Refusal{"a//b", "empty path element", "extra"},
        Refusal{"app/", "empty path element", "extra"},
        Refusal{"/app", "empty path element", "extra"}, Refusal{"ghcr.io/", "missing", "app:1.0"},
        Refusal{":1", "missing", "app:1.0"}, Refusal{"a..b", "not a name", "single dots"},
        Refusal{"a___b", "not a name", "underscores"}, Refusal{"-app", "not a name", "lower-case"},
        Refusal{"app!", "not a name", "lower-case"},
        Refusal{"host:port/app", "not a registry host", "NAME:PORT"},
        Refusal{"-x.com/app", "not a registry host", "docker.io"},
        Refusal{"[::1/app", "not a registry host", "NAME:PORT"},
        Refusal{kSum, "image id", "@sha256:"},
        Refusal{std::string(300, 'a'), "more than 255", "shorter"}));

}  // namespace
}  // namespace slipway::registry
