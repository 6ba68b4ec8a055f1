// `images` on a store made by hand, and what the commands on the store refuse before they touch it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "cli/handlers.h"
#include "cli/store_access.h"
#include "json/json.h"
#include "oci/media_types.h"
#include "os/fs.h"
#include "store/store.h"

namespace slipway::cli {
namespace {

using ::testing::HasSubstr;

class StoreCommands : public ::testing::Test {
 protected:
  std::string run(int (*handler)(const ParsedArgs&, const Io&), const char* command,
                  std::vector<std::string> args) {
    std::string out;
    args.push_back("--store=" + root_);
    const Io io = {.out = [&](std::string_view text) { out += text; },
                   .err = [](std::string_view) {},
                   .read_input = [] { return std::string(); },
                   .read_line = [] { return std::string("n"); },
                   .environment = [](const std::string&) { return std::nullopt; }};
    EXPECT_EQ(handler(parse_args(*find_command(command), args), io), 0);
    return out;
  }

  std::string error_of(int (*handler)(const ParsedArgs&, const Io&), const char* command,
                       std::vector<std::string> args) {
    try {
      run(handler, command, std::move(args));
    } catch (const Error& e) {
      return e.render();
    }
    return "no error";
  }

  /// A manifest of one layer of `size` bytes whose config says `arch`.
  static oci::Descriptor put_manifest(store::Store& store, const std::string& arch, uint64_t size) {
    const std::string config = "{\"os\":\"linux\",\"architecture\":\"" + arch + "\"}";
    oci::Manifest manifest;
    manifest.media_type = oci::kManifest;
    manifest.config = {.media_type = std::string(oci::kConfig),
                       .digest = store.put_blob(config),
                       .size = config.size()};
    manifest.layers = {{.media_type = std::string(oci::kLayerGzip),
                        .digest = oci::Digest::of(arch),
                        .size = size}};
    const std::string text = oci::print(manifest);
    return {.media_type = std::string(oci::kManifest),
            .digest = store.put_blob(text),
            .size = text.size()};
  }

  os::TempDir dir_{::testing::TempDir()};
  std::string root_ = dir_.path() + "/store";
};

TEST_F(StoreCommands, ImagesOfNoStoreAreNoneAndMakeNoStore) {
  EXPECT_EQ(run(images_command, "images", {}), "IMAGE  DIGEST  PLATFORMS  SIZE\n");
  EXPECT_FALSE(os::exists(root_));
}

TEST_F(StoreCommands, ImagesShowNamesPlatformsAndSizes) {
  std::string single, several;
  {
    store::Store store(root_);
    const auto amd = put_manifest(store, "amd64", 1'000'000);
    auto arm = put_manifest(store, "arm64", 2'000'000);
    arm.platform = oci::parse_platform("linux/arm64");
    oci::Descriptor absent = {
        .media_type = std::string(oci::kManifest), .digest = oci::Digest::of("absent"), .size = 1};
    absent.platform = oci::parse_platform("linux/s390x");
    oci::Index index;
    index.media_type = oci::kIndex;
    index.manifests = {arm, absent};
    const std::string text = oci::print(index);
    const oci::Descriptor both = {.media_type = std::string(oci::kIndex),
                                  .digest = store.put_blob(text),
                                  .size = text.size()};
    store.tag_image("docker.io/library/app:1", amd);
    store.tag_image("registry.example/app:2", both);
    single = amd.digest.hex().substr(0, 12);
    several = both.digest.str();
  }
  EXPECT_EQ(run(images_command, "images", {}),
            "IMAGE                   DIGEST        PLATFORMS                              SIZE\n"
            "app:1                   " +
                single +
                "  linux/amd64                         1.00 MB\n"
                "registry.example/app:2  " +
                several.substr(7, 12) + "  linux/arm64,linux/s390x (not here)  2.00 MB\n");
  EXPECT_THAT(run(images_command, "images", {"-q"}), HasSubstr(several + "\n"));
  const json::Value value = json::parse(run(images_command, "images", {"--format=json"}), "output");
  EXPECT_EQ(value["version"], 1);
  EXPECT_EQ(value["images"][0]["name"], "docker.io/library/app:1");
  EXPECT_EQ(value["images"][0]["size"], 1'000'000);
  EXPECT_EQ(value["images"][1]["digest"], several);
}

TEST_F(StoreCommands, PruneAsksAndTakesNoForAnAnswer) {
  EXPECT_THAT(run(prune_command, "prune", {}), HasSubstr("Go on? [y/N] Nothing was removed."));
  EXPECT_THAT(run(prune_command, "prune", {"--all"}), HasSubstr("everything, images too"));
}

TEST_F(StoreCommands, PruneRefusesFiltersAndSizesItCannotRead) {
  EXPECT_THAT(error_of(prune_command, "prune", {"--filter", "id=3"}),
              HasSubstr("the filter is until=DURATION"));
  EXPECT_THAT(error_of(prune_command, "prune", {"--filter", "until=soon"}),
              HasSubstr("\"soon\" is no duration"));
  EXPECT_THAT(error_of(prune_command, "prune", {"--filter=until=1h", "--filter=unused-for=2h"}),
              HasSubstr("more than one"));
  EXPECT_THAT(error_of(prune_command, "prune", {"--max-used-space", "much"}),
              HasSubstr("--max-used-space: \"much\" is no size"));
}

TEST(TimeAgo, IsWordsOfTheLargestUnit) {
  EXPECT_EQ(time_ago(0, 1000), "never");
  EXPECT_EQ(time_ago(1000, 1030), "just now");
  EXPECT_EQ(time_ago(1000, 990), "just now");  // a clock that went back
  EXPECT_EQ(time_ago(1000, 1060), "1 minute ago");
  EXPECT_EQ(time_ago(1000, 1000 + 7199), "1 hour ago");
  EXPECT_EQ(time_ago(1000, 1000 + 86400 * 3), "3 days ago");
  EXPECT_EQ(time_ago(1000, 1000 + 86400 * 15), "2 weeks ago");
  EXPECT_EQ(time_ago(1000, 1000 + 86400 * 800), "2 years ago");
}

}  // namespace
}  // namespace slipway::cli
