#include "remote_cache/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/json.h"
#include "remote_cache/inline.h"
#include "remote_cache/mount_listing.h"
#include "remote_cache/zstd_text.h"

namespace slipway::remote_cache {
namespace {

using ::testing::HasSubstr;

store::LayerBlob blob(const std::string& text, uint64_t size = 100) {
  return {.form = "gzip",
          .digest = oci::Digest::of(text),
          .diff_id = oci::Digest::of("diff " + text),
          .size = size,
          .media_type = "application/vnd.oci.image.layer.v1.tar+gzip"};
}

Ledger one(const std::string& id, const std::string& key, uint64_t size = 100) {
  Ledger out;
  out.layers["run:" + id] = {.blob = blob(id, size)};
  out.records[key] = {.value = "run:" + id + " kept"};
  return out;
}

TEST(Ledger, IsReadAsItWasWritten) {
  Ledger ledger = merge({}, one("ab", "key"));
  ledger.records["memo"] = {.value = std::string(64, 'a'), .under = "u", .group = "g", .used = 1};
  ledger.mounts["/cache@linux/amd64"] = {
      .listing = {.media_type = "m", .digest = oci::Digest::of("l"), .size = 3},
      .packs = {{.media_type = "p", .digest = oci::Digest::of("p"), .size = 4}},
      .used = 1};
  const Ledger again = parse(print(ledger), "here");
  EXPECT_EQ(again.generation, 1u);
  EXPECT_EQ(again.records, ledger.records);
  EXPECT_EQ(again.layers.at("run:ab").blob.digest, ledger.layers.at("run:ab").blob.digest);
  EXPECT_EQ(again.mounts.at("/cache@linux/amd64").packs,
            ledger.mounts.at("/cache@linux/amd64").packs);
  EXPECT_EQ(again.blobs().size(), 3u);
  EXPECT_EQ(print(again), print(ledger));
}

std::string refusal(const std::string& json) {
  try {
    parse(compress_text(json), "here");
  } catch (const Error& error) {
    return error.render();
  }
  return "accepted";
}

TEST(Ledger, OfANewerProgramIsToldFromADamagedOne) {
  EXPECT_THROW(parse(compress_text(R"({"version":2,"layers":7})"), "here"), NewerCache);
  EXPECT_THAT(refusal(R"({"version":2})"), HasSubstr("newer slipway"));
  EXPECT_THAT(refusal(R"({"generation":2})"), HasSubstr("damaged"));
}

TEST(Ledger, WhatNobodyWouldWriteIsRefused) {
  for (const char* json :
       {R"([])", R"({"version":1})", R"({"version":1,"generation":-1})",
        R"({"version":1,"generation":1,"layers":{}})",
        R"({"version":1,"generation":1,"records":[{"value":"x","used":1}]})",
        R"({"version":1,"generation":1,"mounts":[{"id":"x","used":1}]})",
        R"({"version":1,"generation":1,"layers":[{"id":"diff:aa","used":1}]})",
        R"({"version":1,"generation":1,"layers":[{"id":"run:../../x","used":1}]})"})
    EXPECT_NE(refusal(json), "accepted") << json;
  EXPECT_THROW(parse("no zstd at all", "here"), Error);
  const std::string whole = print(merge({}, one("ab", "key")));
  EXPECT_THROW(parse(whole.substr(0, whole.size() / 2), "here"), Error);
}

TEST(Ledger, BranchesAndPlatformsAddUp) {
  const Ledger both = merge(merge({}, one("aa", "key a")), one("bb", "key b"));
  EXPECT_EQ(both.generation, 2u);
  EXPECT_EQ(both.records.at("key a").used, 1u);
  EXPECT_EQ(both.records.at("key b").used, 2u);
  EXPECT_EQ(both.layers.size(), 2u);
}

TEST(Ledger, WhatWasUsedLongestAgoGoesFirst) {
  Ledger ledger;
  for (const char* id : {"aa", "bb", "cc"})
    ledger = merge(ledger, one(id, std::string("key ") + id, 100));
  ledger = merge(ledger, one("aa", "key aa", 100));  // used again
  evict(ledger, 250, 100);
  EXPECT_FALSE(ledger.layers.contains("run:bb"));
  EXPECT_FALSE(ledger.records.contains("key bb"));
  EXPECT_TRUE(ledger.records.contains("key aa"));
  evict(ledger, 250, 1);
  EXPECT_EQ(ledger.records.size(), 1u);
  evict(ledger, 0, 100);
  EXPECT_TRUE(ledger.empty());
}

TEST(Ledger, NotesThatContradictEachOtherAreNotMixed) {
  const auto notes = [](std::map<std::string, std::string> values) {
    Ledger out;
    for (const auto& [key, value] : values)
      out.records[key] = {.value = value, .under = {}, .group = "source", .used = 0};
    return merge({}, out);
  };
  // Another run of the source gave something else: what is known of the first run's other files
  // goes.
  EXPECT_THAT(merge(notes({{"x", "1"}, {"y", "1"}}), notes({{"x", "2"}})).records,
              ::testing::UnorderedElementsAre(::testing::Key("x")));
  EXPECT_EQ(merge(notes({{"x", "1"}, {"y", "1"}}), notes({{"x", "1"}, {"z", "1"}})).records.size(),
            3u);
}

TEST(Ledger, AnImageCarriesRecordsOfItsOwnLayersOnly) {
  Ledger ledger = merge(one("aa", "key a"), one("bb", "key b"));
  oci::Manifest manifest;
  manifest.layers.push_back({.media_type = "l", .digest = blob("aa").digest, .size = 100});
  const std::string config =
      R"({"os":"linux","dev.slipway.cache.v1":")" + print_inline(ledger) + "\"}";
  const Ledger found = read_inline(config, manifest, "image");
  EXPECT_TRUE(found.layers.contains("run:aa"));
  EXPECT_FALSE(found.layers.contains("run:bb"));
  EXPECT_TRUE(read_inline(R"({"os":"linux"})", manifest, "image").empty());
}

std::string listing_refusal(const std::string& entries, const std::string& chunks = "[]",
                            const std::string& packs = "[]") {
  try {
    parse_mount_listing(compress_text(R"({"version":1,"packs":)" + packs + R"(,"chunks":)" +
                                      chunks + R"(,"entries":)" + entries + "}"),
                        "here");
  } catch (const Error& error) {
    return error.message();
  }
  return "accepted";
}

std::string entry(const std::string& path, const std::string& type, const std::string& more = "") {
  return R"({"path":")" + path + R"(","type":")" + type +
         R"(","mode":493,"uid":0,"gid":0,"mtime":0)" + more + "}";
}

