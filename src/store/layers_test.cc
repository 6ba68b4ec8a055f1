#include "store/testing.h"

namespace slipway::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Layers : public StoreTest {};

LayerBlob blob(std::string form, const std::string& content) {
  return {.form = std::move(form),
          .digest = oci::Digest::of(content),
          .diff_id = oci::Digest::of("diff of " + content),
          .size = content.size(),
          .media_type = "type"};
}

TEST_F(Layers, APublishedDirectoryIsFoundByEveryLaterStore) {
  std::string dir;
  {
    Store store(root_);
    EXPECT_EQ(store.layer_dir("run:1"), std::nullopt);
    dir = publish(store, "run:1");
    EXPECT_EQ(store.layer_dir("run:1"), dir);
  }
  Store store(root_);
  EXPECT_EQ(store.layer_dir("run:1"), dir);
  EXPECT_EQ(os::read_file(dir + "/file"), "xxxxxxxxxx");
}

TEST_F(Layers, NamesOfDirectoriesAreShortNumbers) {
  Store store(root_);
  EXPECT_EQ(store.new_dir(), root_ + "/layers/1");
  EXPECT_EQ(store.new_dir(), root_ + "/layers/2");
  Store second(root_);
  EXPECT_EQ(second.new_dir(), root_ + "/layers/3");
  EXPECT_EQ(store.new_dir(), root_ + "/layers/4");
}

TEST_F(Layers, ADirectoryThatWasNotPublishedGoesWithItsStore) {
  {
    Store(root_).new_dir();
  }
  EXPECT_THAT(os::list_dir(root_ + "/layers"), IsEmpty());
}

TEST_F(Layers, ADroppedDirectoryMayBecomeSomebodyElses) {
  Store second(root_);
  std::string dir;
  {
    Store first(root_);
    dir = first.new_dir();
    first.drop_dir(dir);
    EXPECT_EQ(second.new_dir(), dir);
  }
  EXPECT_TRUE(os::is_directory(dir));
}

TEST_F(Layers, WhoPublishesSecondGetsTheFirstOnesDirectory) {
  Store one(root_), two(root_);
  const std::string ours = one.new_dir(), theirs = two.new_dir();
  EXPECT_EQ(two.publish_dir("run:1", theirs), theirs);
  EXPECT_EQ(one.publish_dir("run:1", ours), theirs);
  EXPECT_FALSE(os::exists(ours));
  EXPECT_EQ(one.layer_dir("run:1"), theirs);
}

TEST_F(Layers, ADirectoryRemovedByHandIsMissedAndItsNumberNotReused) {
  {
    Store store(root_);
    publish(store, "run:1");
  }
  os::remove_tree(root_ + "/layers/1");
  Store store(root_);
  EXPECT_EQ(store.layer_dir("run:1"), std::nullopt);
  EXPECT_EQ(publish(store, "run:2"), root_ + "/layers/2");
  EXPECT_EQ(store.layer_dir("run:1"), std::nullopt);
  EXPECT_EQ(publish(store, "run:1"), root_ + "/layers/3");
  EXPECT_EQ(store.layer_dir("run:1"), root_ + "/layers/3");
}

TEST_F(Layers, ListingsAreKeptWholeOrNotAtAll) {
  const std::string bytes("a\0b", 3);
  {
    Store store(root_);
    EXPECT_EQ(store.layer_tree("tree:1"), std::nullopt);
    store.put_layer_tree("tree:1", "older");
    store.put_layer_tree("tree:1", bytes);
    store.put_layer_tree("tree:empty", "");
    EXPECT_EQ(store.layer_tree("tree:1"), bytes);
    EXPECT_EQ(store.layer_tree("tree:empty"), "");
  }
  for (const auto& name : os::list_dir(root_ + "/trees"))
    write_to(root_ + "/trees/" + name, "cut off in a crash");
  EXPECT_EQ(Store(root_).layer_tree("tree:1"), std::nullopt);
}

TEST_F(Layers, EachFormHasOneBlob) {
  Store store(root_);
  EXPECT_THAT(store.layer_blobs("run:1"), IsEmpty());
  store.put_layer_blob("run:1", blob("zstd:3", "z"));
  store.put_layer_blob("run:1", blob("gzip", "old"));
  store.put_layer_blob("run:1", blob("gzip", "new"));
  const auto blobs = store.layer_blobs("run:1");
  ASSERT_EQ(blobs.size(), 2u);
  EXPECT_EQ(blobs[0].form, "gzip");
  EXPECT_EQ(blobs[0].digest, oci::Digest::of("new"));
  EXPECT_EQ(blobs[0].diff_id, oci::Digest::of("diff of new"));
  EXPECT_EQ(blobs[0].size, 3u);
  EXPECT_EQ(blobs[0].media_type, "type");
  EXPECT_EQ(blobs[1].form, "zstd:3");
}

TEST_F(Layers, AfterARestartOfTheMachineTheLastTwoMinutesAreNotTrusted) {
  {
    Store store(root_);
    publish(store, "run:early");
    publish(store, "run:late");
  }
  sql("UPDATE machine SET boot='an earlier one', active=0;"
      "UPDATE layers SET published = published - 121 WHERE name='run:early'");
  Store store(root_);
  EXPECT_NE(store.layer_dir("run:early"), std::nullopt);
  EXPECT_EQ(store.layer_dir("run:late"), std::nullopt);
}

TEST_F(Layers, AfterARestartLaterActivityVouchesForWhatWasPublishedBefore) {
  {
    Store store(root_);
    publish(store, "run:1");
  }
  sql("UPDATE machine SET boot='an earlier one', active=(SELECT max(published) FROM layers) + "
      "1000");
  EXPECT_NE(Store(root_).layer_dir("run:1"), std::nullopt);
}

}  // namespace
}  // namespace slipway::store
