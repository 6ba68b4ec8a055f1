// Logins: who is asked for what, how often, and what a refusal says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <thread>

#include "registry/challenge.h"
#include "registry/client.h"
#include "registry/client_fixture.h"
#include "registry/credentials.h"
#include "testing/docker_registry.h"
#include "testing/fake_registry.h"

namespace slipway::registry {
namespace {

using slipway::testing::Exchange;
using slipway::testing::FakeRegistry;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Challenge, ReadsSchemesAndQuotedParameters) {
  const auto list = parse_challenges(
      R"(Bearer realm="https://auth.example/token",service="a, \"b\"",scope="repository:x:pull,push", Basic realm=plain)");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].scheme, "bearer");
  EXPECT_EQ(list[0].params.at("realm"), "https://auth.example/token");
  EXPECT_EQ(list[0].params.at("service"), "a, \"b\"");
  EXPECT_EQ(list[0].params.at("scope"), "repository:x:pull,push");
  EXPECT_EQ(list[1].scheme, "basic");
  EXPECT_EQ(list[1].params.at("realm"), "plain");
}

TEST(Challenge, SurvivesNonsense) {
  for (const char* text :
       {"", ",,,", "=", "\"", "Bearer realm=\"open", "Bearer =x", "a=b", "Basic,Bearer", "@"})
    parse_challenges(text);
  EXPECT_EQ(parse_challenges("Basic,Bearer").size(), 2u);
  EXPECT_EQ(parse_challenges("Negotiate abc==").size(), 1u);
}

TEST(Challenge, PrefersBearerWithARealm) {
  using Headers = http::Headers;
  EXPECT_EQ(choose_challenge(
                {{"www-authenticate", "Basic realm=x"}, {"WWW-Authenticate", "Bearer realm=\"r\""}})
                ->scheme,
            "bearer");
  EXPECT_EQ(choose_challenge({{"WWW-Authenticate", "Bearer, Basic"}})->scheme, "basic");
  EXPECT_FALSE(choose_challenge(Headers{{"WWW-Authenticate", "Negotiate"}}));
  EXPECT_FALSE(choose_challenge({}));
}

TEST(Base64, RoundTripsAndRefusesOtherCharacters) {
  for (const std::string text : {"", "a", "ab", "abc", "user:p\xff\x00ss"}) {
    EXPECT_EQ(base64_decode(base64_encode(text)), text);
  }
  EXPECT_EQ(base64_encode("me:secret"), "bWU6c2VjcmV0");
  EXPECT_EQ(base64_decode("YQ"), "a");
  EXPECT_FALSE(base64_decode("a"));
  EXPECT_FALSE(base64_decode("a-b_"));
}

class CredentialFiles : public ClientFixture {
 protected:
  std::optional<Credential> find(const std::string& host,
                                 const std::string& repository = "team/app") {
    return Credentials(options()).find(host, repository, {});
  }
  /// A credential helper on PATH for the rest of the test.
  void helper(const std::string& name, const std::string& script) {
    write("docker-credential-" + name, "#!/bin/sh\n" + script);
    ::chmod((dir() + "/docker-credential-" + name).c_str(), 0755);
    path_ = std::getenv("PATH");
    ::setenv("PATH", (dir() + ":" + path_).c_str(), 1);
  }
  void TearDown() override {
    if (!path_.empty()) ::setenv("PATH", path_.c_str(), 1);
  }

 private:
  std::string path_;
};

TEST_F(CredentialFiles, NoFileMeansAnonymous) { EXPECT_FALSE(find("ghcr.io")); }

TEST_F(CredentialFiles, FindsEveryWayAKeyIsWritten) {
  write("config.json", R"({"auths":{
    "https://index.docker.io/v1/":{"auth":"aHViOmE="},
    "https://old.example/v2/":{"auth":"b2xkOmI="},
    "plain.example:5000":{"username":"plain","password":"c:d"},
    "token.example":{"auth":"eDp5","identitytoken":"refresh"},
    "empty.example":{}}})");
  EXPECT_EQ(find("docker.io")->username, "hub");
  EXPECT_EQ(find("old.example")->secret, "b");
  EXPECT_EQ(find("plain.example:5000")->secret, "c:d");
  EXPECT_EQ(find("token.example")->identity_token, "refresh");
  EXPECT_FALSE(find("empty.example"));
  EXPECT_FALSE(find("plain.example"));
  EXPECT_THAT(find("docker.io")->origin, HasSubstr("config.json"));
}

