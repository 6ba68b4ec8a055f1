// Files beside the program, images beside each other, nodes, and what is printed.
#include "verify/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "json/json.h"
#include "os/fs.h"
#include "verify/fit.h"
#include "verify/nodes.h"
#include "verify/report.h"
#include "verify/test_files.h"

namespace slipway::verify {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace slipway::verify::testing;

std::vector<std::string> warned(std::vector<tree::Entry> files, const char* platform = "linux/arm64") {
  std::vector<std::string> out;
  for (const auto& finding : verify({image_of(platform, {layer(std::move(files))})}, {}))
    if (finding.severity != Severity::Note) out.push_back(finding.rule + " " + finding.path);
  return out;
}

tree::Entry foreign(std::string path, uint32_t mode = 0755) { return file(std::move(path), library_for(kMachineAmd64), mode); }
tree::Entry fitting(std::string path) { return file(std::move(path), library_for(kMachineArm64)); }

TEST(Files, ForeignProgramsAndLibrariesAreWarnedOf) {
  EXPECT_THAT(warned({foreign("opt/lib/a.so", 0644)}), ElementsAre("foreign-file /opt/lib/a.so"));
  EXPECT_THAT(warned({file("usr/bin/x", program_for(kMachineAmd64))}), ElementsAre("foreign-file /usr/bin/x"));
  EXPECT_THAT(warned({fitting("opt/lib/a.so")}), IsEmpty());
  const Image image = image_of("linux/arm64", {layer({foreign("a.so"), foreign("b/c.so")}), layer({gone("a.so"), file("b", "now a file")})});
  EXPECT_THAT(verify({image}, {}), IsEmpty()) << "what upper layers hide does not count";
}

TEST(Files, WhatIsForeignOnPurposeIsNoAlarm) {
  EXPECT_THAT(warned({file("usr/bin/x", program_for(kMachineAmd64), 0644)}), IsEmpty()) << "cannot be started";
  EXPECT_THAT(warned({file("x.o", elf_bytes({.type = 1}))}), IsEmpty());
  EXPECT_THAT(warned({foreign("usr/local/go/src/debug/elf/testdata/a"), foreign("usr/lib/firmware/b")}), IsEmpty());
  EXPECT_THAT(warned({foreign("usr/x86_64-linux-gnu/lib/libc.so.6"), foreign("usr/lib/gcc-cross/x86_64-linux-gnu/12/libgcc_s.so")}), IsEmpty());
  EXPECT_THAT(warned({file("a.so", library_for(kMachine386))}, "linux/amd64"), ElementsAre("foreign-file /a.so")) << "64-bit ELF for 386";
  EXPECT_THAT(warned({file("a.so", elf_bytes({.machine = kMachine386, .bits = 32}))}, "linux/amd64"), IsEmpty());
  EXPECT_THAT(warned({file("bpf.so", library_for(kMachineBpf)), file("gpu.so", library_for(224))}), IsEmpty());
  const std::string pe = "MZ" + std::string(58, '\0') + std::string("\x40\0\0\0", 4) + std::string("PE\0\0\x64\x86", 6);
  EXPECT_THAT(warned({file("usr/lib/python3/dist-packages/pip/t64.exe", pe)}), IsEmpty());
}

TEST(Files, PackagesForSeveralPlatformsNeedTheRightOne) {
  const std::string at = "app/node_modules/";
  EXPECT_THAT(warned({foreign(at + "x/prebuilds/linux-x64/node.napi.node"), fitting(at + "x/prebuilds/linux-arm64/node.napi.armv8.node")}), IsEmpty());
  EXPECT_THAT(warned({foreign(at + "x/prebuilds/linux-x64/node.napi.node"), fitting(at + "y/prebuilds/linux-arm64/node.napi.node")}),
              ElementsAre("foreign-file /app/node_modules/x/prebuilds/linux-x64/node.napi.node"));
  EXPECT_THAT(warned({foreign(at + "@esbuild/linux-x64/bin/esbuild"), fitting(at + "@esbuild/linux-arm64/bin/esbuild")}), IsEmpty());
  EXPECT_THAT(warned({foreign(at + "@esbuild/linux-x64/bin/esbuild")}), ElementsAre("foreign-file /app/node_modules/@esbuild/linux-x64/bin/esbuild"));
  EXPECT_THAT(warned({foreign("usr/lib/python3/site-packages/m.cpython-311-x86_64-linux-gnu.so")}),
              ElementsAre("foreign-file /usr/lib/python3/site-packages/m.cpython-311-x86_64-linux-gnu.so"));
}

TEST(Files, ArchivesNeedNativeCodeOfThePlatformIfTheyHaveAny) {
  const auto jar = [](std::string path, std::vector<uint16_t> machines) {
    std::vector<std::pair<std::string, std::string>> members = {{"A.class", "x"}};
    for (const auto machine : machines) members.emplace_back("native/" + std::to_string(machine) + "/x.so", library_for(machine));
    return file(std::move(path), zip_bytes(members), 0644);
  };
  EXPECT_THAT(warned({jar("a.jar", {kMachineAmd64, kMachineArm64}), jar("b.jar", {}), jar("c.jar", {kMachineArm64})}), IsEmpty());
  EXPECT_THAT(warned({jar("a.jar", {kMachineAmd64, kMachinePpc64})}), ElementsAre("foreign-archive /a.jar"));
  EXPECT_THAT(warned({jar("epoll-linux-x86_64.jar", {kMachineAmd64}), jar("epoll-linux-aarch_64.jar", {kMachineArm64})}), IsEmpty());
  EXPECT_THAT(warned({jar("a.whl", {kMachineAmd64})}), ElementsAre("foreign-archive /a.whl"));
}

TEST(Verify, OneFileForTwoPlatformsIsNamed) {
  const std::string program = program_for(kMachineAmd64);
  const Image amd64 = image_of("linux/amd64", {layer({file("app", program)})}, {"/app"});
  const Image arm64 = image_of("linux/arm64", {layer({file("app", program)})}, {"/app"});
  const auto found = verify({amd64, arm64}, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].is, "an ELF program for amd64 (the same file as in linux/amd64)");
}

