#include <map>

#include "store/files.h"
#include "store/testing.h"

namespace slipway::store {
namespace {

using testing::Contains;
using testing::Each;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

class Prune : public StoreTest {
 protected:
  uint64_t on_disk() const {
    Seen seen;
    return disk_bytes(root_, seen);
  }
  static uint64_t sum(const std::vector<Usage>& usages) {
    uint64_t total = 0;
    for (const auto& each : usages) total += each.bytes;
    return total;
  }
  /// One store that has something of each kind, and is closed again.
  void fill() {
    Store store(root_);
    put_image(store, "app:1", std::string(50'000, 'i'));
    for (const char* key : {"1", "2", "3"}) {
      const std::string id = "run:" + std::string(key);
      publish(store, id, 200'000);
      store.put_layer_tree(id, std::string(10'000, 't'));
      const std::string bytes(100'000, *key);
      store.put_layer_blob(id, {.form = "gzip", .digest = store.put_blob(bytes), .size = 100'000});
      store.put_record(key, R"({"layer":")" + id + R"("})", {{"step", key}});
    }
    write_to(store.open_cache_mount("/cache", Store::Sharing::Shared, {}).path + "/f", "x");
    store.write_stamps("/context", "stamps");
  }
  void age(const std::string& key, int days) {
    const std::string by = std::to_string(int64_t{days} * 24 * 3600);
    sql("UPDATE records SET last_used=last_used-" + by + " WHERE key='" + key + "';" +
        "UPDATE layers SET last_used=last_used-" + by + " WHERE name='run:" + key + "'");
  }
};

TEST_F(Prune, DuSumsUpToWhatTheDirectoryTakesOnDisk) {
  fill();
  Store store(root_);
  const std::string dir = store.new_dir();
  write_to(dir + "/half", std::string(30'000, 'x'));
  write_to(root_ + "/layers/stray", "x");
  (void)store.usage();  // measures, which writes to the database
  const auto usage = store.usage();
  EXPECT_EQ(sum(usage), on_disk());
  for (const char* kind : {"blobs", "snapshots", "cache mounts", "records", "scratch"})
    EXPECT_THAT(usage, Contains(Field(&Usage::kind, kind)));
}

TEST_F(Prune, WithoutOptionsKeepsImagesAndRecentBuilds) {
  fill();
  age("2", 8);
  oci::Digest unnamed;
  {
    Store store(root_);
    unnamed = store.put_blob("nothing names this");
    EXPECT_THAT(store.images(), SizeIs(1));
  }
  const auto gone = Store(root_).prune({});
  EXPECT_THAT(gone, Contains(Field(&Usage::name, "run:2")));
  EXPECT_THAT(gone, Contains(Field(&Usage::name, unnamed.str())));
  EXPECT_THAT(gone, SizeIs(4));  // these, the record and the blob of run:2
  Store store(root_);
  EXPECT_EQ(store.find_record("2"), std::nullopt);
  EXPECT_EQ(store.layer_dir("run:2"), std::nullopt);
  EXPECT_EQ(store.layer_tree("run:2"), std::nullopt);
  EXPECT_THAT(store.layer_blobs("run:2"), IsEmpty());
  for (const char* id : {"run:1", "run:3"}) {
    EXPECT_NE(store.layer_dir(id), std::nullopt);
    EXPECT_NE(store.layer_tree(id), std::nullopt);
    EXPECT_TRUE(store.has_blob(store.layer_blobs(id).at(0).digest));
  }
  EXPECT_TRUE(store.has_blob(store.images().at(0).descriptor.digest));
  EXPECT_EQ(store.read_stamps("/context"), "stamps");
}

TEST_F(Prune, OfAllLeavesAnEmptyStoreThatWorks) {
  fill();
  const uint64_t before = on_disk();
  Store(root_).prune({.all = true});
  EXPECT_LT(on_disk(), before / 5);
  for (const char* dir : {"blobs/sha256", "layers", "trees", "mounts", "stamps", "tmp", "leases"})
    EXPECT_THAT(os::list_dir(root_ + "/" + dir), IsEmpty()) << dir;
  Store store(root_);
  EXPECT_THAT(store.images(), IsEmpty());
  EXPECT_THAT(store.take_warnings(), IsEmpty());
  put_image(store, "app:1", "layer");
  EXPECT_THAT(store.images(), SizeIs(1));
}

TEST_F(Prune, NeverTakesWhatALiveProcessUses) {
  fill();
  Store user(root_);
  ASSERT_TRUE(user.find_record("1").has_value());  // and with it layer and blob
  const std::string dir = user.layer_dir("run:2").value();
  const oci::Digest top = user.images().at(0).descriptor.digest;
  ASSERT_TRUE(user.has_blob(top));  // and with it config and layers
  EXPECT_TRUE(in_child([&] { Store(root_).prune({.all = true, .max_bytes = 0}); }));
  EXPECT_TRUE(user.find_record("1").has_value());
  EXPECT_NE(user.layer_dir("run:1"), std::nullopt);
  EXPECT_TRUE(os::exists(dir));
  EXPECT_EQ(user.find_record("3"), std::nullopt);
  EXPECT_THAT(user.images(), SizeIs(1));
  EXPECT_THAT(oci::parse_manifest(user.read_blob(top), "m").layers, SizeIs(1));
  EXPECT_TRUE(user.has_blob(oci::parse_manifest(user.read_blob(top), "m").layers[0].digest));
}

TEST_F(Prune, ACeilingIsKeptInBlocksOfTheDisk) {
  fill();
  age("1", 3);
  age("3", 2);
  const uint64_t before = on_disk();
  const uint64_t ceiling = before - 400'000;
  const auto gone = Store(root_).prune({.max_bytes = ceiling});
  EXPECT_LE(on_disk(), ceiling);
  EXPECT_THAT(gone, Contains(Field(&Usage::name, "run:1")));
  Store store(root_);
  EXPECT_NE(store.layer_dir("run:2"), std::nullopt);
  EXPECT_THAT(store.images(), SizeIs(1));
}

TEST_F(Prune, ACeilingAboveWhatIsThereRemovesNothing) {
  fill();
  EXPECT_THAT(Store(root_).prune({.max_bytes = on_disk() + 1'000'000}), IsEmpty());
}

TEST_F(Prune, ShrinksTheDatabase) {
  {
    Store store(root_);
    for (int i = 0; i < 500; ++i) store.put_record(std::to_string(i), std::string(4000, 'v'), {});
  }
  sql("PRAGMA wal_checkpoint(TRUNCATE)");
  const uint64_t before = on_disk();
  Store(root_).prune({.max_bytes = before / 2});
  EXPECT_LE(on_disk(), before / 2);
}

TEST_F(Prune, SaysWhatIsInUse) {
  fill();
  Store user(root_);
  ASSERT_TRUE(user.layer_dir("run:1").has_value());
  std::map<std::string, bool> in_use;
  for (const auto& each : Store(root_).usage()) in_use[each.name] = each.in_use;
  EXPECT_TRUE(in_use.at("run:1"));
  EXPECT_FALSE(in_use.at("run:2"));
  EXPECT_TRUE(in_use.at(user.images().at(0).descriptor.digest.str()));
}

}  // namespace
}  // namespace slipway::store
