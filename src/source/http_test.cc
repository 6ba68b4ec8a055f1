#include "source/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/error.h"
#include "base/text.h"
#include "oci/digest.h"
#include "os/fs.h"
#include "testing/http_server.h"

namespace slipway::source {
namespace {

using slipway::testing::Exchange;
using slipway::testing::HttpServer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Download : public ::testing::Test {
 protected:
  Download() : dir_(::testing::TempDir(), "slipway-download-") {}
  DownloadRequest request(const std::string& url) const {
    return {.url = url, .directory = dir_.path(), .backoff_ms = 1};
  }
  std::string file(const std::string& name) const {
    return os::read_file(dir_.path() + "/" + name);
  }
  std::vector<std::string> files() const { return os::list_dir(dir_.path()); }
  static std::string error_text(const DownloadRequest& request) {
    try {
      download(request);
    } catch (const Error& error) {
      return error.render();
    }
    return "no error";
  }

 private:
  os::TempDir dir_;
};

TEST_F(Download, WritesTheFileAndTellsWhatTheServerSaysOfIt) {
  HttpServer server([](Exchange& e) {
    e.reply(200, {{"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"}, {"ETag", "\"v1\""}},
            "content");
  });
  auto wanted = request(server.url() + "/dir/a%20file.txt?x=1");
  wanted.checksum = oci::Digest::of("content").str();
  uint64_t done = 0, total = 0;
  wanted.progress = [&](uint64_t d, uint64_t t) { done = d, total = t; };
  const Downloaded got = download(wanted);
  EXPECT_EQ(got.name, "a file.txt");
  EXPECT_EQ(got.size, 7u);
  EXPECT_EQ(oci::Digest::from_sum(got.sum), oci::Digest::of("content"));
  EXPECT_EQ(got.last_modified, 784111777);
  EXPECT_EQ(got.etag, "\"v1\"");
  EXPECT_FALSE(got.unchanged);
  EXPECT_EQ(done, 7u);
  EXPECT_EQ(total, 7u);
  EXPECT_THAT(files(), ::testing::ElementsAre("a file.txt"));
  EXPECT_EQ(file("a file.txt"), "content");
}

TEST_F(Download, AnEmptyFileIsAFile) {
  HttpServer server([](Exchange& e) { e.reply(200); });
  EXPECT_EQ(download(request(server.url() + "/empty")).size, 0u);
  EXPECT_EQ(file("empty"), "");
}

TEST_F(Download, GoesOnAfterABrokenTransferWhereTheFileIsStillTheSame) {
  const std::string bytes(100'000, 'x');
  std::vector<std::string> ranges;
  HttpServer server([&](Exchange& e) {
    ranges.push_back(e.request().header("range") + " " + e.request().header("if-range"));
    if (ranges.size() == 1) {
      e.send_head(200, {{"Content-Length", "100000"}, {"ETag", "\"v1\""}});
      return e.send(bytes.substr(0, 40'000));
    }
    e.reply(206, {{"Content-Range", "bytes 40000-99999/100000"}, {"ETag", "\"v1\""}},
            bytes.substr(40'000));
  });
  const Downloaded got = download(request(server.url() + "/f"));
  EXPECT_EQ(oci::Digest::from_sum(got.sum), oci::Digest::of(bytes));
  EXPECT_TRUE(file("f") == bytes);
  EXPECT_THAT(ranges, ::testing::ElementsAre(" ", "bytes=40000- \"v1\""));
}

TEST_F(Download, StartsAnewWhereTheFileChangedOrCannotBeTold) {
  for (const std::string etag : {"\"v1\"", "W/\"weak\"", ""}) {
    int requests = 0;
    HttpServer server([&](Exchange& e) {
      if (++requests > 1) return e.reply(200, {}, "new content");
      e.send_head(200, {{"Content-Length", "100000"}, {"ETag", etag}});
      e.send("old content, not all of it");
    });
    const Downloaded got = download(request(server.url() + "/f"));
    EXPECT_EQ(file("f"), "new content");
    EXPECT_EQ(oci::Digest::from_sum(got.sum), oci::Digest::of("new content"));
  }
}

TEST_F(Download, AWrongChecksumIsAnErrorAndLeavesNoFile) {
  HttpServer server([](Exchange& e) { e.reply(200, {}, "tampered"); });
  auto wanted = request(server.url() + "/f");
  wanted.checksum = oci::Digest::of("content").str();
  const std::string text = error_text(wanted);
  EXPECT_THAT(text, HasSubstr(server.url() + "/f: the file has checksum " +
                              oci::Digest::of("tampered").str()));
  EXPECT_THAT(text, HasSubstr(wanted.checksum));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(Download, FailuresNameTheUrlWithoutItsPassword) {
  HttpServer server([](Exchange& e) { e.reply(e.request().path == "/503" ? 503 : 404); });
  const std::string text = error_text(request("http://me:secret@" + server.host() + "/none"));
  EXPECT_THAT(text, HasSubstr("http://" + server.host() + "/none: the server answered 404"));
  EXPECT_THAT(text, Not(HasSubstr("secret")));
  EXPECT_THAT(error_text(request(server.url() + "/503")), HasSubstr("try again later"));
  EXPECT_THAT(error_text(request("ftp://h/x")), HasSubstr("not an http or https URL"));
  auto malformed = request(server.url());
  malformed.checksum = "md5:1";
  EXPECT_THAT(error_text(malformed), HasSubstr("not a sha256 checksum"));
  const std::string url = server.url() + "/f";
  server.stop();
  EXPECT_THAT(error_text(request(url)), HasSubstr("connection refused"));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(Download, AServerErrorIsTriedAgain) {
  int requests = 0;
  HttpServer server([&](Exchange& e) { ++requests < 3 ? e.reply(500) : e.reply(200, {}, "ok"); });
  EXPECT_EQ(download(request(server.url() + "/f")).size, 2u);
}

TEST_F(Download, AnUnchangedFileIsNotTransferred) {
  HttpServer server([](Exchange& e) {
    e.request().header("if-none-match") == "\"v1\"" ? e.reply(304)
                                                    : e.reply(200, {{"ETag", "\"v1\""}}, "content");
  });
  auto wanted = request(server.url() + "/f");
  wanted.unless_etag = "\"v0\"";
  EXPECT_FALSE(download(wanted).unchanged);
  wanted.unless_etag = "\"v1\"";
  const Downloaded got = download(wanted);
  EXPECT_TRUE(got.unchanged);
  EXPECT_EQ(got.etag, "\"v1\"");
}

TEST_F(Download, IsCancelledInTheMiddleAndLeavesNoFile) {
  std::stop_source source;
  HttpServer server([&](Exchange& e) {
    e.send_head(200, {{"Content-Length", "100"}});
    e.send("half");
    source.request_stop();
    e.hang();
  });
  auto wanted = request(server.url() + "/f");
  wanted.stop = source.get_token();
  EXPECT_THROW(download(wanted), Cancelled);
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(Download, TheServerMayNameTheFileOnlyWhereThatIsWanted) {
  HttpServer server([](Exchange& e) {
    e.reply(200, {{"Content-Disposition", "attachment; filename=\"../../etc/report.pdf\""}}, "x");
  });
  auto wanted = request(server.url() + "/download");
  EXPECT_EQ(download(wanted).name, "download");
  wanted.name_by_server = true;
  EXPECT_EQ(download(wanted).name, "report.pdf");
}

TEST(NameFromUrl, IsTheLastElementOfThePath) {
  EXPECT_EQ(name_from_url("https://h/a/b.tar.gz?token=x/y#z"), "b.tar.gz");
  EXPECT_EQ(name_from_url("https://h/a/b/"), "b");
  EXPECT_EQ(name_from_url("https://h/a%2Fb"), "b");
  for (const char* url : {"https://h", "https://h/", "https://h/..", "https://h/%2e%2e",
                          "https://h/a%00b", "nonsense"})
    EXPECT_EQ(name_from_url(url), "__unnamed__") << url;
}

TEST(NameFromDisposition, ReadsPlainAndExtendedNames) {
  EXPECT_EQ(name_from_disposition("attachment; filename=a.txt"), "a.txt");
  EXPECT_EQ(name_from_disposition("attachment; FileName = \"a \\\"b\\\".txt\"; x=y"),
            "a \"b\".txt");
  EXPECT_EQ(name_from_disposition("attachment; filename=\"e.txt\"; filename*=UTF-8''%c3%a9.txt"),
            "\xc3\xa9.txt");
  for (const char* value : {"", "inline", "attachment; filename=", "attachment; filename=..",
                            "attachment; filename=\"a/\"", ";;;", "x;filename=\""})
    EXPECT_FALSE(name_from_disposition(value)) << value;
}

}  // namespace
}  // namespace slipway::source
