#include <chrono>

#include "store/inventory.h"
#include "store/testing.h"

namespace slipway::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Records : public StoreTest {};

std::vector<std::string> keys_of(const std::vector<std::pair<std::string, Record>>& found) {
  std::vector<std::string> keys;
  for (const auto& [key, record] : found) keys.push_back(key);
  return keys;
}

TEST_F(Records, WhatWasPutIsFoundWithItsPartsByEveryLaterStore) {
  const KeyParts parts = {{"step", "RUN make"}, {"empty", ""}, {"bytes", std::string("\0:3:", 4)}};
  {
    Store(root_).put_record("key", R"({"layer":"run:1"})", parts);
  }
  Store store(root_);
  const auto found = store.find_record("key");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->value, R"({"layer":"run:1"})");
  EXPECT_EQ(found->parts, parts);
  EXPECT_GT(found->created, 0);
  EXPECT_EQ(store.find_record("other"), std::nullopt);
}

TEST_F(Records, ARecordIsReplacedAndDropped) {
  Store store(root_);
  store.put_record("key", "1", {});
  store.put_record("key", "2", {{"a", "b"}});
  EXPECT_EQ(store.find_record("key")->value, "2");
  EXPECT_EQ(store.find_record("key")->parts.size(), 1u);
  store.drop_record("key");
  EXPECT_EQ(store.find_record("key"), std::nullopt);
}

TEST_F(Records, AreFoundByAPartNewestFirst) {
  Store store(root_);
  store.put_record("a", "1", {{"step", "RUN make"}, {"base", "x"}});
  store.put_record("b", "2", {{"step", "RUN test"}, {"note", "4:step8:RUN make"}});
  store.put_record("c", "3", {{"base", "y"}, {"step", "RUN make"}});
  EXPECT_THAT(keys_of(store.records_with("step", "RUN make", 10)), ElementsAre("c", "a"));
  EXPECT_THAT(keys_of(store.records_with("step", "RUN make", 1)), ElementsAre("c"));
  EXPECT_THAT(store.records_with("step", "RUN", 10), IsEmpty());
  store.put_record("a", "1 again", {{"step", "RUN make"}, {"base", "x"}});
  EXPECT_THAT(keys_of(store.records_with("step", "RUN make", 10)), ElementsAre("a", "c"));
}

TEST_F(Records, UsesReachTheDatabaseWhenTheStoreCloses) {
  {
    Store(root_).put_record("key", "1", {});
  }
  sql("UPDATE records SET last_used=5");
  EXPECT_EQ(Store(root_).find_record("key")->last_used, 5);
  EXPECT_GT(Store(root_).find_record("key")->last_used, 5);
}

TEST_F(Records, ReferencesAreFoundInAnyText) {
  const std::string hex(64, 'a');
  const References found = references_in(R"({"layer":"tree:sha256:)" + hex +
                                         R"(","also":["run:k-1","diff:x"],"no":"rerun:k"} run:)");
  EXPECT_THAT(found.layer_ids, ElementsAre("diff:x", "run:k-1", "tree:sha256:" + hex));
  EXPECT_THAT(found.digests, ElementsAre(hex));
  EXPECT_THAT(references_in("sha256:" + hex + " application/json").digests, ElementsAre(hex));
  EXPECT_THAT(references_in("sha256:123 sha256:").digests, IsEmpty());
}

}  // namespace
}  // namespace slipway::store
