#include "store/victims.h"

#include "store/testing.h"

namespace slipway::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kNow = 1'000'000'000;
constexpr int64_t kDay = 24 * 3600;

// Three layers of 100 bytes and one blob of 10 bytes each, used 1, 10 and 20 days ago, each with a
// record; an image of its own and a blob that nothing refers to.
Inventory inventory() {
  Inventory made;
  const int days[] = {1, 10, 20};
  for (size_t i = 0; i < 3; ++i) {
    const std::string hex = "layer" + std::to_string(i);
    made.blobs[hex].bytes = 10;
    made.layers.push_back({.id = "run:" + std::to_string(i),
                           .directory = static_cast<int64_t>(i) + 1,
                           .directory_bytes = 100,
                           .blobs = {hex},
                           .last_used = kNow - days[i] * kDay});
    made.records.push_back(
        {.key = std::to_string(i), .last_used = kNow - days[i] * kDay, .layers = {i}});
  }
  made.blobs["top"] = {.bytes = 1, .made = kNow - 30 * kDay, .children = {"config", "base"}};
  made.blobs["config"].bytes = 1;
  made.blobs["base"].bytes = 50;
  made.blobs["unnamed"].bytes = 1000;
  made.images.push_back({.name = "app:1", .digest = "top", .made = kNow - 30 * kDay});
  return made;
}

TEST(Victims, WithoutOptionsAreWhatNothingNamesAndWhatNoRecentBuildUsed) {
  const Victims victims = choose_victims(inventory(), {}, kNow);
  EXPECT_THAT(victims.blobs, ElementsAre("layer1", "layer2", "unnamed"));
  EXPECT_THAT(victims.layers, ElementsAre(1, 2));
  EXPECT_THAT(victims.records, ElementsAre(1, 2));
  EXPECT_THAT(victims.images, IsEmpty());
}

TEST(Victims, OfAllAreAll) {
  const Victims victims = choose_victims(inventory(), {.all = true}, kNow);
  EXPECT_THAT(victims.layers, ElementsAre(0, 1, 2));
  EXPECT_THAT(victims.images, ElementsAre(0));
  EXPECT_EQ(victims.blobs.size(), 7u);
}

TEST(Victims, ByAgeAreThoseUnusedForSoLong) {
  const Victims victims = choose_victims(inventory(), {.unused_for = 15 * kDay}, kNow);
  EXPECT_THAT(victims.layers, ElementsAre(2));
  EXPECT_THAT(victims.records, ElementsAre(2));
  EXPECT_THAT(choose_victims(inventory(), {.all = true, .unused_for = 25 * kDay}, kNow).images,
              ElementsAre(0));
  EXPECT_THAT(choose_victims(inventory(), {.all = true, .unused_for = 35 * kDay}, kNow).images,
              IsEmpty());
}

TEST(Victims, OfACeilingAndEqualCostAreTheLeastRecentlyUsedUntilTheRestFits) {
  Inventory of = inventory();
  of.other_bytes = 8;
  // Left without what nothing names: 3 layers of 110, the image's 52, other 8.
  ASSERT_EQ(of.total_bytes(), 1390u);
  EXPECT_THAT(choose_victims(of, {.max_bytes = 390}, kNow).layers, IsEmpty());
  EXPECT_THAT(choose_victims(of, {.max_bytes = 389}, kNow).layers, ElementsAre(2));
  EXPECT_THAT(choose_victims(of, {.max_bytes = 280}, kNow).layers, ElementsAre(2));
  EXPECT_THAT(choose_victims(of, {.max_bytes = 200}, kNow).layers, ElementsAre(1, 2));
  EXPECT_THAT(choose_victims(of, {.max_bytes = 0}, kNow).layers, ElementsAre(0, 1, 2));
}

