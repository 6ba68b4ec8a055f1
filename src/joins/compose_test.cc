// Indexes made of what registries have, against the registry in memory.
#include "joins/compose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "joins/test_images.h"
#include "json/json.h"
#include "testing/fake_registry.h"

namespace slipway::joins {
namespace {

using slipway::testing::FakeRegistry;
using ::testing::HasSubstr;

class Compose : public JoinFixture {
 protected:
  Compose() : client_(options()) {
    amd_ = push_image(client_, ref("app:amd"), platform("linux/amd64"));
    arm_ = push_image(client_, ref("app:arm"), platform("linux/arm64"));
    note_ = push_attestation(client_, ref("app:arm"), arm_);
    put_tag("app:amd", oci::kManifest, registry_.manifest("app", amd_.digest.str()));
    put_tag("app:arm", oci::kIndex, index_of({arm_, note_}, {{"org.example.note", "x"}}));
  }
  registry::Reference ref(const std::string& name) const {
    return registry::parse_reference(registry_.host() + "/" + name);
  }
  void put_tag(const std::string& name, std::string_view type, const std::string& bytes) {
    client_.push_manifest(ref(name), type, bytes);
  }
  Source source(const std::string& name) const { return {ref(name), {}}; }
  Composed make(std::vector<Source> sources, const ComposeOptions& how = {}) {
    return compose(client_, std::move(sources), ref("app:new"), how, {});
  }
  void put(const Composed& composed, const registry::Reference& to) {
    publish(client_, composed, to, [&](const std::string& line) { said_ += line + "\n"; }, {});
  }

  FakeRegistry registry_;
  registry::Client client_;
  oci::Descriptor amd_, arm_, note_;
  std::string said_;
};

TEST_F(Compose, MakesAnIndexOfImagesAndIndexes) {
  put(make({source("app:amd"), source("app:arm")}), ref("app:new"));
  EXPECT_EQ(registry_.manifest("app", "new"),
            index_of({amd_, arm_, note_}, {{"org.example.note", "x"}}));
  EXPECT_EQ(said_, "");
}

TEST_F(Compose, AnIndexAloneStaysWhatItIsAndAnImageBecomesOne) {
  EXPECT_EQ(make({source("app:arm")}).bytes, registry_.manifest("app", "arm"));
  EXPECT_EQ(make({source("app:amd")}).bytes, index_of({amd_}));
  EXPECT_EQ(make({source("app:amd")}, {.platforms = {}, .notes = {}, .prefer_index = false}).bytes,
            registry_.manifest("app", "amd"));
}

TEST_F(Compose, ReadsDigestsAndDescriptors) {
  oci::Descriptor other = amd_;
  other.platform = platform("linux/amd64");
  other.annotations = {{"a", "b"}};
  const auto composed = make({parse_source(arm_.digest.str()),
                              parse_source(json::dump(oci::to_json(other)))});
  EXPECT_EQ(composed.bytes, index_of({arm_, other}));
  EXPECT_THAT(error_text([] { parse_source("not a reference"); }), HasSubstr("not a reference"));
  EXPECT_THAT(error_text([&] { compose(client_, {parse_source(arm_.digest.str())}, {}, {}, {}); }),
              HasSubstr("which repository"));
}

TEST_F(Compose, OneManifestIsThereOnceWithWhatLaterSourcesSay) {
  oci::Descriptor noted = amd_;
  noted.annotations = {{"a", "b"}};
  EXPECT_EQ(make({source("app:amd"), parse_source(json::dump(oci::to_json(noted)))}).bytes,
            index_of({noted}));
}

TEST_F(Compose, KeepsOnlyThePlatformsThatAreAskedForAndTheirAttestations) {
  put(make({source("app:amd"), source("app:arm")}), ref("app:new"));
  const auto composed = make({source("app:new")},
                             {.platforms = {platform("linux/arm64")}, .notes = {}});
  EXPECT_EQ(composed.bytes, index_of({arm_, note_}, {{"org.example.note", "x"}}));
  EXPECT_THAT(error_text([&] {
                make({source("app:amd")}, {.platforms = {platform("linux/s390x")}, .notes = {}});
              }),
              HasSubstr("no source has an image for linux/s390x"));
}

TEST_F(Compose, AnnotatesTheIndexAndDescriptors) {
  const auto composed = make(
      {source("app:amd"), source("app:arm")},
      {.platforms = {},
       .notes = {{.is_of_index = true, .platform = {}, .key = "k", .value = "v"},
                 {.is_of_index = false, .platform = platform("linux/arm64"), .key = "d", .value = "w"}}});
  oci::Descriptor arm = arm_;
  arm.annotations["d"] = "w";
  EXPECT_EQ(composed.bytes,
            index_of({amd_, arm, note_}, {{"k", "v"}, {"org.example.note", "x"}}));
}

TEST_F(Compose, CopiesFromAnotherRepositoryByMounting) {
  const auto composed = make({source("app:amd"), source("app:arm")});
  const int uploads = registry_.count("PUT", "/blobs/uploads/");
  put(composed, ref("prod/app:1"));
  EXPECT_EQ(registry_.manifest("prod/app", "1"), composed.bytes);
  EXPECT_EQ(registry_.count("PUT", "/blobs/uploads/"), uploads);
  const auto manifest = oci::parse_manifest(registry_.manifest("prod/app", amd_.digest.str()), "x");
  EXPECT_NE(registry_.blob("prod/app", manifest.layers[0].digest), "");
  EXPECT_THAT(said_, HasSubstr("copying " + amd_.digest.str() + " from " + registry_.host() + "/app"));
}

TEST_F(Compose, CopiesToAnotherRegistryByteForByte) {
  FakeRegistry other;
  const auto to = registry::parse_reference(other.host() + "/app:1");
  put(make({source("app:arm")}), to);
  EXPECT_EQ(other.manifest("app", "1"), registry_.manifest("app", "arm"));
  const auto manifest = oci::parse_manifest(other.manifest("app", arm_.digest.str()), "x");
  EXPECT_NE(other.blob("app", manifest.layers[0].digest), "");
  EXPECT_NE(other.blob("app", manifest.config.digest), "");
}

TEST_F(Compose, SaysWhatIsNotThere) {
  EXPECT_THAT(error_text([&] { make({source("app:none")}); }), HasSubstr("app:none is not there"));
}

}  // namespace
}  // namespace slipway::joins