TEST_F(CredentialFiles, TheMostSpecificEntryOfAnAuthFileWins) {
  write("config.json", R"({"auths":{
    "h.example":{"auth":"aG9zdDph"}, "h.example/team":{"auth":"dGVhbTph"}, "h.example/team/app":{"auth":"YXBwOmE="}}})");
  EXPECT_EQ(find("h.example", "team/app")->username, "app");
  EXPECT_EQ(find("h.example", "team/other")->username, "team");
  EXPECT_EQ(find("h.example", "teammate/app")->username, "host");
}

TEST_F(CredentialFiles, AsksTheHelperOfTheHostAndThenTheGeneralOne) {
  write("config.json", R"({"credsStore":"general","credHelpers":{"h.example":"special"}})");
  helper("special",
         R"(read key; echo "{\"ServerURL\":\"$key\",\"Username\":\"u-$key\",\"Secret\":\"s\"}")");
  EXPECT_EQ(find("h.example")->username, "u-h.example");
  EXPECT_THAT(error_text([&] { find("other.example"); }),
              HasSubstr("docker-credential-general for other.example is not"));
}

TEST_F(CredentialFiles, AHelperMayKnowNothingOrGiveATokenOrFail) {
  write("config.json",
        R"({"credHelpers":{"none":"none","token":"token","docker.io":"hub","bad":"bad"}})");
  helper("none", "echo 'credentials not found in native keychain'; exit 1");
  EXPECT_FALSE(find("none"));
  TearDown();
  helper("token", R"(echo '{"Username":"<token>","Secret":"refresh"}')");
  EXPECT_EQ(find("token")->identity_token, "refresh");
  TearDown();
  helper("hub", R"(read key; echo "{\"Username\":\"$key\",\"Secret\":\"s\"}")");
  EXPECT_EQ(find("docker.io")->username, "https://index.docker.io/v1/");
  TearDown();
  helper("bad", "echo 'keychain is locked' >&2; exit 1");
  EXPECT_THAT(error_text([&] { find("bad"); }), HasSubstr("keychain is locked"));
}

TEST_F(CredentialFiles, AMalformedFileIsNamed) {
  write("config.json", "{");
  EXPECT_THAT(error_text([&] { find("h"); }), HasSubstr(dir() + "/config.json"));
  write("config.json", R"({"auths":{"h":{"auth":"!!"}}})");
  EXPECT_THAT(error_text([&] { find("h"); }), HasSubstr("docker login h"));
}

class Logins : public ClientFixture {
 protected:
  Logins() {
    bytes_ = manifest_of(descriptor_of("config"), descriptor_of("layer"));
    for (const char* name : {"app", "other"})
      fake_.put_manifest(name, "1", std::string(oci::kManifest), bytes_);
  }
  Reference ref(const std::string& name = "app:1") {
    return parse_reference(fake_.host() + "/" + name);
  }
  void log_in(const std::string& user_and_password) {
    write("config.json", R"({"auths":{")" + fake_.host() + R"(":{"auth":")" +
                             base64_encode(user_and_password) + R"("}}})");
  }
  FakeRegistry fake_;
  std::string bytes_;
};

TEST_F(Logins, APasswordIsSentOnlyAfterItWasAskedFor) {
  fake_.require_basic("me", "secret");
  log_in("me:secret");
  Client client(options());
  EXPECT_TRUE(client.resolve(ref()));
  EXPECT_TRUE(client.resolve(ref()));
  const auto log = fake_.log();
  ASSERT_EQ(log.size(), 3u);
  EXPECT_EQ(log[0].authorization, "");
  EXPECT_EQ(log[1].authorization, slipway::testing::basic_authorization("me:secret"));
  EXPECT_EQ(log[2].authorization, log[1].authorization);
}

TEST_F(Logins, ATokenIsFetchedOncePerRepositoryAndAction) {
  fake_.require_token();
  Client client(options());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.resolve(ref()));
  EXPECT_EQ(fake_.count("GET", "/token"), 1);
  EXPECT_EQ(fake_.count("HEAD"), 4);
  // What the host wants is known now: another repository costs no refused request.
  EXPECT_TRUE(client.resolve(ref("other:1")));
  EXPECT_EQ(fake_.count("HEAD"), 5);
  EXPECT_EQ(fake_.count("GET", "/token"), 2);
  client.push_manifest(ref("app:2"), oci::kManifest, bytes_);
  EXPECT_EQ(fake_.count("GET", "scope=repository%3Aapp%3Apull%2Cpush"), 1);
  EXPECT_EQ(fake_.count("GET", "service=fake%2C%20inc"), 3);
}

