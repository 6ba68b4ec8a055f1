#include "registry/docker_load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.h"
#include "hash/sha256.h"
#include "registry/client_fixture.h"
#include "testing/http_server.h"

namespace slipway::registry {
namespace {

using slipway::testing::Exchange;
using slipway::testing::HttpServer;
using ::testing::HasSubstr;

/// An environment variable that has another value, or none, during a test.
class Variable {
 public:
  Variable(std::string name, const std::optional<std::string>& value) : name_(std::move(name)) {
    if (const char* old = std::getenv(name_.c_str())) before_ = old;
    set(value);
  }
  ~Variable() { set(before_); }

 private:
  void set(const std::optional<std::string>& value) {
    value ? ::setenv(name_.c_str(), value->c_str(), 1) : ::unsetenv(name_.c_str());
  }
  std::string name_;
  std::optional<std::string> before_;
};

class Load : public ClientFixture {
 protected:
  Load()
      : no_host_("DOCKER_HOST", std::nullopt),
        no_context_("DOCKER_CONTEXT", std::nullopt),
        config_("DOCKER_CONFIG", dir()),
        runtime_("XDG_RUNTIME_DIR", dir()),
        temp_("TMPDIR", dir()) {}

  /// A docker on a Unix socket that keeps what it is sent and answers `status` and `body`.
  std::unique_ptr<HttpServer> docker(const std::string& socket, int status,
                                     const std::string& body) {
    return std::make_unique<HttpServer>(
        [=, this](Exchange& e) {
          if (e.request().path == "/_ping") return e.reply(200, {}, "OK");
          const std::string got = e.read_body();
          const std::lock_guard lock(mutex_);
          target_ = e.request().method + " " + e.request().target;
          received_ = got;
          e.reply(status, {{"Content-Type", "application/json"}}, body);
        },
        dir() + "/" + socket);
  }
  std::string received() {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  std::string target() {
    const std::lock_guard lock(mutex_);
    return target_;
  }
  static ArchiveWriter archive(const std::string& bytes) {
    return [bytes](const Sink& sink) {
      for (size_t at = 0; at < bytes.size(); at += 1000)
        sink({reinterpret_cast<const uint8_t*>(bytes.data()) + at,
              std::min<size_t>(1000, bytes.size() - at)});
    };
  }
  LoadOptions at(const std::string& socket) {
    return {.docker_host = "unix://" + dir() + "/" + socket};
  }

 private:
  Variable no_host_, no_context_, config_, runtime_, temp_;
  std::mutex mutex_;
  std::string received_, target_;
};

TEST_F(Load, StreamsTheArchiveToDocker) {
  const auto server = docker("d.sock", 200, "{\"stream\":\"Loaded image: app:1\\n\"}\n");
  const std::string bytes = sample_bytes(3 << 20);
  EXPECT_EQ(load_archive(archive(bytes), {}, at("d.sock")), "docker");
  EXPECT_TRUE(received() == bytes);
  EXPECT_EQ(target(), "POST /images/load?quiet=1");
}

TEST_F(Load, FindsDockerInTheEnvironmentTheContextAndTheUsersSocket) {
  const auto server = docker("docker.sock", 200, "");
  const std::string address = "unix://" + dir() + "/docker.sock";
  {
    const Variable host("DOCKER_HOST", address);
    EXPECT_EQ(load_archive(archive("a"), {}), "docker");
  }
  {
    write("config.json", R"({"currentContext":"mine"})");
    os::make_dirs(dir() + "/contexts/meta/" + hash::sha256_hex("mine"));
    write("contexts/meta/" + hash::sha256_hex("mine") + "/meta.json",
          R"({"Name":"mine","Endpoints":{"docker":{"Host":")" + address + R"("}}})");
    EXPECT_EQ(load_archive(archive("b"), {}), "docker");
    EXPECT_EQ(received(), "b");
  }
  write("config.json", R"({"currentContext":"lost"})");
  EXPECT_THAT(error_text([&] { load_archive(archive("c"), {}); }), HasSubstr("docker context ls"));
}

TEST_F(Load, SaysWhatDockerSaidWhenItRefuses) {
  const auto late = docker("late.sock", 200,
                           "{\"stream\":\"Loading\"}\n{\"errorDetail\":{\"message\":\"no "
                           "space\"},\"error\":\"no space\"}\n");
  EXPECT_THAT(error_text([&] { load_archive(archive("x"), {}, at("late.sock")); }),
              HasSubstr("docker does not load the image: no space"));
  const auto early = docker("early.sock", 500, R"({"message":"invalid tar header"})");
  EXPECT_THAT(error_text([&] { load_archive(archive("x"), {}, at("early.sock")); }),
              HasSubstr("invalid tar header (status 500)"));
}

TEST_F(Load, StopsWritingWhenDockerHangsUp) {
  HttpServer server(
      [](Exchange& e) {
        if (e.request().path == "/_ping") return e.reply(200);
        e.read(10);
        e.drop();
      },
      dir() + "/d.sock");
  EXPECT_THAT(error_text([&] {
                load_archive(
                    [](const Sink& sink) {
                      const std::vector<uint8_t> bytes(65536);
                      while (true) sink(bytes);  // only a refusing sink ends this
                    },
                    {}, at("d.sock"));
              }),
              HasSubstr("while loading the image into docker"));
}

TEST_F(Load, AnArchiveThatCannotBeWrittenIsNotTakenForAWholeOne) {
  std::promise<bool> ended_well;
  HttpServer server(
      [&](Exchange& e) {
        if (e.request().path == "/_ping") return e.reply(200);
        e.read_body();
        ended_well.set_value(e.body_complete());
      },
      dir() + "/d.sock");
  EXPECT_EQ(error_text([&] {
              load_archive(
                  [](const Sink& sink) {
                    sink(std::vector<uint8_t>(10));
                    throw Error("store is damaged");
                  },
                  {}, at("d.sock"));
            }),
            "store is damaged");
  // Whether the request began before the failure is a race; if it did, its end must not look like
  // one.
  server.stop();
  auto future = ended_well.get_future();
  if (future.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
    EXPECT_FALSE(future.get());
  }
}

TEST_F(Load, IsCancelledWhileDockerDoesNotRead) {
  std::stop_source source;
  HttpServer server(
      [&](Exchange& e) {
        if (e.request().path == "/_ping") return e.reply(200);
        source.request_stop();
        e.hang();
      },
      dir() + "/d.sock");
  EXPECT_THROW(load_archive(
                   [](const Sink& sink) {
                     const std::vector<uint8_t> bytes(65536);
                     while (true) sink(bytes);
                   },
                   source.get_token(), at("d.sock")),
               Cancelled);
}

TEST_F(Load, ADockerThatWasNamedMustAnswer) {
  EXPECT_THAT(error_text([&] { load_archive(archive("x"), {}, at("none.sock")); }),
              AllOf(HasSubstr("docker does not answer at unix://" + dir() + "/none.sock"),
                    HasSubstr("DOCKER_HOST")));
  EXPECT_THAT(error_text([&] { load_archive(archive("x"), {}, {.docker_host = "ssh://host"}); }),
              HasSubstr("only unix:// and tcp:// are supported"));
}

TEST_F(Load, TakesPodmanWhereNoDockerAnswers) {
  if (os::exists("/var/run/docker.sock")) GTEST_SKIP() << "a docker runs here";
  const std::string program = dir() + "/podman";
  const std::string log = dir() + "/log";
  write("podman", "#!/bin/sh\necho \"$1 $2 $3\" > " + log + "\ncat \"$4\" >> " + log + "\n");
  ::chmod(program.c_str(), 0755);
  const Variable path("PATH", dir() + ":" + std::getenv("PATH"));
  EXPECT_EQ(load_archive(archive("archive"), {}), "podman");
  EXPECT_EQ(os::read_file(log), "load --quiet --input\narchive");
  write("podman", "#!/bin/sh\necho 'no such driver' >&2\nexit 125\n");
  ::chmod(program.c_str(), 0755);
  EXPECT_THAT(error_text([&] { load_archive(archive("x"), {}); }),
              HasSubstr("podman does not load the image: no such driver"));
  for (const auto& name : os::list_dir(dir()))
    EXPECT_FALSE(name.starts_with("slipway-load-")) << name;
}

TEST_F(Load, WithoutAnEngineSaysWhereItLooked) {
  if (os::exists("/var/run/docker.sock")) GTEST_SKIP() << "a docker runs here";
  const std::string text = error_text(
      [&] { load_archive(archive("x"), {}, {.docker_host = {}, .podman = "podman-none"}); });
  EXPECT_THAT(text, HasSubstr("unix:///var/run/docker.sock"));
  EXPECT_THAT(text, HasSubstr("podman-none: not installed"));
  EXPECT_THAT(text, HasSubstr("-o type=docker,dest=image.tar"));
}

}  // namespace
}  // namespace slipway::registry
