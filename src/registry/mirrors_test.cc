// Mirrors and TLS end to end: which server was asked, and with which certificates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "os/process.h"
#include "registry/client_fixture.h"
#include "registry/settings.h"
#include "testing/docker_registry.h"
#include "testing/fake_registry.h"

namespace slipway::registry {
namespace {

using slipway::testing::Exchange;
using slipway::testing::FakeRegistry;
using ::testing::HasSubstr;

class Mirrors : public ClientFixture {
 protected:
  Mirrors() {
    text_ = manifest_of(descriptor_of("config"), descriptor_of("layer"));
    origin_.put_manifest("team/app", "1", std::string(oci::kManifest), text_);
  }
  Reference ref() { return parse_reference(origin_.host() + "/team/app:1"); }
  void mirrors(const std::vector<std::string>& hosts) {
    std::string text = "[[registry]]\nlocation = \"" + origin_.host() + "\"\n";
    for (const auto& host : hosts) text += "[[registry.mirror]]\nlocation = \"" + host + "\"\n";
    write("registries.conf", text);
  }
  FakeRegistry origin_;
  std::string text_;
};

TEST_F(Mirrors, TheFirstThatHasItServesIt) {
  FakeRegistry mirror;
  mirror.put_manifest("cache/team/app", "1", std::string(oci::kManifest), text_);
  mirrors({mirror.host() + "/cache"});
  Client client(options());
  EXPECT_TRUE(client.fetch_manifest(ref()));
  EXPECT_EQ(mirror.count("GET"), 1);
  EXPECT_EQ(origin_.log().size(), 0u);
}

TEST_F(Mirrors, OneThatIsDownIsSkippedAndNotAskedAgain) {
  FakeRegistry gone, empty;
  const std::string gone_host = gone.host();
  gone.stop();
  mirrors({gone_host, empty.host()});
  Client client(options());
  EXPECT_TRUE(client.resolve(ref()));
  EXPECT_TRUE(client.resolve(ref()));
  EXPECT_EQ(empty.count("HEAD"), 2);
  EXPECT_EQ(origin_.count("HEAD"), 2);
}

TEST_F(Mirrors, ABlobGoesOnAtTheNextPlace) {
  const std::string bytes(200'000, 'b');
  origin_.put_blob("team/app", bytes);
  FakeRegistry mirror;
  mirror.intercept([&](Exchange& e) {
    e.send_head(200, {{"Content-Length", "200000"}});
    e.send(e.request().header("range").empty() ? bytes.substr(0, 50'000) : "");
    return true;
  });
  mirrors({mirror.host()});
  Client client(options());
  EXPECT_TRUE(fetch(client, ref(), descriptor_of(bytes)) == bytes);
  ASSERT_EQ(origin_.log().size(), 1u);
  EXPECT_EQ(origin_.log()[0].range, "bytes=50000-");
}

TEST_F(Mirrors, OnlyTheRegistryItselfCanSayThatThereIsNoSuchImage) {
  FakeRegistry empty;
  mirrors({empty.host()});
  Client client(options());
  const Reference none = parse_reference(origin_.host() + "/team/none:1");
  EXPECT_FALSE(client.resolve(none));
  const Reference app = ref();
  const std::string origin_host = origin_.host();
  origin_.stop();
  Client later(options());
  const std::string text = error_text([&] { later.fetch_manifest(app); });
  EXPECT_THAT(text, HasSubstr("none of 2 places could serve it"));
  EXPECT_THAT(text, HasSubstr(empty.host() + "/team/app (mirror): it does not have it"));
  EXPECT_THAT(text, HasSubstr(origin_host + "/team/app: cannot reach the registry " + origin_host));
}

TEST_F(Mirrors, APushGoesToTheRegistryItself) {
  FakeRegistry mirror;
  mirrors({mirror.host()});
  Client client(options());
  client.push_manifest(ref(), oci::kManifest, text_);
  EXPECT_EQ(mirror.log().size(), 0u);
}

TEST_F(Mirrors, APlainRegistryNeedsNoSettingOnLoopbackOnly) {
  Settings settings(options());
  EXPECT_TRUE(settings.is_insecure("127.0.0.1:5000"));
  EXPECT_FALSE(settings.is_insecure("registry.corp:5000"));
  ClientOptions with = options();
  with.insecure_hosts = {"registry.corp:5000"};
  EXPECT_TRUE(Settings(with).is_insecure("registry.corp:5000"));
}

/// A certificate authority, a server certificate for 127.0.0.1 and a client certificate, made with
/// openssl.
class Tls : public ClientFixture {
 protected:
  void SetUp() override {
    if (!os::find_program("openssl")) GTEST_SKIP() << "openssl is not installed";
    write("san", "subjectAltName=IP:127.0.0.1\n");
    openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-subj", "/CN=Test CA", "-days", "2", "-keyout", "ca.key", "-out", "ca.crt"});
    for (const std::string name : {"server", "client"}) {
      openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
               "/CN=" + name, "-keyout", name + ".key", "-out", name + ".csr"});
      openssl({"x509", "-req", "-in", name + ".csr", "-CA", "ca.crt", "-CAkey", "ca.key",
               "-CAcreateserial", "-days", "2", "-extfile", "san", "-out", name + ".pem"});
    }
  }
  void openssl(std::vector<std::string> words) {
    words.insert(words.begin(), "openssl");
    const auto done = os::run({.argv = words, .env = {}, .cwd = dir(), .input = {}});
    ASSERT_TRUE(done.ok()) << done.errors;
  }
  std::unique_ptr<slipway::testing::DockerRegistry> start(const std::string& client_ca = {}) {
    return slipway::testing::DockerRegistry::start({.htpasswd = {},
                                                    .certificate = dir() + "/server.pem",
                                                    .key = dir() + "/server.key",
                                                    .client_ca = client_ca});
  }
  void certs(const std::string& host,
             const std::vector<std::pair<std::string, std::string>>& copies) {
    os::make_dirs(dir() + "/certs.d/" + host);
    for (const auto& [from, to] : copies)
      write("certs.d/" + host + "/" + to, os::read_file(dir() + "/" + from));
  }
};

TEST_F(Tls, AnAuthorityInCertsDIsTrustedAndAnotherIsNot) {
  const auto registry = start();
  if (!registry) GTEST_SKIP() << "docker-registry is not installed";
  const Reference where = parse_reference(registry->host() + "/app:1");
  certs(registry->host(), {{"ca.crt", "ca.crt"}});
  Client client(options());
  const auto file = blob_file("hello");
  EXPECT_TRUE(client.push_blob(where, file.descriptor, file.path, {}));
  EXPECT_EQ(fetch(client, where, file.descriptor), "hello");

  openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
           "-subj", "/CN=Other CA", "-days", "2", "-keyout", "other.key", "-out", "other.crt"});
  certs(registry->host(), {{"other.crt", "ca.crt"}});
  Client other(options());
  const std::string text = error_text([&] { other.resolve(where); });
  EXPECT_THAT(text, HasSubstr("certificate"));
  EXPECT_THAT(text, HasSubstr("/etc/docker/certs.d/" + registry->host() + "/ca.crt"));
}

TEST_F(Tls, LoopbackFindsTlsByItselfWithoutVerifyingIt) {
  const auto registry = start();
  if (!registry) GTEST_SKIP() << "docker-registry is not installed";
  Client client(options());
  const Reference where = parse_reference(registry->host() + "/app:1");
  EXPECT_FALSE(client.resolve(where));
  const auto file = blob_file("hello");
  EXPECT_TRUE(client.push_blob(where, file.descriptor, file.path, {}));
}

TEST_F(Tls, AClientCertificateIsShownWhereTheRegistryWantsOne) {
  const auto registry = start(dir() + "/ca.crt");
  if (!registry) GTEST_SKIP() << "docker-registry is not installed";
  const Reference where = parse_reference(registry->host() + "/app:1");
  certs(registry->host(), {{"ca.crt", "ca.crt"}});
  Client without(options());
  EXPECT_THAT(error_text([&] { without.resolve(where); }),
              HasSubstr("cannot reach the registry " + registry->host()));
  certs(registry->host(), {{"client.pem", "me.cert"}, {"client.key", "me.key"}});
  Client with(options());
  EXPECT_FALSE(with.resolve(where));
}

}  // namespace
}  // namespace slipway::registry