TEST_F(Logins, ManyThreadsFetchOneToken) {
  fake_.require_token();
  Client client(options());
  ASSERT_TRUE(client.resolve(ref("other:1")));
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) threads.emplace_back([&] { EXPECT_TRUE(client.resolve(ref())); });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(fake_.count("GET", "repository%3Aapp"), 1);
}

TEST_F(Logins, AnExpiredTokenIsRenewed) {
  fake_.require_token("me", "secret");
  log_in("me:secret");
  Client client(options());
  EXPECT_TRUE(client.resolve(ref()));
  fake_.expire_tokens();
  EXPECT_TRUE(client.resolve(ref()));
  EXPECT_EQ(fake_.count("GET", "/token"), 2);
}

TEST_F(Logins, ARefreshTokenIsPostedToTheTokenServer) {
  fake_.require_token();
  write("config.json",
        R"({"auths":{")" + fake_.host() + R"(":{"auth":"dTpw","identitytoken":"refresh/1"}}})");
  std::string form;
  fake_.intercept([&](Exchange& e) {
    if (e.request().path == "/token") form = e.request().method + " " + e.read_body();
    return false;
  });
  Client client(options());
  EXPECT_TRUE(client.resolve(ref()));
  EXPECT_EQ(form,
            "POST "
            "grant_type=refresh_token&service=fake%2C%20inc&client_id=slipway&scope=repository%"
            "3Aapp%3Apull"
            "&refresh_token=refresh%2F1");
}

TEST_F(Logins, ARefusalSaysHowToLogIn) {
  fake_.require_basic("me", "secret");
  Client anonymous(options());
  const std::string text = error_text([&] { anonymous.resolve(ref()); });
  EXPECT_THAT(text, HasSubstr("not allowed to pull from " + fake_.host() + "/app without a login"));
  EXPECT_THAT(text, HasSubstr("docker login " + fake_.host()));
  log_in("me:wrong");
  Client wrong(options());
  const std::string other = error_text([&] { wrong.fetch_manifest(ref()); });
  EXPECT_THAT(other, HasSubstr("as me (login from " + dir() + "/config.json)"));
  EXPECT_THAT(other, HasSubstr("authentication required"));
  EXPECT_THAT(other, Not(HasSubstr("wrong")));
}

TEST_F(Logins, ATokenServerThatRefusesIsARefusal) {
  fake_.require_token("me", "secret");
  log_in("me:wrong");
  Client client(options());
  const std::string text = error_text([&] { client.push_manifest(ref(), oci::kManifest, bytes_); });
  EXPECT_THAT(text, HasSubstr("not allowed to push to " + fake_.host() + "/app as me"));
  EXPECT_THAT(text, HasSubstr("wrong user or password"));
  EXPECT_EQ(fake_.count("GET", "/token"), 1);
}

TEST_F(Logins, ForbiddenIsARefusalWithoutAnotherTry) {
  fake_.intercept([](Exchange& e) {
    e.reply(403, {}, R"({"errors":[{"code":"DENIED","message":"requested access is denied"}]})");
    return true;
  });
  Client client(options());
  EXPECT_THAT(error_text([&] { client.resolve(ref()); }), HasSubstr("not allowed to pull"));
  EXPECT_THAT(error_text([&] { client.fetch_manifest(ref()); }),
              HasSubstr("requested access is denied (DENIED)"));
  EXPECT_EQ(fake_.log().size(), 2u);
}

TEST_F(Logins, ARealRegistryWithAPasswordFileAcceptsALogin) {
  // me:secret, bcrypt
  const auto registry = slipway::testing::DockerRegistry::start(
      {.htpasswd = "me:$2y$05$33aObRAO7F.NWAJ0/dC1kuNoIhdfX43RL/gYcToRbh1LuyCYt7Eyi\n"});
  if (!registry) GTEST_SKIP() << "docker-registry is not installed";
  const Reference where = parse_reference(registry->host() + "/team/app:1");
  const auto file = blob_file("hello");
  Client anonymous(options());
  EXPECT_THAT(
      error_text([&] { anonymous.push_blob(where, file.descriptor, file.path, {}); }),
      HasSubstr("not allowed to push to " + registry->host() + "/team/app without a login"));
  write("config.json", R"({"auths":{")" + registry->host() + R"(":{"auth":"bWU6c2VjcmV0"}}})");
  Client client(options());
  EXPECT_TRUE(client.push_blob(where, file.descriptor, file.path, {}));
  EXPECT_EQ(fetch(client, where, file.descriptor), "hello");
}

}  // namespace
}  // namespace slipway::registry
