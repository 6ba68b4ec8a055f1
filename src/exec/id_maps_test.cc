// Id maps from the files that grant them.
#include "exec/id_maps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::exec {
namespace {

using testing::ElementsAre;

TEST(IdMaps, ReadsTheKernelsTable) {
  EXPECT_THAT(parse_id_map("         0       1000          1\n         1     100000      65536\n"),
              ElementsAre(IdRange{0, 1000, 1}, IdRange{1, 100000, 65536}));
  EXPECT_THAT(parse_id_map("garbage\n0 1\n0 -1 5\n"), ElementsAre());
}

TEST(IdMaps, MapsAllOfTheInitialNamespaceInTwoRanges) {
  EXPECT_EQ(id_map_text(identity_map({{0, 0, 4294967295}})), "0 0 1\n1 1 4294967294\n");
}

TEST(IdMaps, MapsWhatAnOuterNamespaceHasOntoItself) {
  EXPECT_EQ(id_map_text(identity_map({{0, 1000, 1}, {1, 100000, 65536}})), "0 0 1\n1 1 65536\n");
}

TEST(IdMaps, PutsTheUserFirstAndItsSubordinateRangesAfter) {
  constexpr char kText[] =
      "# comment\nother:300000:65536\nme:100000:1000\n1000:500000:10\nme:x:y\n";
  const auto map = subordinate_map(1000, "me", kText);
  EXPECT_EQ(id_map_text(map), "0 1000 1\n1 100000 1000\n1001 500000 10\n");
  EXPECT_EQ(id_count(map), 1011u);
}

TEST(IdMaps, WithoutRangesThereIsOnlyTheUser) {
  EXPECT_EQ(id_map_text(subordinate_map(1000, "me", "other:100000:65536\n")), "0 1000 1\n");
  EXPECT_EQ(id_map_text(subordinate_map(1000, "", ":100000:65536\n")), "0 1000 1\n");
}

}  // namespace
}  // namespace slipway::exec
