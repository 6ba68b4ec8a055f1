#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "testing/http_server.h"

namespace slipway::http {
namespace {

using slipway::testing::Exchange;
using slipway::testing::HttpServer;
using ::testing::HasSubstr;

Request get(std::string url) { return {.url = std::move(url)}; }

TEST(HttpClient, ReturnsStatusHeadersAndBody) {
  HttpServer server([](Exchange& e) {
    EXPECT_EQ(e.request().method, "GET");
    EXPECT_EQ(e.request().header("x-mine"), "1");
    EXPECT_EQ(e.request().header("accept-encoding"), "");
    e.reply(404, {{"X-Answer", "two"}}, "nothing here");
  });
  Pool pool;
  Request request = get(server.url() + "/a?b=c");
  request.headers = {{"X-Mine", "1"}};
  const auto response = pool.perform(request);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(find_header(response->headers, "x-answer"), "two");
  EXPECT_EQ(response->body, "nothing here");
  EXPECT_EQ(response->url, server.url() + "/a?b=c");
}

TEST(HttpClient, ReusesConnectionsAcrossRequestsAndThreads) {
  HttpServer server([](Exchange& e) { e.reply(200, {}, "x"); });
  Pool pool;
  for (int i = 0; i < 5; ++i) {
    std::thread([&] { EXPECT_TRUE(pool.perform(get(server.url()))); }).join();
  }
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(pool.connections_opened(), 1u);
}

TEST(HttpClient, ServesManyThreadsAtOnce) {
  HttpServer server([](Exchange& e) { e.reply(200, {}, e.request().path); });
  Pool pool;
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string path = "/" + std::to_string(t * 100 + i);
        const auto response = pool.perform(get(server.url() + path));
        if (response && response->body == path) ++right;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 160);
  EXPECT_LE(server.connections(), 8);
}

TEST(HttpClient, StreamsBodiesBothWays) {
  std::string sent(3 << 20, 'a');
  for (size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31 % 251);
  HttpServer server([](Exchange& e) {
    EXPECT_EQ(e.request().method, "PUT");
    EXPECT_EQ(e.request().header("expect"), "");
    e.reply(200, {}, e.read_body());
  });
  Pool pool;
  for (const bool with_size : {true, false}) {
    Request request = get(server.url());
    request.method = "PUT";
    request.body = body_of(sent);
    if (!with_size) request.body->size.reset();
    std::string received;
    size_t largest = 0;
    request.sink = [&](std::span<const uint8_t> bytes) {
      largest = std::max(largest, bytes.size());
      received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    ASSERT_TRUE(pool.perform(request));
    EXPECT_TRUE(received == sent);
    EXPECT_LE(largest, 256u << 10);
  }
}

TEST(HttpClient, SendsAnEmptyBodyWithItsLength) {
  HttpServer server([](Exchange& e) { e.reply(200, {}, e.request().header("content-length")); });
  Pool pool;
  Request request = get(server.url());
  request.method = "POST";
  EXPECT_EQ(pool.perform(request)->body, "0");
}

TEST(HttpClient, HeadHasHeadersAndNoBody) {
  HttpServer server([](Exchange& e) { e.reply(200, {{"Content-Length", "12345"}}); });
  Pool pool;
  Request request = get(server.url());
  request.method = "HEAD";
  for (int i = 0; i < 2; ++i) {
    const auto response = pool.perform(request);
    ASSERT_TRUE(response);
    EXPECT_EQ(find_header(response->headers, "content-length"), "12345");
    EXPECT_EQ(response->body, "");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, RepeatsABodyOnANewConnectionOnlyWhereThatIsHarmless) {
  std::atomic<int> puts{0};
  HttpServer server([&](Exchange& e) {
    if (e.request().method == "GET") return e.reply(200);
    // The first body finds its kept-alive connection closed.
    if (++puts == 1) return e.drop();
    e.reply(200, {}, e.read_body());
  });
  // The end of the connection shows while the long body is being sent, and mostly after the short.
  const std::string long_body(16u << 20, 'x');
  for (const std::string& body : {std::string("payload"), long_body})
    for (const bool repeatable : {true, false}) {
      puts = 0;
      Pool pool;
      ASSERT_TRUE(pool.perform(get(server.url())));
      Request request = get(server.url());
      request.method = "PUT";
      request.body = body_of(body);
      request.body->repeatable = repeatable;
      request.max_body = body.size();
      const auto response = pool.perform(request);
      ASSERT_EQ(response.has_value(), repeatable) << body.size() << " bytes";
      if (repeatable) {
        EXPECT_EQ(response->body.size(), body.size());
      } else {
        EXPECT_EQ(response.error().kind, Failure::Kind::Dropped);
      }
    }
}

TEST(HttpClient, CallsOnSuccessBeforeTheFirstByteAndOnlyForSuccess) {
  HttpServer server([](Exchange& e) {
    if (e.request().path == "/hop") return e.reply(302, {{"Location", "/end"}}, "moved");
    if (e.request().path == "/bad") return e.reply(500, {}, "no");
    e.reply(200, {}, "body");
  });
  Pool pool;
  std::vector<std::string> calls;
  Request request = get(server.url() + "/hop");
  request.on_success = [&](const Response& response) {
    calls.push_back(std::to_string(response.status));
  };
  request.sink = [&](std::span<const uint8_t>) { calls.push_back("body"); };
  ASSERT_TRUE(pool.perform(request));
  request.url = server.url() + "/bad";
  EXPECT_EQ(pool.perform(request)->body, "no");
  EXPECT_EQ(calls, (std::vector<std::string>{"200", "body"}));
}

TEST(HttpClient, LeavesAuthorizationBehindWhenRedirectedElsewhere) {
  HttpServer other(
      [](Exchange& e) { e.reply(200, {}, "auth:" + e.request().header("authorization")); });
  HttpServer server([&](Exchange& e) {
    if (e.request().path == "/away") return e.reply(307, {{"Location", other.url() + "/x"}});
    if (e.request().path == "/here") return e.reply(307, {{"Location", "/x"}});
    e.reply(200, {}, "auth:" + e.request().header("authorization"));
  });
  Pool pool;
  Request request = get(server.url() + "/away");
  request.headers = {{"Authorization", "Bearer secret"}};
  EXPECT_EQ(pool.perform(request)->body, "auth:");
  request.url = server.url() + "/here";
  EXPECT_EQ(pool.perform(request)->body, "auth:Bearer secret");
}

TEST(HttpClient, RepeatsTheBodyAfterARedirectThatKeepsTheMethod) {
  HttpServer server([](Exchange& e) {
    const std::string path = e.request().path;
    if (path == "/307") return e.reply(307, {{"Location", "/end"}});
    if (path == "/303") return e.reply(303, {{"Location", "/end"}});
    e.reply(200, {}, e.request().method + ":" + e.read_body());
  });
  Pool pool;
  Request request = get(server.url() + "/307");
  request.method = "PUT";
  request.body = body_of("payload");
  EXPECT_EQ(pool.perform(request)->body, "PUT:payload");
  request.url = server.url() + "/303";
  request.body = body_of("payload");
  EXPECT_EQ(pool.perform(request)->body, "GET:");
}

TEST(HttpClient, GivesUpOnRedirectLoopsAndForeignSchemes) {
  HttpServer server([](Exchange& e) {
    e.reply(302,
            {{"Location", e.request().path == "/file" ? "file:///etc/passwd" : e.request().path}});
  });
  Pool pool;
  auto result = pool.perform(get(server.url() + "/loop"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "too many redirects");
  result = pool.perform(get(server.url() + "/file"));
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("file:///etc/passwd"));
}

TEST(HttpClient, TellsKindsOfFailureApart) {
  using Kind = Failure::Kind;
  HttpServer server([](Exchange& e) {
    const std::string path = e.request().path;
    if (path == "/silent") return e.drop();
    if (path == "/large") return e.reply(200, {}, std::string(1000, 'x'));
    if (path == "/stall") {
      e.send_head(200, {{"Content-Length", "100"}});
      return e.hang();
    }
    e.send_head(200, {{"Content-Length", "100"}});
    e.send("only this");
  });
  Pool pool;
  const auto failure = [&](Request request) {
    const auto result = pool.perform(request);
    return result ? Failure{Kind::Protocol, "it worked", {}} : result.error();
  };
  EXPECT_EQ(failure(get(server.url() + "/silent")).kind, Kind::Dropped);
  EXPECT_EQ(failure(get(server.url() + "/half")).kind, Kind::Dropped);
  EXPECT_EQ(failure(get("https://" + server.host() + "/")).kind, Kind::Tls);
  EXPECT_EQ(failure(get("http://does-not-exist.invalid/")).kind, Kind::Unresolved);
  EXPECT_EQ(failure(get("gopher://x/")).kind, Kind::Protocol);
  Request large = get(server.url() + "/large");
  large.max_body = 999;
  EXPECT_THAT(failure(large).message, HasSubstr("larger than 999"));
  Request stall = get(server.url() + "/stall");
  stall.stall_timeout_seconds = 1;
  EXPECT_EQ(failure(stall).kind, Kind::Stalled);
  const std::string url = server.url();
  server.stop();
  const Failure refused = failure(get(url));
  EXPECT_EQ(refused.kind, Kind::Refused);
  EXPECT_EQ(refused.message, "connection refused");
  EXPECT_THAT(to_error(refused).render(), HasSubstr("cannot reach 127.0.0.1:"));
}

TEST(HttpClient, WaitsLongerForTheAnswerToAnUploadThanForItsBytes) {
  HttpServer server([](Exchange& e) {
    if (e.request().path == "/busy") e.read_body();
    e.hang();
  });
  Pool pool;
  Request request = get(server.url() + "/busy");
  request.method = "PUT";
  request.body = body_of("payload");
  request.stall_timeout_seconds = 600;
  request.answer_timeout_seconds = 1;
  const auto result = pool.perform(request);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, Failure::Kind::Stalled);
}

TEST(HttpClient, CutsLongErrorTextsAndStillAnswers) {
  HttpServer server([](Exchange& e) { e.reply(500, {}, std::string(1 << 20, 'x')); });
  Pool pool;
  const auto response = pool.perform(get(server.url()));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 500);
  EXPECT_EQ(response->body.size(), 64u << 10);
}

TEST(HttpClient, CancelsATransferThatHangs) {
  std::promise<void> half_sent;
  HttpServer server([&](Exchange& e) {
    e.send_head(200, {{"Content-Length", "100"}});
    e.send("half");
    half_sent.set_value();
    e.hang();
  });
  Pool pool;
  std::stop_source source;
  Request request = get(server.url());
  request.stop = source.get_token();
  std::thread canceller([&] {
    half_sent.get_future().wait();
    source.request_stop();
  });
  // The server never ends the transfer: only the cancellation can.
  EXPECT_THROW((void)pool.perform(request), Cancelled);
  canceller.join();
  EXPECT_THROW((void)pool.perform(request), Cancelled);
}

TEST(HttpClient, PassesOnWhatACallbackThrows) {
  HttpServer server([](Exchange& e) { e.reply(200, {}, "body" + e.read_body()); });
  Pool pool;
  Request request = get(server.url());
  request.sink = [](std::span<const uint8_t>) { throw Error("disk full"); };
  EXPECT_THROW((void)pool.perform(request), Error);
  request = get(server.url());
  request.on_success = [](const Response&) { throw Error("unwanted"); };
  EXPECT_THROW((void)pool.perform(request), Error);
  request = get(server.url());
  request.method = "PUT";
  request.body = Body{.size = 10,
                      .read = [](std::span<uint8_t>) -> size_t { throw Error("cannot read"); },
                      .rewind = {}};
  EXPECT_THROW((void)pool.perform(request), Error);
  EXPECT_EQ(pool.perform(get(server.url()))->body, "body");
}

TEST(HttpClient, KeepsAPasswordInTheUrlOutOfTheResponse) {
  HttpServer server([](Exchange& e) { e.reply(200, {}, e.request().header("authorization")); });
  Pool pool;
  const auto response = pool.perform(get("http://me:secret@" + server.host() + "/"));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "Basic bWU6c2VjcmV0");
  EXPECT_THAT(response->url, Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace slipway::http
