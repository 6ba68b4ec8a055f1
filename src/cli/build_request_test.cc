#include "cli/build_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace slipway::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Map = std::map<std::string, std::string>;

build::BuildRequest request(std::vector<std::string> args, const Map& variables = {}) {
  args.push_back(".");
  return to_request(parse_args(*find_command("build"), args), [&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

std::string error_of(std::vector<std::string> args, const Map& variables = {}) {
  try {
    request(std::move(args), variables);
  } catch (const Error& e) {
    return e.render();
  }
  return "no error";
}

std::vector<std::string> names(const std::vector<oci::Platform>& platforms) {
  std::vector<std::string> out;
  for (const auto& platform : platforms) out.push_back(platform.str());
  return out;
}

TEST(BuildRequest, NothingButAContextIsTheDefaults) {
  const auto r = request({});
  EXPECT_EQ(r.context, ".");
  EXPECT_EQ(r.dockerfile, "");
  EXPECT_TRUE(r.platforms.empty());
  EXPECT_TRUE(r.outputs.empty());
  EXPECT_EQ(r.network, "default");
  EXPECT_EQ(r.call.name, "build");
  EXPECT_EQ(r.progress, build::Progress::Auto);
  EXPECT_EQ(r.emulation, build::Emulation::Allow);
  EXPECT_EQ(r.max_parallel, 0u);
  EXPECT_FALSE(r.no_cache || r.pull || r.quiet || r.allow_local_delete || r.metadata_warnings);
  EXPECT_TRUE(r.default_attestations && r.default_oci_artifact && r.default_image);
  EXPECT_EQ(r.metadata_provenance, "min");
  EXPECT_EQ(r.store, "");
}

TEST(BuildRequest, SimpleFlagsGoWhereTheyBelong) {
  const auto r = request({"-f",
                          "Containerfile",
                          "--target",
                          "run",
                          "--label",
                          "a=b=c",
                          "--label",
                          "d",
                          "-t",
                          "x:1",
                          "-t",
                          "y",
                          "--metadata-file",
                          "m.json",
                          "--iidfile",
                          "i",
                          "--network",
                          "host",
                          "--cgroup-parent",
                          "cg",
                          "--shm-size",
                          "128m",
                          "--no-cache",
                          "--pull",
                          "--store",
                          "/s"});
  EXPECT_EQ(r.dockerfile, "Containerfile");
  EXPECT_EQ(r.target, "run");
  EXPECT_EQ(r.labels, (Map{{"a", "b=c"}, {"d", ""}}));
  EXPECT_THAT(r.tags, ElementsAre("x:1", "y"));
  EXPECT_EQ(r.metadata_file, "m.json");
  EXPECT_EQ(r.iidfile, "i");
  EXPECT_EQ(r.network, "host");
  EXPECT_EQ(r.cgroup_parent, "cg");
  EXPECT_EQ(r.shm_size, 128u << 20);
  EXPECT_TRUE(r.no_cache);
  EXPECT_TRUE(r.pull);
  EXPECT_EQ(r.store, "/s");
}

TEST(BuildRequest, PlatformsComeFromFlagsElseFromTheEnvironment) {
  EXPECT_THAT(names(request({"--platform", "linux/amd64,linux/arm64",
                             "--platform=linux/arm/v7,linux/amd64"})
                        .platforms),
              ElementsAre("linux/amd64", "linux/arm64", "linux/arm/v7"));
  EXPECT_THAT(names(request({}, {{"DOCKER_DEFAULT_PLATFORM", "linux/arm64"}}).platforms),
              ElementsAre("linux/arm64"));
  EXPECT_THAT(
      names(request({"--platform", "linux/s390x"}, {{"DOCKER_DEFAULT_PLATFORM", "linux/arm64"}})
                .platforms),
      ElementsAre("linux/s390x"));
  EXPECT_THAT(names(request({"--platform", "local"}).platforms),
              ElementsAre(oci::host_platform().str()));
  EXPECT_THAT(error_of({"--platform", "linux/amd46"}), HasSubstr("unknown architecture \"amd46\""));
  EXPECT_THAT(error_of({}, {{"DOCKER_DEFAULT_PLATFORM", "a/b/c/d"}}),
              HasSubstr("DOCKER_DEFAULT_PLATFORM: "));
}

TEST(BuildRequest, BuildArgsWithoutValueComeFromTheEnvironment) {
  const Map variables = {{"SET", "here"}, {"SOURCE_DATE_EPOCH", "5"}};
  EXPECT_EQ(request({"--build-arg", "A=1", "--build-arg", "SET", "--build-arg", "UNSET",
                     "--build-arg", "A=2", "--build-arg", "E="},
                    variables)
                .build_args,
            (Map{{"A", "2"}, {"E", ""}, {"SET", "here"}, {"SOURCE_DATE_EPOCH", "5"}}));
  EXPECT_EQ(request({"--build-arg", "SOURCE_DATE_EPOCH=9"}, variables).build_args,
            (Map{{"SOURCE_DATE_EPOCH", "9"}}));
  EXPECT_THAT(error_of({"--build-arg", "=x"}), HasSubstr("--build-arg: \"=x\" has no name"));
  EXPECT_THAT(error_of({"--label", "=x"}), HasSubstr("--label: \"=x\" has no name"));
}

TEST(BuildRequest, LoadAndPushAreOutputs) {
  const auto r = request({"--push", "--load", "-o", "out"});
  ASSERT_EQ(r.outputs.size(), 3u);
  EXPECT_EQ(r.outputs[0].type, "local");
  EXPECT_EQ(r.outputs[1].type, "docker");
  EXPECT_EQ(r.outputs[2].type, "registry");
  EXPECT_TRUE(request({"--push=false"}).outputs.empty());
  const auto pushed = request({"--push", "-o", "type=image,name=x"});
  ASSERT_EQ(pushed.outputs.size(), 1u);
  EXPECT_EQ(pushed.outputs[0].attrs.at("push"), "true");
  EXPECT_EQ(request({"--load", "-o", "type=docker"}).outputs.size(), 1u);
  EXPECT_EQ(request({"--load", "-o", "type=docker,dest=f"}).outputs.size(), 2u);
  EXPECT_THAT(error_of({"-o", "-", "-o", "type=oci"}),
              HasSubstr("two outputs go to standard output"));
}

TEST(BuildRequest, TheEnvironmentChangesDefaultsOfTheImage) {
  const auto r = request({}, {{"BUILDX_NO_DEFAULT_ATTESTATIONS", "1"},
                              {"BUILDX_NO_DEFAULT_OCI_ARTIFACT", "true"},
                              {"BUILDX_NO_DEFAULT_LOAD", "T"}});
  EXPECT_FALSE(r.default_attestations || r.default_oci_artifact || r.default_image);
  EXPECT_THAT(error_of({}, {{"BUILDX_NO_DEFAULT_OCI_ARTIFACT", "no"}}),
              HasSubstr("BUILDX_NO_DEFAULT_OCI_ARTIFACT: \"no\" is neither true nor false"));
}

TEST(BuildRequest, AttestationsAndTheirShorthands) {
  const auto r =
      request({"--sbom=true", "--provenance", "mode=max", "--attest", "type=sbom,generator=g"},
              {{"BUILDX_NO_DEFAULT_ATTESTATIONS", "1"}});
  ASSERT_EQ(r.attests.size(), 3u);
  EXPECT_EQ(r.attests[0].attrs, (Map{{"generator", "g"}}));
  EXPECT_EQ(r.attests[1].attrs, (Map{{"mode", "max"}}));
  EXPECT_EQ(r.attests[2].type, "sbom");
  EXPECT_FALSE(r.default_attestations);
}

TEST(BuildRequest, RunSettings) {
  const auto r = request({"--secret",
                          "id=a,src=b",
                          "--secret",
                          "id=T",
                          "--secret",
                          "id=a,src=c",
                          "--ssh",
                          "default",
                          "--add-host",
                          "a=1.2.3.4,b:::1",
                          "--allow",
                          "network.host",
                          "--allow=buildx.local.delete",
                          "--ulimit",
                          "nofile=1",
                          "--ulimit",
                          "nofile=2:3",
                          "--resource",
                          "memory=1g",
                          "--memory",
                          "2g",
                          "-c",
                          "512",
                          "--emulation=forbid",
                          "--max-parallel",
                          "3"},
                         {{"T", "x"}});
  EXPECT_THAT(r.secrets, ElementsAre(build::SecretSpec{.id = "T", .src = "", .env = "T"},
                                     build::SecretSpec{.id = "a", .src = "c", .env = ""}));
  EXPECT_THAT(r.ssh, ElementsAre(build::SshSpec{.id = "default", .paths = {}}));
  EXPECT_THAT(r.add_hosts, ElementsAre(build::HostSpec{.host = "a", .ip = "1.2.3.4"},
                                       build::HostSpec{.host = "b", .ip = "::1"}));
  EXPECT_THAT(r.allow, ElementsAre("network.host"));
  EXPECT_TRUE(r.allow_local_delete);
  EXPECT_THAT(r.ulimits, ElementsAre(build::UlimitSpec{.name = "nofile", .soft = 2, .hard = 3}));
  EXPECT_EQ(r.resources, (Map{{"cpu-shares", "512"}, {"memory", "1073741824"}}));
  EXPECT_EQ(r.emulation, build::Emulation::Forbid);
  EXPECT_EQ(r.max_parallel, 3u);
}

TEST(BuildRequest, CacheAndPolicySettings) {
  const auto r =
      request({"--cache-from", "a,b", "--cache-to", "type=local,dest=c", "--cache-from", "",
               "--no-cache-filter", "x,y", "--no-cache-filter=z", "--policy", "filename=p.rego"});
  EXPECT_EQ(r.cache_from.size(), 2u);
  ASSERT_EQ(r.cache_to.size(), 1u);
  EXPECT_EQ(r.cache_to[0].type, "local");
  EXPECT_THAT(r.no_cache_filter, ElementsAre("x", "y", "z"));
  ASSERT_EQ(r.policies.size(), 1u);
}

TEST(BuildRequest, CallsHaveAShorthandAndAnOldName) {
  EXPECT_EQ(request({"--call", "outline"}).call.name, "outline");
  EXPECT_EQ(request({"--check"}).call.name, "lint");
  EXPECT_EQ(request({"--check=false"}).call.name, "build");
  EXPECT_EQ(request({"--print=targets"}).call.name, "targets");
}

TEST(BuildRequest, ProgressAndQuiet) {
  const Map plain = {{"BUILDKIT_PROGRESS", "plain"}};
  EXPECT_EQ(request({"--progress=rawjson"}).progress, build::Progress::RawJson);
  EXPECT_EQ(request({}, plain).progress, build::Progress::Plain);
  EXPECT_EQ(request({"--progress=tty"}, plain).progress, build::Progress::Tty);
  EXPECT_EQ(request({"--progress=none"}).progress, build::Progress::Quiet);
  EXPECT_FALSE(request({"--progress=none"}).quiet);
  EXPECT_TRUE(request({"--progress=quiet"}).quiet);
  EXPECT_TRUE(request({"-q"}, plain).quiet);
  EXPECT_EQ(request({"-q"}, plain).progress, build::Progress::Quiet);
  EXPECT_THAT(error_of({"-q", "--progress=plain"}), HasSubstr("contradict"));
  EXPECT_THAT(error_of({"--progress=plian"}), HasSubstr("did you mean plain?"));
  EXPECT_THAT(error_of({}, {{"BUILDKIT_PROGRESS", "loud"}}),
              HasSubstr("BUILDKIT_PROGRESS: unknown progress mode"));
}

TEST(BuildRequest, OtherVariablesOfTheEnvironment) {
  EXPECT_EQ(request({}, {{"SLIPWAY_HOME", "/h"}}).store, "/h");
  EXPECT_EQ(request({"--store", "/s"}, {{"SLIPWAY_HOME", "/h"}}).store, "/s");
  EXPECT_EQ(request({}, {{"BUILDX_METADATA_PROVENANCE", "max"}}).metadata_provenance, "max");
  EXPECT_EQ(request({}, {{"BUILDX_METADATA_PROVENANCE", "false"}}).metadata_provenance, "disabled");
  EXPECT_TRUE(request({}, {{"BUILDX_METADATA_WARNINGS", "true"}}).metadata_warnings);
}

TEST(BuildRequest, VerifyIsAnErrorUnlessFlagOrEnvironmentSayOtherwise) {
  const Map warn = {{"SLIPWAY_VERIFY", "warn"}};
  EXPECT_EQ(request({}).verify, build::Verify::Error);
  EXPECT_EQ(request({}, warn).verify, build::Verify::Warn);
  EXPECT_EQ(request({"--verify=off"}, warn).verify, build::Verify::Off);
  EXPECT_EQ(request({"--verify=error"}, warn).verify, build::Verify::Error);
  EXPECT_THAT(error_of({"--verify=no"}), HasSubstr("--verify: \"no\" is none of error, warn, off"));
  EXPECT_THAT(error_of({}, {{"SLIPWAY_VERIFY", "1"}}), HasSubstr("SLIPWAY_VERIFY: "));
  EXPECT_THAT(request({"--verify-allow", "a", "--verify-allow=b/**"}).verify_allow,
              ElementsAre("a", "b/**"));
}

TEST(BuildRequest, ValuesThatCannotBeAreRefusedByName) {
  EXPECT_THAT(error_of({"--network", "bridge"}),
              HasSubstr("--network: unknown network mode \"bridge\""));
  EXPECT_THAT(error_of({"--emulation", "maybe"}), HasSubstr("--emulation: "));
  EXPECT_THAT(error_of({"--max-parallel", "0"}), HasSubstr("--max-parallel: "));
  EXPECT_THAT(error_of({"--shm-size", "big"}), HasSubstr("--shm-size: "));
  EXPECT_THAT(error_of({"--allow", "all"}), HasSubstr("--allow: "));
  const auto from_stdin =
      parse_args(*find_command("build"), std::vector<std::string>{"-f", "-", "-"});
  EXPECT_THROW(to_request(from_stdin, [](const std::string&) { return std::nullopt; }), Error);
}

}  // namespace
}  // namespace slipway::cli
