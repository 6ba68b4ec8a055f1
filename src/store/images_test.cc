#include "json/json.h"
#include "os/process.h"
#include "store/testing.h"

namespace slipway::store {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Images : public StoreTest {};

TEST_F(Images, ATaggedImageIsListedAsItWasGiven) {
  Store store(root_);
  const oci::Descriptor top = put_image(store, "docker.io/library/app:1", "layer");
  const auto images = store.images();
  ASSERT_EQ(images.size(), 1u);
  EXPECT_EQ(images[0].name, "docker.io/library/app:1");
  EXPECT_EQ(images[0].descriptor, top);
}

TEST_F(Images, ANameMeansOneImage) {
  Store store(root_);
  put_image(store, "app:1", "old");
  put_image(store, "app:2", "old");
  const oci::Descriptor top = put_image(store, "app:1", "new");
  ASSERT_EQ(store.images().size(), 2u);
  EXPECT_EQ(store.images()[0].descriptor.digest, top.digest);
  EXPECT_TRUE(store.untag_image("app:2"));
  EXPECT_FALSE(store.untag_image("app:2"));
  EXPECT_EQ(store.images().size(), 1u);
}

TEST_F(Images, AnImageThatIsNotThereCannotBeTagged) {
  Store store(root_);
  EXPECT_THAT(message_of([&] {
                store.tag_image("app:1", {.media_type = std::string(oci::kManifest),
                                          .digest = oci::Digest::of("nothing"),
                                          .size = 7});
              }),
              HasSubstr("not in the store"));
  EXPECT_THAT(store.images(), IsEmpty());
}

TEST_F(Images, TaggingTheSameAgainWritesNothing) {
  Store store(root_);
  put_image(store, "app:1", "layer");
  const std::string marked = os::read_file(root_ + "/index.json") + "  ";
  write_to(root_ + "/index.json", marked);
  put_image(store, "app:1", "layer");
  EXPECT_EQ(os::read_file(root_ + "/index.json"), marked);
}

TEST_F(Images, AnIndexThatCannotBeReadNamesTheWayOut) {
  Store store(root_);
  write_to(root_ + "/index.json", "{");
  EXPECT_THAT(message_of([&] { (void)store.images(); }), HasSubstr("remove this file"));
}

TEST_F(Images, AStoreIsALayoutForOtherTools) {
  Store store(root_);
  EXPECT_EQ(json::string_or(json::parse(os::read_file(root_ + "/oci-layout"), "oci-layout"),
                            "imageLayoutVersion"),
            "1.0.0");
  const oci::Descriptor top = put_image(store, "docker.io/library/app:1", "layer");
  if (!os::find_program("skopeo")) GTEST_SKIP() << "skopeo is not installed";
  const auto done =
      os::run({.argv = {"skopeo", "inspect", "oci:" + root_ + ":docker.io/library/app:1"}});
  EXPECT_TRUE(done.ok()) << done.errors;
  EXPECT_THAT(done.output, HasSubstr(top.digest.str()));
}

TEST_F(Images, ADirectoryWithOtherThingsDoesNotBecomeAStore) {
  os::make_dirs(root_);
  write_to(root_ + "/thesis.tex", "");
  EXPECT_THAT(message_of([&] { Store store(root_); }), HasSubstr("SLIPWAY_HOME"));
  EXPECT_EQ(os::list_dir(root_).size(), 1u);
}

}  // namespace
}  // namespace slipway::store
