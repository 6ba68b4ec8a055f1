// A property: after any sequence of builds and prunes the store takes no more than its ceiling, and
// every answer of the cache is still right.
#include <map>
#include <random>

#include "store/files.h"
#include "store/testing.h"

namespace slipway::store {
namespace {

constexpr uint64_t kCeiling = 1'500'000;

class Ceiling : public StoreTest {
 protected:
  uint64_t on_disk() const {
    Seen seen;
    return disk_bytes(root_, seen);
  }

  /// One step as a build does it: what the cache has must be right, what it lacks is made.
  static void step(Store& store, int number, std::mt19937& random) {
    const std::string key = "step" + std::to_string(number), id = "run:" + key;
    const std::string bytes = id + std::string(2000 * static_cast<size_t>(number + 1), 'b');
    const auto record = store.find_record(key);
    const auto dir = record ? store.layer_dir(id) : std::nullopt;
    if (record) {
      EXPECT_EQ(record->value, id + " kept");
      ASSERT_TRUE(dir.has_value()) << "a record without its layer";
      EXPECT_EQ(os::read_file(*dir + "/name"), id);
      EXPECT_EQ(store.layer_tree(id), id);
      for (const auto& blob : store.layer_blobs(id)) EXPECT_EQ(store.read_blob(blob.digest), bytes);
      return;
    }
    const std::string made = store.new_dir();
    write_to(made + "/name", id);
    write_to(made + "/data", std::string(std::uniform_int_distribution<size_t>(1, 300'000)(random), 'd'));
    store.publish_dir(id, made);
    store.put_layer_tree(id, id);
    if (number % 2 == 0)
      store.put_layer_blob(id, {.form = "gzip", .digest = store.put_blob(bytes), .size = bytes.size()});
    store.note_cost(id, std::uniform_real_distribution<double>(0, 100)(random));
    store.put_record(key, id + " kept", {{"step", "run"}, {"command", key}});
  }

  static void check_images(const Store& store) {
    for (const auto& image : store.images()) {
      const auto manifest = oci::parse_manifest(store.read_blob(image.descriptor.digest), image.name);
      EXPECT_TRUE(store.has_blob(manifest.config.digest));
      for (const auto& layer : manifest.layers) EXPECT_TRUE(store.has_blob(layer.digest));
    }
  }
};

TEST_F(Ceiling, HoldsAfterAnySequenceOfBuildsAndTheCacheStaysRight) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    std::mt19937 random(seed);
    const auto chance = [&](int of) { return std::uniform_int_distribution<int>(1, of)(random) == 1; };
    for (int build = 0; build < 25; ++build) {
      {
        Store store(root_);
        for (int i = 0; i < 4; ++i) step(store, std::uniform_int_distribution<int>(0, 15)(random), random);
        if (chance(3))
          put_image(store, "app:" + std::to_string(build % 7), std::string(40'000, static_cast<char>('a' + build % 26)));
        if (chance(3)) {
          const auto mount = store.open_cache_mount("m" + std::to_string(build % 3), Store::Sharing::Shared, {});
          write_to(mount.path + "/f" + std::to_string(build), std::string(50'000, 'm'));
        }
        if (chance(4)) store.write_stamps("/context" + std::to_string(build % 4), std::string(5000, 's'));
        // In the middle of a build only what it does not use goes.
        if (chance(4)) store.prune({.all = true, .max_bytes = kCeiling});
      }
      if (chance(5)) sql("UPDATE layers SET last_used=last_used-1000000; UPDATE records SET last_used=last_used-1000000");
      Store store(root_);
      store.prune({.all = true, .max_bytes = kCeiling});
      EXPECT_LE(on_disk(), kCeiling) << "seed " << seed << ", build " << build;
      check_images(store);
    }
  }
}

TEST_F(Ceiling, WhatARunningBuildUsesStaysAndGoesAfterwards) {
  Store user(root_);
  std::mt19937 random(1);
  for (int i = 0; i < 8; ++i) step(user, i, random);
  EXPECT_TRUE(in_child([&] { Store(root_).prune({.all = true, .max_bytes = 1}); }));
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(user.find_record("step" + std::to_string(i)).has_value());
}

TEST_F(Ceiling, DuTellsWhatItTakesToMakeThingsAgain) {
  {
    Store store(root_);
    std::mt19937 random(1);
    step(store, 2, random);
    store.note_cost("run:step2", 120);
    store.note_cost("run:step2", 30);  // the longest counts
    write_to(store.open_cache_mount("go", Store::Sharing::Shared, {}).path + "/f", "x");
    store.note_cost("mount:go", 7);
  }
  std::map<std::string, Usage> usages;
  for (auto& usage : Store(root_).usage()) usages[usage.name] = usage;
  EXPECT_GE(usages.at("run:step2").rebuild_seconds, 120);
  EXPECT_EQ(usages.at("run:step2").parts.at(1).second, "step2");
  EXPECT_EQ(usages.at("go").rebuild_seconds, 7);
}

}  // namespace
}  // namespace slipway::store
