#include "remote_cache/local.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "os/fs.h"
#include "remote_cache/blob_check.h"
#include "remote_cache/exporter.h"

namespace slipway::remote_cache {
namespace {

class Local : public ::testing::Test {
 protected:
  std::string dir() const { return temp_.path() + "/cache"; }

  Parcel parcel(const std::string& text) {
    oci::Descriptor blob;
    blob.media_type = "application/vnd.oci.image.layer.v1.tar";
    blob.digest = oci::Digest::of(text);
    blob.size = text.size();
    const std::string path = temp_.path() + "/" + blob.digest.hex();
    if (!os::exists(path)) os::write_file_atomic(path, text);
    return {.blob = blob, .path = path, .bring = {}};
  }

  Ledger ledger(const std::string& id, const Parcel& layer) {
    Ledger out;
    out.layers["run:" + id] = {.blob = {.form = "none",
                                        .digest = layer.blob.digest,
                                        .diff_id = layer.blob.digest,
                                        .size = layer.blob.size,
                                        .media_type = layer.blob.media_type}};
    out.records["key " + id] = {.value = "run:" + id + " kept"};
    return out;
  }

  void put(const std::string& id, const std::string& text, uint64_t max_bytes = UINT64_MAX) {
    Exporter exporter(open_local(dir(), "latest"), {.max_bytes = max_bytes});
    const Parcel layer = parcel(text);
    exporter.look({}, {});
    exporter.upload({layer}, {}, {});
    exporter.publish(ledger(id, layer), {layer}, {});
  }

  size_t blobs() const { return os::list_dir(dir() + "/blobs/sha256").size(); }

  os::TempDir temp_{::testing::TempDir(), "local-"};
};

TEST_F(Local, NothingThereIsNoCache) {
  EXPECT_FALSE(open_local(dir(), "latest")->read({}));
  EXPECT_FALSE(os::exists(dir()));
}

TEST_F(Local, WhatIsPutIsFound) {
  put("aa", "layer a");
  put("bb", "layer b");
  const auto cache = open_local(dir(), "latest");
  const auto head = cache->read({});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->ledger.layers.size(), 2u);
  EXPECT_EQ(get_text(*cache, parcel("layer a").blob, {}), "layer a");
  // Two layers, one manifest and one ledger: what the first export wrote of these is gone.
  EXPECT_EQ(blobs(), 4u);
  EXPECT_FALSE(open_local(dir(), "other")->read({}));
}

TEST_F(Local, AsLongAsSomebodyReadsNothingGoes) {
  put("aa", "layer a");
  const auto reader = open_local(dir(), "latest");
  const auto head = reader->read({});
  put("bb", "layer b", 8);
  EXPECT_EQ(get_text(*reader, parcel("layer a").blob, {}), "layer a");
  reader->release();
  put("cc", "layer c", 8);
  EXPECT_EQ(blobs(), 3u);
  EXPECT_THROW(get_text(*reader, parcel("layer a").blob, {}), Error);
}

TEST_F(Local, OfExportsAtOnceNoneIsLost) {
  constexpr int kCount = 12;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kCount; ++i) {
      parcel("layer " + std::to_string(i));
      threads.emplace_back([this, i] { put(std::to_string(i), "layer " + std::to_string(i)); });
    }
  }
  const auto cache = open_local(dir(), "latest");
  const auto head = cache->read({});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->ledger.layers.size(), static_cast<size_t>(kCount));
  EXPECT_EQ(head->ledger.generation, static_cast<uint64_t>(kCount));
  for (const auto& blob : head->ledger.blobs()) EXPECT_NO_THROW(get_text(*cache, blob, {}));
}

TEST_F(Local, ALostBlobCostsItsEntryAndNoMore) {
  put("aa", "layer a");
  put("bb", "layer b");
  ASSERT_EQ(std::remove((dir() + "/blobs/sha256/" + parcel("layer a").blob.digest.hex()).c_str()),
            0);
  put("cc", "layer c");
  const auto head = open_local(dir(), "latest")->read({});
  ASSERT_TRUE(head);
  EXPECT_THAT(head->ledger.records,
              ::testing::UnorderedElementsAre(::testing::Key("key bb"), ::testing::Key("key cc")));
}

TEST_F(Local, ALedgerThatCannotBeReadIsReplaced) {
  put("aa", "layer a");
  os::write_file_atomic(dir() + "/index.json", "{");
  std::string said;
  Exporter exporter(open_local(dir(), "latest"), {.max_bytes = UINT64_MAX});
  exporter.look([&](const std::string& text) { said = text; }, {});
  EXPECT_THAT(said, ::testing::HasSubstr("written anew"));
  const Parcel layer = parcel("layer b");
  exporter.upload({layer}, {}, {});
  exporter.publish(ledger("bb", layer), {layer}, {});
  EXPECT_EQ(open_local(dir(), "latest")->read({})->ledger.layers.size(), 1u);
}

}  // namespace
}  // namespace slipway::remote_cache
