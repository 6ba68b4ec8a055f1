// Client against a real docker-registry; faults are in faults_test.cc.
#include "registry/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "oci/media_types.h"
#include "os/fs.h"
#include "registry/client_fixture.h"
#include "testing/cutting_proxy.h"
#include "testing/docker_registry.h"

namespace slipway::registry {
namespace {

using slipway::testing::CuttingProxy;
using slipway::testing::DockerRegistry;
using ::testing::HasSubstr;

class RealRegistry : public ClientFixture {
 protected:
  void SetUp() override {
    registry_ = DockerRegistry::start(options_);
    if (!registry_) GTEST_SKIP() << "docker-registry is not installed";
  }
  Reference ref(const std::string& name) { return parse_reference(registry_->host() + "/" + name); }

  slipway::testing::DockerRegistryOptions options_;
  std::unique_ptr<DockerRegistry> registry_;
};

TEST_F(RealRegistry, GivesBackWhatWasPushed) {
  Client client(options());
  const std::string bytes = sample_bytes(3 << 20);
  const auto blob = blob_file(bytes);
  EXPECT_FALSE(client.has_blob(ref("team/app:1"), blob.descriptor.digest));
  uint64_t last = 0;
  EXPECT_TRUE(client.push_blob(ref("team/app:1"), blob.descriptor, blob.path, {},
                               [&](uint64_t done, uint64_t) { last = done; }));
  EXPECT_EQ(last, bytes.size());
  EXPECT_TRUE(client.has_blob(ref("team/app:1"), blob.descriptor.digest));
  EXPECT_FALSE(client.push_blob(ref("team/app:1"), blob.descriptor, blob.path, {}));
  EXPECT_TRUE(fetch(client, ref("team/app:1"), blob.descriptor) == bytes);

  const std::string manifest = manifest_of(blob.descriptor, blob.descriptor);
  client.push_manifest(ref("team/app:1"), oci::kManifest, manifest);
  const auto document = client.fetch_manifest(ref("team/app:1"));
  ASSERT_TRUE(document);
  EXPECT_EQ(document->bytes, manifest);
  EXPECT_EQ(document->media_type, oci::kManifest);
  EXPECT_EQ(document->digest, oci::Digest::of(manifest));
  const auto descriptor = client.resolve(ref("team/app:1"));
  ASSERT_TRUE(descriptor);
  EXPECT_EQ(descriptor->digest, document->digest);
  EXPECT_EQ(descriptor->size, manifest.size());
  EXPECT_TRUE(client.resolve(ref("team/app@" + document->digest.str())));
}

TEST_F(RealRegistry, SaysNulloptForWhatIsNotThere) {
  Client client(options());
  EXPECT_FALSE(client.resolve(ref("team/none:1")));
  EXPECT_FALSE(client.fetch_manifest(ref("team/none:1")));
}

TEST_F(RealRegistry, MountsABlobOfAnotherRepository) {
  Client client(options());
  const auto blob = blob_file(sample_bytes(1000));
  EXPECT_TRUE(client.push_blob(ref("base/debian:1"), blob.descriptor, blob.path, {}));
  EXPECT_FALSE(client.push_blob(ref("team/app:1"), blob.descriptor, blob.path,
                                {"team/other", "base/debian"}));
  EXPECT_TRUE(client.has_blob(ref("team/app:1"), blob.descriptor.digest));
  const auto unknown = blob_file(sample_bytes(1001));
  EXPECT_TRUE(client.push_blob(ref("team/app:1"), unknown.descriptor, unknown.path,
                               {"base/debian", "team/other"}));
  EXPECT_TRUE(client.has_blob(ref("team/app:1"), unknown.descriptor.digest));
}

TEST_F(RealRegistry, TakesAnEmptyBlob) {
  Client client(options());
  const auto blob = blob_file("");
  client.push_blob(ref("team/app:1"), blob.descriptor, blob.path, {});
  EXPECT_EQ(fetch(client, ref("team/app:1"), blob.descriptor), "");
}

// Version 2 of the registry makes us start anew; going on where it stopped is tested in
// faults_test.cc.
TEST_F(RealRegistry, FinishesABrokenUpload) {
  CuttingProxy proxy(registry_->port());
  const Reference where = parse_reference(proxy.host() + "/team/app:1");
  Client client(options());
  const std::string bytes = sample_bytes(8 << 20);
  const auto blob = blob_file(bytes);
  proxy.cut_upload_after(5 << 20);
  uint64_t sent = 0;
  client.push_blob(where, blob.descriptor, blob.path, {},
                   [&](uint64_t done, uint64_t) { sent = done; });
  EXPECT_EQ(proxy.cuts(), 1);
  EXPECT_EQ(sent, bytes.size());
  EXPECT_TRUE(fetch(client, where, blob.descriptor) == bytes);
}

TEST_F(RealRegistry, ResumesABrokenDownload) {
  CuttingProxy proxy(registry_->port());
  const Reference where = parse_reference(proxy.host() + "/team/app:1");
  Client client(options());
  const std::string bytes = sample_bytes(8 << 20);
  const auto blob = blob_file(bytes);
  client.push_blob(where, blob.descriptor, blob.path, {});
  proxy.cut_download_after(3 << 20);
  EXPECT_TRUE(fetch(client, where, blob.descriptor) == bytes);
  EXPECT_EQ(proxy.cuts(), 1);
}

}  // namespace
}  // namespace slipway::registry
