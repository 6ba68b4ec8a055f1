#include "cli/specs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace slipway::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Map = std::map<std::string, std::string>;

template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e.render();
  }
  return "no error";
}

std::optional<std::string> no_variables(const std::string&) { return std::nullopt; }

TEST(Csv, QuotesProtectCommasAndQuotes) {
  const auto fields = [](const char* text) { return csv_fields(text, "--x"); };
  EXPECT_THAT(fields("a"), ElementsAre("a"));
  EXPECT_THAT(fields("a,b=c"), ElementsAre("a", "b=c"));
  EXPECT_THAT(fields("a,,"), ElementsAre("a", "", ""));
  EXPECT_THAT(fields("\"a,b\",c"), ElementsAre("a,b", "c"));
  EXPECT_THAT(fields("\"say \"\"hi\"\"\""), ElementsAre("say \"hi\""));
  EXPECT_THAT(fields("\"\""), ElementsAre(""));
  EXPECT_THAT(fields("a\r\n"), ElementsAre("a"));
  EXPECT_THAT(error_of([&] { fields(""); }), HasSubstr("--x: the value is empty"));
  EXPECT_THAT(error_of([&] { fields("a\"b"); }), HasSubstr("quote in the middle"));
  EXPECT_THAT(error_of([&] { fields("\"a"); }), HasSubstr("not closed"));
  EXPECT_THAT(error_of([&] { fields("\"a\"b"); }), HasSubstr("behind a closing quote"));
}

TEST(Output, PathsAndTypes) {
  const auto is = [](const char* text, const char* type, const char* dest, const Map& attrs = {}) {
    EXPECT_EQ(parse_output(text), (build::OutputSpec{.type = type, .dest = dest, .attrs = attrs}))
        << text;
  };
  is("out", "local", "out");
  is("./a=b", "local", "./a=b");
  is("-", "tar", "-");
  is("type=local,dest=out", "local", "out");
  is("type=tar", "tar", "-");
  is("type=oci,dest=a.tar", "oci", "a.tar");
  is("type=oci", "oci", "-");
  is("type=oci,dest=dir,tar=false", "oci", "dir", {{"tar", "false"}});
  is("type=docker", "docker", "");
  is("type=docker,dest=a.tar", "docker", "a.tar");
  is("type=registry", "registry", "");
  is("type=image,name=a/b,push=true", "image", "", {{"name", "a/b"}, {"push", "true"}});
  is("type=image,\"name=a/b,a/c\",Compression=zstd", "image", "",
     {{"name", "a/b,a/c"}, {"compression", "zstd"}});
  is("type=cacheonly", "cacheonly", "");
  is("dest=x, type=local", "local", "x");
}

TEST(Output, MistakesAreNamed) {
  EXPECT_THAT(error_of([] { parse_output("type=local"); }), HasSubstr("needs a directory"));
  EXPECT_THAT(error_of([] { parse_output("type=local,dest=-"); }), HasSubstr("needs a directory"));
  EXPECT_THAT(error_of([] { parse_output("type=oci,tar=false"); }), HasSubstr("needs a directory"));
  EXPECT_THAT(error_of([] { parse_output("type=dokcer"); }),
              HasSubstr("did you mean type=docker?"));
  EXPECT_THAT(error_of([] { parse_output("dest=a,b=c"); }), HasSubstr("has no type"));
  EXPECT_THAT(error_of([] { parse_output("type=oci,dest"); }),
              HasSubstr("\"dest\" is not of the form key=value"));
  EXPECT_THAT(error_of([] { parse_output("a,b"); }), HasSubstr("not of the form key=value"));
}

