#include "verify/collect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "layer/unpack.h"
#include "layer/write.h"
#include "os/fd.h"
#include "os/fs.h"
#include "verify/code.h"
#include "verify/test_files.h"
#include "verify/zip.h"

namespace slipway::verify {
namespace {

using ::testing::ElementsAre;
using namespace slipway::verify::testing;

std::vector<std::string> keys(const auto& map) {
  std::vector<std::string> out;
  for (const auto& [key, value] : map) out.push_back(key);
  return out;
}

tree::Tree sample() {
  return tree::Tree({
      file("bin/app", elf_bytes({.interpreter = "/lib/ld.so", .needed = {"libc.so.6"}, .is_pie = true})),
      file("bin/run", "#!/bin/sh -e\necho hello\n"),
      file("bin/text", "#!/bin/sh\n", 0644),
      file("etc/ld.so.conf", "/opt/lib\n", 0644),
      file("lib/a.jar", zip_bytes({{"a.class", "x"}, {"natives/a.so", library_for(kMachineArm64)}}), 0644),
      file("lib/b.jar", zip_bytes({{"a.class", "x"}}), 0644),
      file("tiny", "\x7f" "E"),
      file("empty", ""),
      hardlink("bin/zz", "bin/app"),
  });
}

TEST(Collect, FindsWhatCanBeRunAndNothingElse) {
  const Facts facts = collect(sample(), {});
  EXPECT_THAT(keys(facts.code), ElementsAre("bin/app"));
  EXPECT_EQ(facts.code.at("bin/app").elf.needed, std::vector<std::string>{"libc.so.6"});
  EXPECT_THAT(keys(facts.scripts), ElementsAre("bin/run"));
  EXPECT_EQ(facts.scripts.at("bin/run"), "/bin/sh -e");
  EXPECT_THAT(keys(facts.archives), ElementsAre("lib/a.jar"));
  EXPECT_EQ(facts.archives.at("lib/a.jar").code.at(0).path, "natives/a.so");
  EXPECT_EQ(facts.texts.at("etc/ld.so.conf"), "/opt/lib\n");
}

TEST(Collect, FactsAreReadBackAsTheyWere) {
  Facts facts = collect(sample(), {});
  facts.unread.push_back("huge.jar");
  EXPECT_EQ(parse_facts(print_facts(facts), "store"), facts);
  EXPECT_THROW(parse_facts("{\"version\": 99}", "store"), Error);
  EXPECT_THROW(parse_facts("[", "store"), Error);
}

TEST(Collect, WritingListingAndUnpackingALayerFindTheSameFacts) {
  const tree::Tree tree = sample();
  const Facts wanted = collect(tree, {});
  Collector writing;
  std::string blob;
  layer::WriteOptions options;
  options.clamp_ns = INT64_MAX;
  options.watcher = &writing;
  layer::write_layer(tree, options, [&](std::span<const uint8_t> piece) { blob.append(piece.begin(), piece.end()); });
  EXPECT_EQ(writing.finish(tree), wanted);

  const os::TempDir dir("/tmp");
  const std::string path = dir.path() + "/blob";
  os::write_file_atomic(path, blob);
  for (const bool to_disk : {false, true}) {
    Collector reading;
    layer::UnpackOptions unpack;
    unpack.tolerate_chown_failure = true;
    unpack.watcher = &reading;
    const os::UniqueFd fd = os::open_file(path, O_RDONLY);
    const std::string target = dir.path() + "/files";
    os::make_dirs(target);
    const auto unpacked = to_disk ? layer::unpack(fd.get(), target, unpack) : layer::list(fd.get(), unpack, {});
    EXPECT_EQ(reading.finish(unpacked.tree), wanted) << to_disk;
    if (to_disk) {
      EXPECT_EQ(collect(unpacked.tree, {}), wanted) << "from disk";
    }
  }
}

TEST(Collect, PiecesOfAnySizeGiveTheSame) {
  const tree::Tree tree = sample();
  const Facts wanted = collect(tree, {});
  for (const size_t step : {1, 3, 7, 8, 9, 64}) {
    Collector collector;
    for (const auto& entry : tree.entries()) {
      if (entry.type != tree::Type::File) continue;
      collector.begin(entry.path, entry, "");
      const std::span<const uint8_t> all(reinterpret_cast<const uint8_t*>(entry.content.bytes.data()), entry.size);
      for (size_t at = 0; at < all.size(); at += step) collector.bytes(all.subspan(at, std::min(step, all.size() - at)));
      collector.end();
    }
    EXPECT_EQ(collector.finish(tree), wanted) << step;
  }
}

TEST(Collect, ALaterFileOfAnArchiveReplacesAnEarlierOne) {
  const tree::Tree tree({file("app", "text")});
  Collector collector;
  const std::string elf = program_for(kMachineAmd64), text = "text";
  for (const auto& bytes : {elf, text}) {
    collector.begin("app", file("app", bytes), "");
    collector.bytes({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    collector.end();
  }
  EXPECT_TRUE(collector.finish(tree).code.empty());
}

TEST(Zip, MembersAreFoundStoredAndNestedWithACommentBehind) {
  const std::string inner = zip_bytes({{"x/liba.so.1", library_for(kMachineAmd64)}});
  const std::string outer = zip_bytes({{"BOOT-INF/lib/a.jar", inner}, {"b.dll", "no code"}, {"c.so", library_for(kMachineArm64)}}, "PK\5\6 is no end");
  const MemoryBytes bytes({reinterpret_cast<const uint8_t*>(outer.data()), outer.size()});
  std::vector<std::string> found;
  for (const auto& code : code_in_zip(bytes)) found.push_back(code.path + " " + machine_name(code.elf));
  EXPECT_THAT(found, ElementsAre("BOOT-INF/lib/a.jar!x/liba.so.1 amd64", "c.so arm64"));
}

TEST(Zip, EveryPrefixAndEveryChangedByteIsReadOrPassedOver) {
  const std::string whole = zip_bytes({{"a.so", library_for(kMachineAmd64)}, {"b.so", library_for(kMachineArm64)}});
  const auto count = [](const std::string& bytes) {
    return code_in_zip(MemoryBytes({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()})).size();
  };
  EXPECT_EQ(count(whole), 2u);
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_EQ(count(whole.substr(0, size)), 0u) << size;
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = '\xff';
    EXPECT_LE(count(bytes), 2u) << at;
  }
}

}  // namespace
}  // namespace slipway::verify