TEST(Victims, OfACeilingAreFirstThoseMadeAgainFastestForTheirSize) {
  constexpr uint64_t kMiB = 1 << 20;
  Inventory of;
  const auto layer = [&](const char* id, uint64_t bytes, int64_t cost_ms, int days) {
    of.layers.push_back({.id = id,
                         .directory = static_cast<int64_t>(of.layers.size()) + 1,
                         .directory_bytes = bytes,
                         .last_used = kNow - days * kDay,
                         .cost_ms = cost_ms});
  };
  layer("run:compile", 10 * kMiB, 60'000, 3);    // 6 s a MiB
  layer("run:download", 100 * kMiB, 10'000, 1);  // 0.1 s a MiB
  layer("diff:base", 100 * kMiB, 0, 0);          // fetched again: 0.04 s a MiB
  layer("tree:copy", 20 * kMiB, 0, 0);           // computed again
  of.mounts.push_back({.id = "go", .path = "go", .bytes = 50 * kMiB, .last_used = kNow, .cost_ms = 90'000});
  std::vector<std::set<size_t>> order;
  for (const uint64_t ceiling : {279, 259, 159, 59, 9})
    order.push_back(choose_victims(of, {.max_bytes = ceiling * kMiB}, kNow).layers);
  EXPECT_THAT(order, ElementsAre(std::set<size_t>{3}, std::set<size_t>{2, 3},
                                 std::set<size_t>{1, 2, 3}, std::set<size_t>{1, 2, 3},
                                 std::set<size_t>{0, 1, 2, 3}));
  EXPECT_THAT(choose_victims(of, {.max_bytes = 59 * kMiB}, kNow).mounts, ElementsAre(0));
}

TEST(Victims, WorthHalvesEachWeekAndNeverGrowsWithAClockThatWentBack) {
  constexpr int64_t kWeek = 7 * kDay;
  EXPECT_EQ(worth(8, 1 << 20, 0), 3);
  EXPECT_EQ(worth(8, 1 << 21, 0), 2);
  EXPECT_EQ(worth(8, 1 << 20, kWeek), 2);
  EXPECT_EQ(worth(8, 1 << 20, -kWeek), 3);
  EXPECT_LT(worth(0, 1 << 20, 0), 0);
}

TEST(Victims, OfACeilingAreImagesOnlyIfAllMayGoAndThenLast) {
  EXPECT_THAT(choose_victims(inventory(), {.max_bytes = 0}, kNow).images, IsEmpty());
  EXPECT_THAT(choose_victims(inventory(), {.all = true, .max_bytes = 60}, kNow).images, IsEmpty());
  EXPECT_THAT(choose_victims(inventory(), {.all = true, .max_bytes = 0}, kNow).images,
              ElementsAre(0));
}

TEST(Victims, NeverIncludeWhatALiveProcessHolds) {
  Inventory of = inventory();
  of.records[2].held = true;  // and through it its layer, and through that the blob
  of.layers[1].held = true;
  of.blobs["top"].held = true;
  const Victims victims = choose_victims(of, {.all = true, .max_bytes = 0}, kNow);
  EXPECT_THAT(victims.layers, ElementsAre(0));
  EXPECT_THAT(victims.images, IsEmpty());
  EXPECT_THAT(victims.blobs, ElementsAre("layer0", "unnamed"));
  EXPECT_FALSE(victims.records.contains(2));
}

TEST(Victims, ABlobOfAnImageOutlivesTheLayerThatMadeIt) {
  Inventory of = inventory();
  of.blobs["top"].children.push_back("layer2");
  const Victims victims = choose_victims(of, {}, kNow);
  EXPECT_THAT(victims.layers, ElementsAre(1, 2));
  EXPECT_THAT(victims.blobs, ElementsAre("layer1", "unnamed"));
}

TEST(Victims, ALayerIsAsYoungAsItsYoungestRecord) {
  Inventory of = inventory();
  of.records[1].layers.push_back(2);
  of.records[1].last_used = kNow;
  EXPECT_THAT(choose_victims(of, {}, kNow).layers, IsEmpty());
  EXPECT_THAT(choose_victims(of, {}, kNow).records, ElementsAre(2));
}

TEST(Victims, OfEqualAgeAreTheLargest) {
  Inventory of = inventory();
  for (auto& layer : of.layers) layer.last_used = kNow;
  for (auto& record : of.records) record.last_used = kNow;
  of.layers[1].directory_bytes = 5000;
  EXPECT_THAT(choose_victims(of, {.max_bytes = 1000}, kNow).layers, ElementsAre(1));
}

TEST(Victims, MountsAndStampsGoByAgeUnlessInUse) {
  Inventory of;
  of.mounts = {{.path = "a", .last_used = kNow - 8 * kDay},
               {.path = "b", .last_used = kNow},
               {.path = "c", .last_used = 0, .held = true}};
  of.stamps = {{"s", 1, kNow - 8 * kDay}, {"t", 1, kNow}};
  const Victims victims = choose_victims(of, {}, kNow);
  EXPECT_THAT(victims.mounts, ElementsAre(0));
  EXPECT_THAT(victims.stamps, ElementsAre(0));
  EXPECT_THAT(choose_victims(of, {.all = true}, kNow).mounts, ElementsAre(0, 1));
}

}  // namespace
}  // namespace slipway::store