TEST(Secret, SourcesAreFoundAsDockerFindsThem) {
  const auto with_token = [](const std::string& name) {
    return name == "TOKEN" ? std::optional<std::string>("x") : std::nullopt;
  };
  const auto is = [&](const char* text, const char* id, const char* src, const char* env) {
    EXPECT_EQ(parse_secret(text, with_token), (build::SecretSpec{.id = id, .src = src, .env = env}))
        << text;
  };
  is("id=a,src=b", "a", "b", "");
  is("id=a,source=b", "a", "b", "");
  is("ID=a,type=file,src=b", "a", "b", "");
  is("id=a,env=B", "a", "", "B");
  is("id=a,type=env,src=B", "a", "", "B");
  is("id=TOKEN", "TOKEN", "", "TOKEN");
  is("id=other", "other", "other", "");
  is("id=TOKEN,type=file", "TOKEN", "TOKEN", "");
  is("id=other,type=env", "other", "", "other");
  is("id=a,src=b,env=C", "a", "", "C");
  EXPECT_THAT(error_of([] { parse_secret("src=b", no_variables); }), HasSubstr("has no id"));
  EXPECT_THAT(error_of([] { parse_secret("id", no_variables); }), HasSubstr("not of the form"));
  EXPECT_THAT(error_of([] { parse_secret("id=a,type=vault", no_variables); }),
              HasSubstr("unknown secret type"));
  EXPECT_THAT(error_of([] { parse_secret("id=a,scr=b", no_variables); }),
              HasSubstr("did you mean src?"));
}

TEST(Ssh, AgentsSocketsAndKeys) {
  EXPECT_EQ(parse_ssh("default"), (build::SshSpec{.id = "default", .paths = {}}));
  EXPECT_EQ(parse_ssh("git"), (build::SshSpec{.id = "git", .paths = {}}));
  EXPECT_EQ(parse_ssh("git=/run/agent"), (build::SshSpec{.id = "git", .paths = {"/run/agent"}}));
  EXPECT_EQ(parse_ssh("git=a,b"), (build::SshSpec{.id = "git", .paths = {"a", "b"}}));
  EXPECT_EQ(parse_ssh("=a"), (build::SshSpec{.id = "default", .paths = {"a"}}));
  EXPECT_THAT(error_of([] { parse_ssh("git="); }), HasSubstr("names no socket or key"));
}

TEST(Cache, ReferencesAndTypes) {
  EXPECT_THAT(
      parse_cache("user/app:cache", "--cache-from"),
      ElementsAre(build::CacheSpec{.type = "registry", .attrs = {{"ref", "user/app:cache"}}}));
  EXPECT_THAT(parse_cache("a,b", "--cache-from"),
              ElementsAre(build::CacheSpec{.type = "registry", .attrs = {{"ref", "a"}}},
                          build::CacheSpec{.type = "registry", .attrs = {{"ref", "b"}}}));
  EXPECT_THAT(
      parse_cache("type=local,src=/c,Mode=max", "--cache-from"),
      ElementsAre(build::CacheSpec{.type = "local", .attrs = {{"mode", "max"}, {"src", "/c"}}}));
  EXPECT_THAT(error_of([] { parse_cache("src=/c", "--cache-to"); }),
              HasSubstr("--cache-to: \"src=/c\" has no type"));
  EXPECT_THAT(error_of([] { parse_cache("type=ftp", "--cache-to"); }),
              HasSubstr("unknown cache type"));
}

TEST(Attest, TypesAndShorthands) {
  EXPECT_EQ(
      parse_attest("type=sbom,generator=image"),
      (build::AttestSpec{.type = "sbom", .disabled = false, .attrs = {{"generator", "image"}}}));
  EXPECT_EQ(parse_attest("type=provenance,disabled=true"),
            (build::AttestSpec{.type = "provenance", .disabled = true, .attrs = {}}));
  EXPECT_EQ(parse_attest_shorthand("provenance", "false"),
            (build::AttestSpec{.type = "provenance", .disabled = true, .attrs = {}}));
  EXPECT_EQ(parse_attest_shorthand("sbom", "1"),
            (build::AttestSpec{.type = "sbom", .disabled = false, .attrs = {}}));
  EXPECT_EQ(
      parse_attest_shorthand("provenance", "mode=max"),
      (build::AttestSpec{.type = "provenance", .disabled = false, .attrs = {{"mode", "max"}}}));
  EXPECT_THAT(error_of([] { parse_attest("mode=max"); }), HasSubstr("has no type"));
  EXPECT_THAT(error_of([] { parse_attest("type=vex"); }), HasSubstr("unknown attestation type"));
  EXPECT_THAT(error_of([] { parse_attest_shorthand("sbom", "yes"); }),
              HasSubstr("--sbom: \"yes\" is not of the form"));
}