TEST(MountListing, NothingLeavesTheMount) {
  const std::string top = entry("", "dir") + ",";
  EXPECT_EQ(listing_refusal("[" + top + entry("a", "dir") + "," + entry("a/b", "dir") + "]"),
            "accepted");
  for (const char* path : {"..", "../x", "/etc", "a/../../x", "a//b", "./a", "a/"})
    EXPECT_THAT(listing_refusal("[" + top + entry(path, "dir") + "]"), HasSubstr("path")) << path;
  // Through a link that it makes itself.
  EXPECT_THAT(listing_refusal("[" + top + entry("l", "link", R"(,"target":"/etc")") + "," +
                              entry("l/x", "dir") + "]"),
              HasSubstr("in no directory"));
  EXPECT_THAT(listing_refusal("[" + top + entry("a", "dir") + "," + entry("a", "dir") + "]"),
              HasSubstr("twice"));
}

TEST(MountListing, SizesAddUp) {
  const std::string pack = R"([{"mediaType":"p","digest":")" + oci::Digest::of("p").str() +
                           R"(","size":10,"length":100}])";
  const auto chunk = [](int offset, int length) {
    return R"([{"sum":")" + std::string(64, 'a') + R"(","pack":0,"offset":)" +
           std::to_string(offset) + R"(,"length":)" + std::to_string(length) + "}]";
  };
  const std::string top = "[" + entry("", "dir") + ",";
  const std::string file = top + entry("f", "file", R"(,"size":40,"chunks":[0])") + "]";
  EXPECT_EQ(listing_refusal(file, chunk(60, 40), pack), "accepted");
  EXPECT_THAT(listing_refusal(file, chunk(61, 40), pack), HasSubstr("outside"));
  EXPECT_THAT(listing_refusal(file, chunk(0, 41), pack), HasSubstr("size"));
  EXPECT_THAT(listing_refusal(top + entry("f", "file", R"(,"size":40,"chunks":[1])") + "]",
                              chunk(0, 40), pack),
              HasSubstr("number"));
}

}  // namespace
}  // namespace slipway::remote_cache
