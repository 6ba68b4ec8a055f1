#include "store/database.h"

#include "store/testing.h"

namespace slipway::store {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class DamagedRecords : public StoreTest {
 protected:
  std::string path() const { return root_ + "/slipway.db"; }
  /// A store with an image, a layer and many records, all of it in the database file itself.
  void fill() {
    {
      Store store(root_);
      put_image(store, "app:1", "layer");
      publish(store, "run:1");
      for (int i = 0; i < 300; ++i)
        store.put_record("key" + std::to_string(i), std::string(500, 'v'), {});
    }
    sql("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  /// The image is there, the records are not, the warning is given, and the store works.
  void expect_recovered() {
    Store store(root_);
    const auto found = store.find_record("key299");
    EXPECT_EQ(found, std::nullopt);
    const auto warnings = store.take_warnings();
    ASSERT_THAT(warnings, SizeIs(1));
    EXPECT_THAT(warnings[0], HasSubstr("slipway.db.damaged-1"));
    EXPECT_THAT(store.take_warnings(), IsEmpty());
    ASSERT_THAT(store.images(), SizeIs(1));
    EXPECT_TRUE(store.has_blob(store.images()[0].descriptor.digest));
    store.put_record("key", "value", {});
    EXPECT_TRUE(store.find_record("key").has_value());
    EXPECT_EQ(publish(store, "run:2"), root_ + "/layers/2");
    EXPECT_THAT(Store(root_).take_warnings(), IsEmpty());
  }
};

TEST_F(DamagedRecords, GarbageIsPutAsideAndTheStoreGoesOn) {
  fill();
  write_to(path(), std::string(20'000, 'g'));
  expect_recovered();
}

TEST_F(DamagedRecords, AFileThatWasCutOffIsPutAside) {
  fill();
  ASSERT_EQ(::truncate(path().c_str(), 3 * 4096), 0);
  expect_recovered();
}

TEST_F(DamagedRecords, DamageInTheMiddleIsMetAndPutAsideDuringWork) {
  fill();
  std::string bytes = os::read_file(path());
  std::fill(bytes.begin() + 10 * 4096, bytes.end(), 'g');
  write_to(path(), bytes);
  expect_recovered();
}

TEST_F(DamagedRecords, ADatabaseOfSomethingElseIsPutAside) {
  os::make_dirs(root_);
  sql("CREATE TABLE other(a)");
  Store store(root_);
  EXPECT_THAT(store.take_warnings(), SizeIs(1));
}

TEST_F(DamagedRecords, AnEmptyFileIsANewDatabase) {
  fill();
  ASSERT_EQ(::truncate(path().c_str(), 0), 0);
  Store store(root_);
  EXPECT_EQ(store.find_record("key1"), std::nullopt);
  EXPECT_THAT(store.images(), SizeIs(1));
}

TEST_F(DamagedRecords, OfANewerVersionAreLeftAlone) {
  fill();
  sql("PRAGMA user_version=1000");
  EXPECT_THAT(message_of([&] { Store store(root_); }), HasSubstr("newer slipway"));
  sql("PRAGMA user_version=1");
  EXPECT_TRUE(Store(root_).find_record("key1").has_value());
}

TEST_F(DamagedRecords, PruneRemovesWhatWasPutAsideAndWhatNothingNamesAnyMore) {
  fill();
  write_to(path(), std::string(20'000, 'g'));
  Store(root_).prune({});
  for (const auto& name : os::list_dir(root_)) EXPECT_THAT(name, Not(HasSubstr("damaged")));
  EXPECT_THAT(os::list_dir(root_ + "/layers"), IsEmpty());
  EXPECT_THAT(os::list_dir(root_ + "/blobs/sha256"), SizeIs(3));
}

}  // namespace
}  // namespace slipway::store