TEST(Annotation, LevelsAndPlatforms) {
  const oci::Platform arm = oci::parse_platform("linux/arm64");
  EXPECT_THAT(parse_annotation("a.b=c=d"),
              ElementsAre(build::AnnotationSpec{
                  .level = "", .platform = {}, .key = "a.b", .value = "c=d"}));
  EXPECT_THAT(parse_annotation("index:a=b"),
              ElementsAre(build::AnnotationSpec{
                  .level = "index", .platform = {}, .key = "a", .value = "b"}));
  EXPECT_THAT(
      parse_annotation("index,manifest[linux/arm64]:a="),
      ElementsAre(
          build::AnnotationSpec{.level = "index", .platform = {}, .key = "a", .value = ""},
          build::AnnotationSpec{.level = "manifest", .platform = arm, .key = "a", .value = ""}));
  EXPECT_THAT(
      parse_annotation("a=b:c"),
      ElementsAre(build::AnnotationSpec{.level = "", .platform = {}, .key = "a", .value = "b:c"}));
  EXPECT_THAT(error_of([] { parse_annotation("a"); }), HasSubstr("not of the form"));
  EXPECT_THAT(error_of([] { parse_annotation("indx:a=b"); }), HasSubstr("did you mean index?"));
  EXPECT_THAT(error_of([] { parse_annotation("index[linux:a=b"); }),
              HasSubstr("no closing bracket"));
}

TEST(Ulimit, SoftAndHard) {
  EXPECT_EQ(parse_ulimit("nofile=1024"),
            (build::UlimitSpec{.name = "nofile", .soft = 1024, .hard = 1024}));
  EXPECT_EQ(parse_ulimit("nofile=1024:2048"),
            (build::UlimitSpec{.name = "nofile", .soft = 1024, .hard = 2048}));
  EXPECT_EQ(parse_ulimit("core=-1"), (build::UlimitSpec{.name = "core", .soft = -1, .hard = -1}));
  EXPECT_EQ(parse_ulimit("core=5:-1"), (build::UlimitSpec{.name = "core", .soft = 5, .hard = -1}));
  for (const char* bad :
       {"nofile", "nofile=", "nofile=a", "nofile=1:2:3", "files=1", "nofile=2:1", "nofile=-1:5"})
    EXPECT_THAT(error_of([&] { parse_ulimit(bad); }), HasSubstr("--ulimit: ")) << bad;
}

TEST(AddHost, AddressesOfBothFamilies) {
  EXPECT_THAT(parse_add_host("db=10.0.0.7"),
              ElementsAre(build::HostSpec{.host = "db", .ip = "10.0.0.7"}));
  EXPECT_THAT(parse_add_host("db:10.0.0.7"),
              ElementsAre(build::HostSpec{.host = "db", .ip = "10.0.0.7"}));
  EXPECT_THAT(parse_add_host("db:::1"), ElementsAre(build::HostSpec{.host = "db", .ip = "::1"}));
  EXPECT_THAT(parse_add_host("db=[::1],10.0.0.7"),
              ElementsAre(build::HostSpec{.host = "db", .ip = "::1"},
                          build::HostSpec{.host = "db", .ip = "10.0.0.7"}));
  EXPECT_THAT(parse_add_host("db=host-gateway"),
              ElementsAre(build::HostSpec{.host = "db", .ip = "host-gateway"}));
  for (const char* bad : {"db", "=1.2.3.4", "db=", "db=1.2.3", "db=name"})
    EXPECT_THAT(error_of([&] { parse_add_host(bad); }), HasSubstr("write host=ip")) << bad;
}

