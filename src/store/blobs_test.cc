#include "store/testing.h"

namespace slipway::store {
namespace {

using testing::HasSubstr;

class Blobs : public StoreTest {};

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST_F(Blobs, WhatWasPutIsRead) {
  Store store(root_);
  const oci::Digest digest = store.put_blob("hello");
  EXPECT_TRUE(store.has_blob(digest));
  EXPECT_EQ(store.read_blob(digest), "hello");
  EXPECT_EQ(store.blob_path(digest), root_ + "/blobs/sha256/" + digest.hex());
  EXPECT_FALSE(store.has_blob(oci::Digest::of("other")));
  EXPECT_FALSE(store.has_blob(oci::Digest()));
}

TEST_F(Blobs, WritesOfAllSizesComeOutInOrder) {
  Store store(root_);
  std::string all;
  const auto writer = store.new_blob();
  for (const size_t size : {1u, 70'000u, 3u, 65'536u, 40'000u, 40'000u, 0u, 7u}) {
    const std::string part(size, static_cast<char>('a' + all.size() % 26));
    writer->write(bytes_of(part));
    all += part;
  }
  writer->commit(oci::Digest::of(all));
  EXPECT_EQ(store.read_blob(oci::Digest::of(all)), all);
}

TEST_F(Blobs, AnUncommittedBlobLeavesNothing) {
  Store store(root_);
  {
    const auto writer = store.new_blob();
    writer->write(bytes_of("half"));
    EXPECT_EQ(os::list_dir(store.scratch_dir()).size(), 1u);
  }
  EXPECT_TRUE(os::list_dir(store.scratch_dir()).empty());
  EXPECT_TRUE(os::list_dir(root_ + "/blobs/sha256").empty());
}

TEST_F(Blobs, TwoWritersOfOneBlobBothSucceed) {
  Store store(root_);
  const auto one = store.new_blob(), two = store.new_blob();
  one->write(bytes_of("same"));
  two->write(bytes_of("same"));
  one->commit(oci::Digest::of("same"));
  two->commit(oci::Digest::of("same"));
  EXPECT_EQ(store.read_blob(oci::Digest::of("same")), "same");
}

TEST_F(Blobs, ADamagedBlobIsRefusedAndRemoved) {
  oci::Digest digest;
  {
    Store store(root_);
    digest = store.put_blob("precious");
  }
  Store store(root_);
  ASSERT_TRUE(store.has_blob(digest));
  write_to(store.blob_path(digest), "previous");
  EXPECT_THAT(message_of([&] { store.read_blob(digest); }), HasSubstr("damaged"));
  EXPECT_FALSE(store.has_blob(digest));
}

TEST_F(Blobs, ABlobThatACrashCutOffIsNotThere) {
  oci::Digest digest;
  {
    Store store(root_);
    digest = store.put_blob("precious");
  }
  write_to(root_ + "/blobs/sha256/" + digest.hex(), "prec");
  Store store(root_);
  EXPECT_FALSE(store.has_blob(digest));
  store.put_blob("precious");
  EXPECT_TRUE(store.has_blob(digest));
  EXPECT_EQ(store.read_blob(digest), "precious");
}

TEST_F(Blobs, ABlobOfAnotherToolCountsOnceItsContentWasChecked) {
  const oci::Digest good = oci::Digest::of("copied in"), bad = oci::Digest::of("something");
  Store store(root_);
  write_to(store.blob_path(good), "copied in");
  write_to(store.blob_path(bad), "something else");
  EXPECT_TRUE(store.has_blob(good));
  EXPECT_FALSE(store.has_blob(bad));
}

}  // namespace
}  // namespace slipway::store
