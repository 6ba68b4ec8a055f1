#include "source/archive.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/error.h"
#include "oci/digest.h"
#include "os/fd.h"
#include "os/fs.h"
#include "os/process.h"
#include "source/stored_file.h"
#include "testing/http_server.h"

namespace slipway::source {
namespace {

class Stored : public ::testing::Test {
 protected:
  Stored()
      : server_([this](testing::Exchange& exchange) {
          ++requests_;
          if (!wanted_.empty() && exchange.request().header("authorization") != wanted_)
            return exchange.reply(401);
          testing::Exchange::Fields fields = {{"ETag", etag_}};
          if (!last_modified_.empty()) fields.emplace_back("Last-Modified", last_modified_);
          if (exchange.request().header("if-none-match") == etag_)
            return exchange.reply(304, fields);
          ++bodies_;
          exchange.reply(200, fields, body_);
        }) {}

  StoredFile fetch(const std::string& checksum = "") {
    FileRequest request;
    request.url = server_.url() + "/dir/file.txt";
    request.checksum = checksum;
    return fetch_file(store_, request);
  }
  HttpContext context() { return http_context(store_, server_.url() + "/context", {}); }
  /// The bytes of a tar with one file "dir/file" of that content and owner 5:6.
  std::string tar_of(const std::string& content) {
    const os::Finished done =
        os::run({.argv = {"/bin/sh", "-euc",
                          "rm -rf in && mkdir -p in/dir && printf '" + content +
                              "' >in/dir/file && tar -C in --owner=5 --group=6 "
                              "--mtime=@1000 --sort=name -cf - dir"},
                 .env = {},
                 .cwd = dir_.path(),
                 .input = {}});
    EXPECT_TRUE(done.ok()) << done.errors;
    return done.output;
  }

  os::TempDir dir_{::testing::TempDir(), "stored-"};
  store::Store store_{dir_.path() + "/store"};
  std::string body_ = "one", etag_ = "\"1\"", last_modified_, wanted_;
  std::atomic<int> requests_ = 0, bodies_ = 0;
  testing::HttpServer server_;
};

TEST_F(Stored, AFileThatDidNotChangeIsNotSentAgain) {
  const StoredFile first = fetch();
  EXPECT_EQ(first.name, "file.txt");
  EXPECT_EQ(os::read_file(first.path), "one");
  const StoredFile second = fetch();
  EXPECT_EQ(second.path, first.path);
  EXPECT_EQ(second.sum, first.sum);
  EXPECT_EQ(second.size, 3u);
  EXPECT_EQ(requests_, 2);
  EXPECT_EQ(bodies_, 1);
}

TEST_F(Stored, AFileThatChangedIs) {
  fetch();
  body_ = "two";
  etag_ = "\"2\"";
  EXPECT_EQ(os::read_file(fetch().path), "two");
  EXPECT_EQ(os::read_file(fetch().path), "two");
  EXPECT_EQ(bodies_, 2);
}

TEST_F(Stored, AFileOfKnownChecksumNeedsNoServer) {
  last_modified_ = "Sun, 06 Nov 1994 08:49:37 GMT";
  const std::string sum = oci::Digest::of("one").str();
  fetch(sum);
  server_.stop();
  const StoredFile again = fetch(sum);
  EXPECT_EQ(os::read_file(again.path), "one");
  EXPECT_EQ(again.last_modified, 784111777);
}

TEST_F(Stored, APrivateServerGetsItsSecret) {
  wanted_ = "Bearer t0ken";
  EXPECT_THROW(fetch(), Error);
  FileRequest request;
  request.url = server_.url() + "/dir/file.txt";
  request.authorization = http_authorization({{"HTTP_AUTH_TOKEN_127.0.0.1", "t0ken\n"}}, request.url);
  EXPECT_EQ(os::read_file(fetch_file(store_, request).path), "one");
  // Who has no secret learns nothing from the store.
  EXPECT_THROW(fetch(), Error);
}

TEST_F(Stored, SecretsAreForTheirHostOnly) {
  const std::map<std::string, std::string> secrets = {{"HTTP_AUTH_HEADER_a.example", "Basic x"},
                                                      {"HTTP_AUTH_HEADER_b.example", "Basic y"},
                                                      {"HTTP_AUTH_TOKEN_b.example", "z"},
                                                      {"HTTP_AUTH_TOKEN_::1", "six"}};
  EXPECT_EQ(http_authorization(secrets, "https://a.example:444/x"), "Basic x");
  EXPECT_EQ(http_authorization(secrets, "https://B.example/x"), "Bearer z");
  EXPECT_EQ(http_authorization(secrets, "http://[::1]/x"), "Bearer six");
  EXPECT_EQ(http_authorization(secrets, "https://c.example/a.example"), "");
}

TEST_F(Stored, AWrongChecksumLeavesNothing) {
  fetch();
  EXPECT_THROW(fetch(oci::Digest::of("other").str()), Error);
  body_ = "other";
  etag_ = "\"2\"";
  EXPECT_EQ(os::read_file(fetch(oci::Digest::of("other").str()).path), "other");
}

TEST_F(Stored, AnArchiveBecomesASnapshotWithItsOwners) {
  body_ = tar_of("one");
  const HttpContext got = context();
  EXPECT_TRUE(got.is_archive);
  EXPECT_EQ(read_file(got.files, "dir/file", 100), "one");
  EXPECT_EQ(got.files.files->find("dir/file")->uid, 5u);
  EXPECT_EQ(got.time, 1000);
  last_modified_ = "Sun, 06 Nov 1994 08:49:37 GMT";
  etag_ = "\"2\"";
  EXPECT_EQ(context().time, 784111777);
  EXPECT_EQ(context().files.dir, got.files.dir);
}

TEST_F(Stored, AnythingElseIsOneFile) {
  body_ = "FROM scratch\n";
  const HttpContext got = context();
  EXPECT_FALSE(got.is_archive);
  EXPECT_EQ(read_file(got.files, "context", 100), body_);
  EXPECT_EQ(got.files.files->entries().size(), 1u);
  const auto found = find_snapshot(store_, got.files.id);
  ASSERT_TRUE(found);
  EXPECT_EQ(read_file(*found, "context", 100), body_);
}

TEST_F(Stored, AnArchiveIsUnpackedOnceForWhoeverHasIt) {
  const std::string path = dir_.path() + "/archive.tar";
  os::write_file_atomic(path, tar_of("one"));
  const os::UniqueFd fd = os::open_file(path, O_RDONLY);
  hash::Sha256 hasher;
  hasher.update(os::read_file(path));
  const auto sum = hasher.finish();
  const auto first = unpack_archive(store_, fd.get(), sum, {});
  const auto second = unpack_archive(store_, -1, sum, {});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->dir, second->dir);
}

TEST_F(Stored, ADamagedArchiveIsAnError) {
  body_ = tar_of(std::string(2000, 'x'));
  body_.resize(1500);
  EXPECT_THROW(context(), Error);
}

}  // namespace
}  // namespace slipway::source
