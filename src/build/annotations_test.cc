#include "build/annotations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace slipway::build {
namespace {

using testing::ElementsAre;

TEST(Annotations, LevelsAndPlatformsAreKeptApart) {
  std::vector<graph::Target> targets(2);
  targets[0].platform = {.os = "linux", .arch = "amd64"};
  targets[1].platform = {.os = "linux", .arch = "arm64"};
  const auto found = annotations_of(
      {{.level = "", .platform = {}, .key = "m", .value = "1"},
       {.level = "manifest", .platform = targets[1].platform, .key = "m", .value = "2"},
       {.level = "manifest-descriptor", .platform = targets[0].platform, .key = "d", .value = "3"},
       {.level = "index", .platform = {}, .key = "i", .value = "4"},
       {.level = "index-descriptor", .platform = {}, .key = "x", .value = "5"}},
      targets);
  EXPECT_THAT(found.images[0].manifest, ElementsAre(std::pair("m", "1")));
  EXPECT_THAT(found.images[1].manifest, ElementsAre(std::pair("m", "2")));
  EXPECT_THAT(found.images[0].descriptor, ElementsAre(std::pair("d", "3")));
  EXPECT_THAT(found.index, ElementsAre(std::pair("i", "4")));
  EXPECT_THAT(found.index_descriptor, ElementsAre(std::pair("x", "5")));
  EXPECT_THROW(annotations_of({{.level = "",
                                .platform = oci::Platform{.os = "linux", .arch = "s390x"},
                                .key = "k",
                                .value = "v"}},
                              targets),
               Error);
}

}  // namespace
}  // namespace slipway::build