TEST(Verify, TheConfigHasToNameThePlatform) {
  Image image = image_of("linux/arm64", {layer({})});
  image.config.platform = oci::parse_platform("linux/amd64");
  const auto found = verify({image}, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(headline(found[0]), "platform-mismatch: the image config says linux/amd64, expected linux/arm64");
  image = image_of("linux/amd64/v3", {layer({})});
  image.config.platform = oci::parse_platform("linux/amd64");
  EXPECT_THAT(verify({image}, {}), IsEmpty());
}

TEST(Verify, FindingsAreReadBackAsTheyWere) {
  const Image image = image_of("linux/arm/v6", {layer({file("app", program_for(kMachineAmd64)), foreign("b.so")})}, {"/app"});
  auto found = verify({image}, {});
  ASSERT_EQ(found.size(), 2u);
  found[0].location = "Dockerfile:3";
  EXPECT_EQ(parse_findings(print_findings(found), "store"), found);
  EXPECT_THROW(parse_findings("{}", "store"), Error);
}

TEST(Verify, EveryRuleIsExplained) {
  const std::string page = os::read_file(SLIPWAY_SOURCE_DIR "/docs/verify.md");
  for (const auto& rule : rules()) {
    EXPECT_THAT(page, HasSubstr("`" + std::string(rule.id) + "`"));
    EXPECT_FALSE(rule.description.ends_with('.'));
  }
}

constexpr const char* kNodes = R"({"kind": "List", "items": [
  {"metadata": {"name": "a"}, "status": {"nodeInfo": {"architecture": "amd64", "operatingSystem": "linux"}}},
  {"metadata": {"name": "g", "labels": {"kubernetes.io/arch": "arm64"}}, "status": {}},
  {"metadata": {"name": "unknown"}}]})";

TEST(Nodes, AreReadFromWhatKubectlPrints) {
  const auto nodes = parse_nodes(kNodes, "nodes.json");
  ASSERT_EQ(nodes.size(), 2u);
  EXPECT_EQ(nodes[0].name + " " + nodes[0].platform.str(), "a linux/amd64");
  EXPECT_EQ(nodes[1].name + " " + nodes[1].platform.str(), "g linux/arm64");
  EXPECT_THROW(parse_nodes("{\"kind\": \"Pod\"}", "nodes.json"), Error);
  EXPECT_THROW(parse_nodes("[]", "nodes.json"), Error);
}

TEST(Nodes, WhatCouldNotStartThereIsPredicted) {
  const auto nodes = parse_nodes(kNodes, "nodes.json");
  const auto amd64 = oci::parse_platform("linux/amd64"), arm64 = oci::parse_platform("linux/arm64");
  EXPECT_THAT(check_nodes(nodes, {amd64, arm64}, true, {}), IsEmpty());
  auto found = check_nodes(nodes, {amd64}, true, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(headline(found[0]), "node-without-image: node g is linux/arm64, and the image has only linux/amd64: it cannot be pulled there");
  found = check_nodes(nodes, {amd64}, false, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].is, HasSubstr("exec format error predicted"));
  const auto wrong = verify({image_of("linux/arm64", {layer({file("app", program_for(kMachineAmd64))})}, {"/app"})}, {});
  found = check_nodes(nodes, {amd64, arm64}, true, wrong);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].is, "node g is linux/arm64: exec format error predicted, /app of linux/arm64 is an ELF program for amd64");
}

TEST(Report, SumsUpManyFindingsOfAKind) {
  std::vector<tree::Entry> files;
  for (int i = 10; i < 40; ++i) files.push_back(foreign("lib/" + std::to_string(i) + ".so"));
  const Image image = image_of("linux/arm64", {layer(std::move(files))});
  const auto found = verify({image}, {});
  const std::string text = text_report({image.platform}, found);
  EXPECT_THAT(text, HasSubstr("linux/arm64: 30 warnings\n  warning foreign-file: /lib/10.so is an ELF library for amd64, expected arm64\n    layer 1\n"));
  EXPECT_THAT(text, HasSubstr("and 20 more of this kind in the same layer\n"));
  const auto json = json::parse(json_report("app:1", {image.platform}, found), "report");
  EXPECT_EQ(json["findings"].size(), 30u);
  EXPECT_EQ(json["warnings"], 30);
  EXPECT_EQ(text_report({image.platform}, {}), "linux/arm64: nothing found\n");
}

TEST(Fit, PathsNameArchitecturesAsWholeWordsOnly) {
  const auto names = [](const char* path) {
    std::vector<std::string> out;
    for (const auto& named : archs_in(path)) out.push_back(named.arch);
    return out;
  };
  EXPECT_THAT(names("prebuilds/linux-x64/a.node"), ElementsAre("amd64"));
  EXPECT_THAT(names("usr/lib/x86_64-linux-gnu/libarm.so"), ElementsAre("amd64"));
  EXPECT_THAT(names("m.cpython-311-aarch64-linux-gnu.so"), ElementsAre("arm64"));
  EXPECT_THAT(names("Linux-ARM64/x86/armv7"), ElementsAre("arm64", "386", "arm"));
  EXPECT_THAT(names("charm/x64y/army"), IsEmpty());
}

}  // namespace
}  // namespace slipway::verify
