#include "http/url.h"

#include <gtest/gtest.h>

namespace slipway::http {
namespace {

TEST(Url, SplitsIntoPartsAndPrintsBack) {
  const auto url = parse_url("HTTPS://user:pw@Example.com:8443/a/b?x=1#frag");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->user_info, "user:pw");
  EXPECT_EQ(url->host, "example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/a/b");
  EXPECT_EQ(url->query, "x=1");
  EXPECT_EQ(url->str(), "https://user:pw@example.com:8443/a/b?x=1");
}

TEST(Url, KnowsDefaultPortsAndBracketedAddresses) {
  EXPECT_EQ(parse_url("http://h")->host_port(), "h:80");
  EXPECT_EQ(parse_url("https://h?q")->host_port(), "h:443");
  EXPECT_EQ(parse_url("https://h?q")->path, "/");
  EXPECT_EQ(parse_url("http://[::1]:5000/v2/")->host_port(), "[::1]:5000");
}

TEST(Url, RefusesWhatIsNoHttpUrl) {
  for (const char* text : {"", "h/x", "ftp://h/", "http://", "http://h:0/", "http://h:70000/",
                           "http://h:x/", "http://[::1/", "http://h/a b", "http://h/\r\nX: y"})
    EXPECT_FALSE(parse_url(text)) << text;
}

TEST(Url, ResolvesLocationsAsBrowsersDo) {
  const Url base = *parse_url("http://h:5000/v2/app/blobs/uploads/?mount=x");
  EXPECT_EQ(resolve_url(base, "/v2/y?_state=1")->str(), "http://h:5000/v2/y?_state=1");
  EXPECT_EQ(resolve_url(base, "abc")->str(), "http://h:5000/v2/app/blobs/uploads/abc");
  EXPECT_EQ(resolve_url(base, "../../z")->str(), "http://h:5000/v2/app/z");
  EXPECT_EQ(resolve_url(base, "?q=2")->str(), "http://h:5000/v2/app/blobs/uploads/?q=2");
  EXPECT_EQ(resolve_url(base, "//other/x")->str(), "http://other/x");
  EXPECT_EQ(resolve_url(base, "https://cdn.example/x?sig=a/b://c")->str(),
            "https://cdn.example/x?sig=a/b://c");
  EXPECT_EQ(resolve_url(base, "/x?next=http://e/")->str(), "http://h:5000/x?next=http://e/");
  EXPECT_FALSE(resolve_url(base, "file:///etc/passwd"));
  EXPECT_EQ(resolve_url(base, "/../../etc")->path, "/etc");
}

TEST(Url, EncodesAndDecodesQueryValues) {
  EXPECT_EQ(percent_encode("sha256:a b/~"), "sha256%3Aa%20b%2F~");
  EXPECT_EQ(percent_decode("sha256%3Aa%20b%2f%zz%4"), "sha256:a b/%zz%4");
  EXPECT_EQ(percent_decode("%41"), "A");
  EXPECT_EQ(with_query("http://h/u?s=1", "digest", "sha256:a"), "http://h/u?s=1&digest=sha256%3Aa");
  EXPECT_EQ(with_query("http://h/u", "k", "v"), "http://h/u?k=v");
}

TEST(Url, KnowsLoopbackHosts) {
  for (const char* host :
       {"localhost", "localhost:5000", "a.localhost", "127.0.0.1", "127.3.2.1:80", "[::1]:5000"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host :
       {"127.evil.com", "127.0.0.1.evil.com", "localhost.evil.com", "10.0.0.1", "[::2]"})
    EXPECT_FALSE(is_loopback(host)) << host;
}

}  // namespace
}  // namespace slipway::http