TEST(Resource, SizesNumbersAndLists) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(parse_resource("memory=2g"), (Pair{"memory", "2147483648"}));
  EXPECT_EQ(parse_resource("memory-swap=-1"), (Pair{"memory-swap", "-1"}));
  EXPECT_EQ(parse_resource("cpu-quota=50000"), (Pair{"cpu-quota", "50000"}));
  EXPECT_EQ(parse_resource("cpuset-cpus=0-3,5"), (Pair{"cpuset-cpus", "0-3,5"}));
  for (const char* bad :
       {"memory", "memory=much", "memory=-1", "cpu-shares=a", "cpuset-mems=a", "cpus=2"})
    EXPECT_THAT(error_of([&] { parse_resource(bad); }), HasSubstr("--resource")) << bad;
}

TEST(BuildContext, NamesAreShortReferences) {
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(parse_build_context("deps=../deps"), (Pair{"deps", "../deps"}));
  EXPECT_EQ(parse_build_context("docker.io/library/alpine:latest=docker-image://x=y"),
            (Pair{"alpine", "docker-image://x=y"}));
  EXPECT_EQ(parse_build_context("alpine:3.20=target:base"), (Pair{"alpine:3.20", "target:base"}));
  EXPECT_EQ(parse_build_context("docker.io/user/app=dir"), (Pair{"user/app", "dir"}));
  for (const char* bad : {"deps", "=dir", "deps=", "Deps=dir"})
    EXPECT_THAT(error_of([&] { parse_build_context(bad); }), HasSubstr("--build-context")) << bad;
}

TEST(Call, MethodsAndFormats) {
  EXPECT_EQ(parse_call("check"), (build::CallSpec{.name = "lint"}));
  EXPECT_EQ(parse_call("build"), (build::CallSpec{.name = "build"}));
  EXPECT_EQ(parse_call("outline,format=json"),
            (build::CallSpec{.name = "outline", .format = "json"}));
  EXPECT_EQ(parse_call("targets,ignorestatus=true"),
            (build::CallSpec{.name = "targets", .ignore_status = true}));
  for (const char* bad :
       {"explain", "check,outline", "check,format=xml", "check,colour=red", "check,ignorestatus=2"})
    EXPECT_THAT(error_of([&] { parse_call(bad); }), HasSubstr("--call: ")) << bad;
}

TEST(Policy, Fields) {
  const build::PolicySpec policy =
      parse_policy("filename=a.rego,filename=b.rego,strict=false,log-level=debug,reset=1");
  EXPECT_EQ(
      policy,
      (build::PolicySpec{
          .files = {"a.rego", "b.rego"}, .reset = true, .strict = false, .log_level = "debug"}));
  EXPECT_THAT(error_of([] { parse_policy("filname=a"); }), HasSubstr("did you mean filename?"));
  EXPECT_THAT(error_of([] { parse_policy("filename="); }), HasSubstr("has no value"));
}

TEST(Entitlement, KnownOnesOnly) {
  for (const char* good : {"network.host", "security.insecure", "device",
                           "device=vendor.com/gpu=all", "buildx.local.delete"})
    EXPECT_NO_THROW(check_entitlement(good)) << good;
  EXPECT_THAT(error_of([] { check_entitlement("network.hots"); }),
              HasSubstr("did you mean network.host?"));
  EXPECT_THAT(error_of([] { check_entitlement("network.host=1"); }), HasSubstr("takes no value"));
}

TEST(Bytes, PowersOf1024) {
  EXPECT_EQ(parse_bytes("64m", "--shm-size"), 64u << 20);
  EXPECT_EQ(parse_bytes("1.5GB", "--shm-size"), uint64_t{3} << 29);
  EXPECT_THAT(error_of([] { parse_bytes("lots", "--shm-size"); }),
              HasSubstr("--shm-size: \"lots\" is no size"));
}

}  // namespace
}  // namespace slipway::cli
