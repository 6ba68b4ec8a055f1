#include "attest/purl.h"

#include <gtest/gtest.h>

namespace slipway::attest {
namespace {

TEST(Purl, QualifiersAreSortedEncodedAndLeftOutWhenEmpty) {
  EXPECT_EQ(
      package_url("deb", "debian", "libstdc++6", "12.2.0-14+deb12u1",
                  {{"upstream", "gcc-12@12.2.0"}, {"arch", "amd64"}, {"epoch", ""}}),
      "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&upstream=gcc-12%4012.2.0");
}

TEST(Purl, ColonsOfEpochsStay) {
  EXPECT_EQ(package_url("deb", "debian", "vim", "2:9.0"), "pkg:deb/debian/vim@2:9.0");
}

TEST(Purl, NamespacesHaveSegmentsAndScopesAreEncoded) {
  EXPECT_EQ(package_url("golang", "golang.org/x", "sys", "v0.1.0"),
            "pkg:golang/golang.org/x/sys@v0.1.0");
  EXPECT_EQ(package_url("npm", "@angular", "core", "1.0.0"), "pkg:npm/%40angular/core@1.0.0");
}

TEST(Purl, ImagesOfDockerHubAreNamedAsDockerDoes) {
  const oci::Platform amd64{.os = "linux", .arch = "amd64"};
  EXPECT_EQ(image_url("docker", "busybox", amd64),
            "pkg:docker/busybox@latest?platform=linux%2Famd64");
  EXPECT_EQ(image_url("docker", "foo/bar:1", amd64), "pkg:docker/foo/bar@1?platform=linux%2Famd64");
  EXPECT_EQ(image_url("docker", "localhost:5000/a/b:x", std::nullopt),
            "pkg:docker/localhost:5000/a/b@x");
}

TEST(Purl, ADigestOfTheReferenceIsAQualifierIfItIsKept) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  EXPECT_EQ(image_url("docker", "busybox@" + digest, std::nullopt),
            "pkg:docker/busybox?digest=" + digest);
  EXPECT_EQ(image_url("docker", "busybox:1@" + digest, std::nullopt, false),
            "pkg:docker/busybox@1");
}

}  // namespace
}  // namespace slipway::attest
