// Client against a registry that misbehaves: what is tried again, what is an error at once, and
// what the error says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "registry/client.h"
#include "registry/client_fixture.h"
#include "testing/fake_registry.h"

namespace slipway::registry {
namespace {

using slipway::testing::Exchange;
using slipway::testing::FakeRegistry;
using ::testing::HasSubstr;
using ::testing::Not;

class Faults : public ClientFixture {
 protected:
  Faults() { digest_ = fake_.put_manifest("app", "1", std::string(oci::kManifest), kManifestText); }

  Reference ref(const std::string& name = "app:1") {
    return parse_reference(fake_.host() + "/" + name);
  }
  oci::Descriptor blob(const std::string& bytes) {
    fake_.put_blob("app", bytes);
    return descriptor_of(bytes);
  }
  /// The first `times` requests whose target contains `part` go to `answer`.
  void intercept(int times, const std::string& part, std::function<void(Exchange&)> answer) {
    auto left = std::make_shared<std::atomic<int>>(times);
    fake_.intercept([=](Exchange& e) {
      if (e.request().target.find(part) == std::string::npos || left->fetch_sub(1) <= 0)
        return false;
      answer(e);
      return true;
    });
  }

  static inline const std::string kManifestText =
      manifest_of(descriptor_of("config"), descriptor_of("layer"));
  FakeRegistry fake_;
  oci::Digest digest_;
};

TEST_F(Faults, LookingUpATagIsOneRoundTripOnOneConnection) {
  Client client(options());
  ASSERT_TRUE(client.resolve(ref()));
  ASSERT_TRUE(client.resolve(ref()));
  EXPECT_EQ(fake_.log().size(), 2u);
  EXPECT_EQ(fake_.count("HEAD", "/v2/app/manifests/1"), 2);
}

TEST_F(Faults, AFetchGoesOnWithARangeAfterADroppedConnection) {
  const std::string bytes = sample_bytes(300'000);
  const auto layer = blob(bytes);
  intercept(2, "/blobs/", [&](Exchange& e) {
    const std::string range = e.request().header("range");
    const size_t from = range.empty() ? 0 : std::stoul(range.substr(6));
    Exchange::Fields fields = {{"Content-Length", std::to_string(bytes.size() - from)}};
    if (from > 0)
      fields.emplace_back("Content-Range", "bytes " + std::to_string(from) + "-299999/300000");
    e.send_head(from > 0 ? 206 : 200, fields);
    e.send(bytes.substr(from, 100'000));
  });
  Client client(options());
  EXPECT_TRUE(fetch(client, ref(), layer) == bytes);
  const auto log = fake_.log();
  ASSERT_EQ(log.size(), 3u);
  EXPECT_EQ(log[1].range, "bytes=100000-");
  EXPECT_EQ(log[2].range, "bytes=200000-");
}

TEST_F(Faults, AFetchGoesOnWhereRangesAreNotSupported) {
  const std::string bytes = sample_bytes(300'000);
  const auto layer = blob(bytes);
  intercept(2, "/blobs/", [&](Exchange& e) {
    if (!e.request().header("range").empty()) return e.reply(200, {}, bytes);
    e.send_head(200, {{"Content-Length", "300000"}});
    e.send(bytes.substr(0, 150'000));
    e.drop();
  });
  Client client(options());
  EXPECT_TRUE(fetch(client, ref(), layer) == bytes);
}

TEST_F(Faults, HalfABlobWithoutALengthIsNotTakenForTheWhole) {
  const std::string bytes = sample_bytes(50'000);
  const auto layer = blob(bytes);
  intercept(1, "/blobs/", [&](Exchange& e) {
    e.send_head(200, {});
    e.send(bytes.substr(0, 20'000));
  });
  Client client(options());
  EXPECT_TRUE(fetch(client, ref(), layer) == bytes);
  EXPECT_EQ(fake_.log().back().range, "bytes=20000-");
}

TEST_F(Faults, AFetchThatNeverEndsGivesUp) {
  const auto layer = blob(sample_bytes(50'000));
  intercept(1000, "/blobs/", [&](Exchange& e) { e.send_head(200, {{"Content-Length", "50000"}}); });
  Client client(options());
  const std::string text = error_text([&] { fetch(client, ref(), layer); });
  EXPECT_THAT(text, HasSubstr("cannot reach the registry " + fake_.host()));
  EXPECT_THAT(text, HasSubstr(layer.digest.str()));
  EXPECT_EQ(fake_.count("GET", "/blobs/"), 5);
}

TEST_F(Faults, TooManyRequestsAreRepeatedAsRetryAfterAsks) {
  for (const char* wait : {"0", "1"}) {
    intercept(1, "/manifests/", [&](Exchange& e) { e.reply(429, {{"Retry-After", wait}}); });
    Client client(options());
    EXPECT_TRUE(client.fetch_manifest(ref()));
  }
  EXPECT_EQ(fake_.count("GET", "/manifests/"), 4);
}

TEST_F(Faults, AnHourOfRetryAfterIsNotWaitedFor) {
  intercept(1, "/manifests/", [&](Exchange& e) {
    e.reply(429, {{"Retry-After", "3600"}},
            R"({"errors":[{"code":"TOOMANYREQUESTS","message":"pull rate limit"}]})");
  });
  Client client(options());
  const std::string text = error_text([&] { client.fetch_manifest(ref()); });
  EXPECT_THAT(text, HasSubstr("pull rate limit"));
  EXPECT_THAT(text, HasSubstr("3600"));
  EXPECT_THAT(text, HasSubstr("docker login " + fake_.host()));
  EXPECT_EQ(fake_.log().size(), 1u);
}

TEST_F(Faults, ServerErrorsAreRepeatedAndThenReported) {
  intercept(2, "/manifests/", [&](Exchange& e) { e.reply(500); });
  Client client(options());
  EXPECT_TRUE(client.fetch_manifest(ref()));
  intercept(1000, "/manifests/", [&](Exchange& e) { e.reply(503, {}, "<html>Bad day</html>"); });
  const std::string text = error_text([&] { client.fetch_manifest(ref()); });
  EXPECT_THAT(text, HasSubstr("answered 503"));
  EXPECT_THAT(text, HasSubstr("mirror"));
  EXPECT_THAT(text, Not(HasSubstr("html")));
}

TEST_F(Faults, AManifestWithAnotherDigestIsAskedForOnceMoreAndThenAnError) {
  intercept(1000, "/manifests/", [&](Exchange& e) {
    e.reply(
        200,
        {{"Content-Type", std::string(oci::kManifest)}, {"Docker-Content-Digest", digest_.str()}},
        kManifestText + " ");
  });
  Client client(options());
  EXPECT_THAT(error_text([&] { client.fetch_manifest(ref()); }), HasSubstr("not " + digest_.str()));
  EXPECT_EQ(fake_.log().size(), 2u);
  EXPECT_THAT(error_text([&] { client.fetch_manifest(ref("app@" + digest_.str())); }),
              HasSubstr("digest"));
  intercept(1, "/manifests/", [&](Exchange& e) { e.reply(200, {}, "{}"); });
  EXPECT_TRUE(client.fetch_manifest(ref("app@" + digest_.str())));
}

TEST_F(Faults, ABlobWithAnotherDigestIsAnErrorAtOnce) {
  const std::string bytes = sample_bytes(1000);
  auto layer = blob(bytes);
  intercept(1000, "/blobs/", [&](Exchange& e) { e.reply(200, {}, std::string(1000, 'x')); });
  Client client(options());
  const std::string text = error_text([&] { fetch(client, ref(), layer); });
  EXPECT_THAT(text, HasSubstr("sent other bytes than those of blob " + layer.digest.str()));
  EXPECT_EQ(fake_.log().size(), 1u);
}

TEST_F(Faults, AWrongLengthIsAnErrorBeforeTheFirstByte) {
  const auto layer = blob(sample_bytes(1000));
  Client client(options());
  for (const size_t size : {999u, 1001u}) {
    intercept(1, "/blobs/", [&](Exchange& e) { e.reply(200, {}, std::string(size, 'x')); });
    std::string got;
    const std::string text = error_text([&] {
      client.fetch_blob(ref(), layer,
                        [&](std::span<const uint8_t> bytes) { got.append(bytes.size(), '.'); });
    });
    EXPECT_THAT(text, HasSubstr("its manifest says 1000"));
    EXPECT_EQ(got, "");
  }
}

TEST_F(Faults, MoreBytesThanAnnouncedNeverReachTheSink) {
  const auto layer = blob(sample_bytes(1000));
  intercept(1, "/blobs/", [&](Exchange& e) {
    e.send_head(200, {});
    e.send(std::string(5000, 'x'));
  });
  Client client(options());
  size_t got = 0;
  EXPECT_THAT(error_text([&] {
                client.fetch_blob(ref(), layer,
                                  [&](std::span<const uint8_t> bytes) { got += bytes.size(); });
              }),
              HasSubstr("sends more than the 1000 bytes"));
  EXPECT_LE(got, 1000u);
}

TEST_F(Faults, WhatTheSinkThrowsIsPassedOnUntouched) {
  const auto layer = blob(sample_bytes(1000));
  Client client(options());
  EXPECT_EQ(error_text([&] {
              client.fetch_blob(ref(), layer,
                                [](std::span<const uint8_t>) { throw Error("disk full"); });
            }),
            "disk full");
}

TEST_F(Faults, ABlobMayComeFromAnotherServerWhichDoesNotSeeTheToken) {
  const std::string bytes = sample_bytes(10'000);
  const auto layer = blob(bytes);
  FakeRegistry storage;
  storage.put_blob("data", bytes);
  fake_.require_token();
  fake_.intercept([&](Exchange& e) {
    const bool allowed = e.request().header("authorization").starts_with("Bearer ");
    if (!allowed || e.request().path.find("/blobs/") == std::string::npos) return false;
    e.reply(307, {{"Location", storage.url() + "/v2/data/blobs/" + layer.digest.str() + "?sig=1"}});
    return true;
  });
  Client client(options());
  EXPECT_TRUE(fetch(client, ref(), layer) == bytes);
  ASSERT_EQ(storage.log().size(), 1u);
  EXPECT_EQ(storage.log()[0].authorization, "");
}

TEST_F(Faults, AStalledBlobIsCancelled) {
  const auto layer = blob(sample_bytes(100'000));
  std::promise<void> started;
  intercept(1, "/blobs/", [&](Exchange& e) {
    e.send_head(200, {{"Content-Length", "100000"}});
    e.send(std::string(10, 'x'));
    started.set_value();
    e.hang();
  });
  Client client(options());
  std::stop_source source;
  std::thread canceller([&] {
    started.get_future().wait();
    source.request_stop();
  });
  EXPECT_THROW(fetch(client, ref(), layer, source.get_token()), Cancelled);
  canceller.join();
}

TEST_F(Faults, ABackoffIsCancelled) {
  std::stop_source source;
  intercept(1000, "/manifests/", [&](Exchange& e) {
    e.reply(429, {{"Retry-After", "50"}});
    source.request_stop();
  });
  Client client(options());
  EXPECT_THROW((void)client.fetch_manifest(ref(), source.get_token()), Cancelled);
}

TEST_F(Faults, ARedirectToStorageMeansTheBlobIsThere) {
  const auto digest = oci::Digest::of("x");
  intercept(1, "/blobs/",
            [&](Exchange& e) { e.reply(307, {{"Location", "http://storage.invalid/x?sig=1"}}); });
  Client client(options());
  EXPECT_TRUE(client.has_blob(ref(), digest));
  // A registry that only sends us to another of its addresses has not answered yet.
  FakeRegistry other;
  const std::string path = "/v2/app/blobs/" + digest.str();
  fake_.intercept(
      [&](Exchange& e) { return e.reply(301, {{"Location", other.url() + path}}), true; });
  EXPECT_FALSE(client.has_blob(ref(), digest));
  other.put_blob("app", "x");
  EXPECT_TRUE(client.has_blob(ref(), digest));
}

TEST_F(Faults, AnUploadGoesOnWhereTheConnectionBroke) {
  const std::string bytes = sample_bytes(500'000);
  const auto file = blob_file(bytes);
  // Drops the first PUT with a body after 200,000 bytes, which the registry keeps.
  auto dropped = std::make_shared<std::atomic<bool>>(false);
  auto kept = std::make_shared<std::string>();
  fake_.intercept([=](Exchange& e) {
    const auto& request = e.request();
    if (request.path.find("/blobs/uploads/upload") == std::string::npos) return false;
    if (request.method == "PUT" && !dropped->exchange(true)) {
      while (kept->size() < 200'000) *kept += e.read(200'000 - kept->size());
      e.drop();
      return true;
    }
    const std::string location = request.path + "?_state=s2";
    if (request.method == "GET") {
      e.reply(204, {{"Location", location}, {"Range", "0-" + std::to_string(kept->size() - 1)}});
    } else if (request.method == "PATCH") {
      EXPECT_EQ(request.header("content-range"), std::to_string(kept->size()) + "-499999");
      *kept += e.read_body();
      e.reply(202, {{"Location", location}, {"Range", "0-499999"}});
    } else {
      EXPECT_TRUE(e.read_body().empty());
      EXPECT_EQ(request.query.at("digest"), oci::Digest::of(*kept).str());
      e.reply(201);
    }
    return true;
  });
  Client client(options());
  EXPECT_TRUE(client.push_blob(ref(), file.descriptor, file.path, {}));
  EXPECT_TRUE(*kept == bytes);
  EXPECT_EQ(fake_.count("POST", "/blobs/uploads/"), 1);
}

TEST_F(Faults, AnUploadThatIsLostStartsAnew) {
  const std::string bytes = sample_bytes(100'000);
  const auto file = blob_file(bytes);
  int drops = 2;
  fake_.intercept([&](Exchange& e) {
    if (e.request().path.find("/uploads/upload") == std::string::npos) return false;
    if (e.request().method == "GET") return e.reply(404), true;
    if (drops-- <= 0) return false;
    e.read(10);
    e.drop();
    return true;
  });
  Client client(options());
  EXPECT_TRUE(client.push_blob(ref(), file.descriptor, file.path, {}));
  EXPECT_TRUE(fake_.blob("app", file.descriptor.digest) == bytes);
  EXPECT_EQ(fake_.count("POST", "/blobs/uploads/"), 3);
}

TEST_F(Faults, AnUploadWhoseAnswerWasLostIsDone) {
  const std::string bytes = sample_bytes(1000);
  const auto file = blob_file(bytes);
  fake_.intercept([&](Exchange& e) {
    const std::string method = e.request().method;
    if (e.request().path.find("/uploads/upload") == std::string::npos) return false;
    if (method == "GET") return e.reply(404), true;
    fake_.put_blob("app", e.read_body());
    e.drop();
    return true;
  });
  Client client(options());
  EXPECT_TRUE(client.push_blob(ref(), file.descriptor, file.path, {}));
  EXPECT_EQ(fake_.count("PUT"), 1);
}

TEST_F(Faults, AnUploadThatTheRegistryRefusesSaysWhatItSaid) {
  const auto file = blob_file(sample_bytes(1000));
  intercept(1000, "/uploads/", [](Exchange& e) {
    e.reply(413, {}, R"({"errors":[{"code":"SIZE_INVALID","message":"too large for this plan"}]})");
  });
  Client client(options());
  const std::string text =
      error_text([&] { client.push_blob(ref(), file.descriptor, file.path, {}); });
  EXPECT_THAT(text, HasSubstr("answered 413: too large for this plan (SIZE_INVALID)"));
  EXPECT_THAT(text, HasSubstr("while pushing blob " + file.descriptor.digest.str()));
  EXPECT_EQ(fake_.log().size(), 2u);
}

TEST_F(Faults, AFileThatIsNotTheBlobIsNotUploaded) {
  auto file = blob_file("hello");
  file.descriptor.size = 6;
  Client client(options());
  EXPECT_THAT(error_text([&] { client.push_blob(ref(), file.descriptor, file.path, {}); }),
              HasSubstr("has 5 bytes instead of 6"));
}

TEST_F(Faults, AManifestIsPushedUnderItsTagOrItsDigest) {
  Client client(options());
  client.push_manifest(ref("app:new"), oci::kManifest, kManifestText);
  EXPECT_EQ(fake_.manifest("app", "new"), kManifestText);
  const std::string other = kManifestText + "\n";
  Reference by_digest = ref("app:x");
  by_digest.tag.clear();
  by_digest.digest = oci::Digest::of(other);
  client.push_manifest(by_digest, oci::kManifest, other);
  EXPECT_EQ(fake_.manifest("app", oci::Digest::of(other).str()), other);
}

TEST_F(Faults, ARegistryWithoutDigestHeadersIsResolvedByItsManifest) {
  fake_.intercept([&](Exchange& e) {
    if (e.request().path.find("/manifests/") == std::string::npos) return false;
    if (e.request().method == "HEAD") return e.reply(405), true;
    e.reply(200, {{"Content-Type", "text/plain; charset=utf-8"}}, kManifestText);
    return true;
  });
  Client client(options());
  const auto descriptor = client.resolve(ref());
  ASSERT_TRUE(descriptor);
  EXPECT_EQ(descriptor->digest, digest_);
  EXPECT_EQ(descriptor->media_type, oci::kManifest);
  EXPECT_EQ(descriptor->size, kManifestText.size());
}

TEST_F(Faults, ARegistryThatIsDownIsNamedWithItsPortAndTheWayOut) {
  const Reference gone = ref();
  fake_.stop();
  Client client(options());
  const std::string text = error_text([&] { client.resolve(gone); });
  EXPECT_THAT(text, HasSubstr("cannot reach the registry " + gone.host + ": connection refused"));
  EXPECT_THAT(text, HasSubstr("registries.conf"));
  EXPECT_THAT(text, HasSubstr("while trying to look up " + gone.familiar()));
}

}  // namespace
}  // namespace slipway::registry
