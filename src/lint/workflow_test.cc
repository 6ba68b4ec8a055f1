// Workflows and compose files.
#include "base/error.h"
#include "lint/lint_fixture.h"
#include "lint/workflow_view.h"

namespace slipway::lint {
namespace {

std::string job(const std::string& runner, const std::string& steps) {
  return "on: push\njobs:\n  a:\n    runs-on: " + runner + "\n    steps:\n" + steps;
}
std::string build(const std::string& platforms) {
  return "      - uses: docker/build-push-action@v6\n        with:\n          context: .\n         "
         " platforms: " +
         platforms + "\n";
}
const std::string kQemu = "      - uses: docker/setup-qemu-action@v3\n";

TEST(WorkflowView, MatricesAreMadeAsGitHubMakesThem) {
  const SourceFile file = workflow(
      "jobs:\n  a:\n    strategy:\n      matrix:\n        fruit: [apple, pear]\n        animal: "
      "[cat, dog]\n"
      "        include:\n          - color: green\n          - color: pink\n            animal: "
      "cat\n"
      "          - fruit: apple\n            shape: circle\n          - fruit: banana\n"
      "        exclude:\n          - fruit: pear\n            animal: dog\n    runs-on: x\n    "
      "steps: []\n");
  const WorkflowView view(file);
  const auto& all = view.jobs().at(0).combinations;
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(
      all[0],
      (Values{{"animal", "cat"}, {"color", "pink"}, {"fruit", "apple"}, {"shape", "circle"}}));
  EXPECT_EQ(
      all[1],
      (Values{{"animal", "dog"}, {"color", "green"}, {"fruit", "apple"}, {"shape", "circle"}}));
  EXPECT_EQ(all[2], (Values{{"animal", "cat"}, {"color", "pink"}, {"fruit", "pear"}}));
  EXPECT_EQ(all[3], (Values{{"fruit", "banana"}}));
}

TEST(WorkflowView, RunnersTellTheirArchitecture) {
  EXPECT_EQ(runner_architecture({"ubuntu-latest"}), "amd64");
  EXPECT_EQ(runner_architecture({"ubuntu-24.04-arm"}), "arm64");
  EXPECT_EQ(runner_architecture({"self-hosted", "linux", "ARM64"}), "arm64");
  EXPECT_EQ(runner_architecture({"self-hosted", "X64"}), "amd64");
  EXPECT_EQ(runner_architecture({"self-hosted"}), "");
  EXPECT_EQ(runner_architecture({"${{ inputs.runner }}"}), "");
}

TEST(WorkflowView, BuildsNameTheirDockerfiles) {
  const SourceFile file{"repo/.github/workflows/ci.yaml", Kind::Workflow,
                        job("x",
                            "      - run: docker buildx build -f svc/${{ matrix.s }}/Dockerfile "
                            "--platform linux/arm64 .\n"
                            "      - run: docker build app\n")};
  const WorkflowView view(file);
  const auto& builds = view.jobs().at(0).builds;
  ASSERT_EQ(builds.size(), 2u);
  EXPECT_TRUE(view.builds_file(builds[0], "repo/svc/board/Dockerfile"));
  EXPECT_FALSE(view.builds_file(builds[0], "repo/other/Dockerfile"));
  EXPECT_TRUE(view.builds_file(builds[1], "repo/app/Dockerfile"));
  EXPECT_EQ(builds[0].platforms, std::vector<std::string>{"linux/arm64"});
}

TEST(WorkflowView, WhatAWorkflowBuildsIsKnownToTheDockerfile) {
  const SourceFile file = dockerfile(
      "FROM golang AS b\nRUN CGO_ENABLED=0 go build -o /a\nFROM alpine\nCOPY --from=b /a /a\n");
  EXPECT_EQ(found({file, workflow(job("self-hosted", build("linux/amd64,linux/arm64")))}),
            "EmulatedCompiler:1");
  EXPECT_EQ(found({file, workflow(job("self-hosted", build("linux/amd64")))}), "");
}

TEST(UnneededQemu, IsFoundAndTakenOutWhereNothingIsForeign) {
  const Options options = only("UnneededQemu");
  const std::string text = job(
      "ubuntu-latest", "      # emulator\n" + kQemu +
                           "        with:\n          platforms: arm64\n\n" + build("linux/amd64"));
  EXPECT_EQ(found(workflow(text), options), "UnneededQemu:7");
  EXPECT_EQ(fixed(workflow(text), options),
            job("ubuntu-latest", "      # emulator\n\n" + build("linux/amd64")));
  EXPECT_EQ(found(workflow(job("ubuntu-24.04-arm", kQemu + build("linux/arm64"))), options),
            "UnneededQemu:6");
}

TEST(UnneededQemu, IsFoundWhereEveryStepOfTheDockerfileIsCrossCompiled) {
  const SourceFile file = workflow(job("ubuntu-latest", kQemu + build("linux/amd64,linux/arm64")));
  const std::string stages =
      " golang AS b\nRUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /a\nFROM alpine\nCOPY "
      "--from=b /a /a\n";
  EXPECT_EQ(
      found({file, dockerfile("FROM --platform=$BUILDPLATFORM" + stages)}, only("UnneededQemu")),
      "UnneededQemu:6");
  EXPECT_EQ(found({file, dockerfile("FROM" + stages)}, only("UnneededQemu")), "");
}

TEST(UnneededQemu, IsFineWhereItMayBeNeeded) {
  const Options options = only("UnneededQemu");
  for (const auto& text :
       {job("ubuntu-latest", kQemu + build("linux/amd64,linux/arm64")),
        job("ubuntu-latest", kQemu + build("${{ inputs.platforms }}")),
        job("self-hosted", kQemu + build("linux/amd64")),
        job("ubuntu-latest",
            kQemu + "      - run: docker run --platform linux/arm64 x\n" + build("linux/amd64")),
        job("ubuntu-latest", kQemu)})
    EXPECT_EQ(found(workflow(text), options), "") << text;
}

TEST(WrongRunner, IsFoundAndGivenTheRightLabel) {
  const Options options = only("WrongRunner");
  const std::string text = job("ubuntu-latest  # cheap", build("linux/arm64"));
  EXPECT_EQ(found(workflow(text), options), "WrongRunner:4");
  EXPECT_EQ(fixed(workflow(text), options), job("ubuntu-24.04-arm  # cheap", build("linux/arm64")));
  EXPECT_EQ(fixed(workflow(job("ubuntu-24.04-arm", build("linux/amd64"))), options),
            job("ubuntu-24.04", build("linux/amd64")));
  for (const auto& fine :
       {job("ubuntu-latest", build("linux/amd64,linux/arm64")),
        job("self-hosted", build("linux/arm64")), job("ubuntu-latest", build("linux/riscv64"))})
    EXPECT_EQ(found(workflow(fine), options), "") << fine;
}

TEST(WrongRunner, AMatrixNeedsARunnerForEachPlatform) {
  const std::string text =
      "jobs:\n  a:\n    strategy:\n      matrix:\n        platform: [linux/amd64, linux/arm64]\n   "
      " runs-on: ubuntu-latest\n"
      "    steps:\n" +
      build("${{ matrix.platform }}");
  EXPECT_EQ(found(workflow(text), only("WrongRunner")), "WrongRunner:6");
  EXPECT_TRUE(fix({workflow(text)}, only("WrongRunner")).files.empty());
}

TEST(CacheNeverSaved, IsFineInTheSavedFolderAndWhenMoved) {
  const Options options = only("CacheNeverSaved");
  const std::string cache =
      "      - uses: actions/cache@v4\n        with:\n          path: /tmp/c\n          key: k\n";
  const std::string build = "      - run: docker buildx build --cache-to type=local,dest=";
  EXPECT_EQ(found(workflow(job("x", cache + build + "/tmp/c-new .\n")), options),
            "CacheNeverSaved:10");
  EXPECT_EQ(found(workflow(job("x", cache + build + "/tmp/c .\n")), options), "");
  EXPECT_EQ(
      found(workflow(job("x", cache + build + "/tmp/c-new .\n      - run: mv /tmp/c-new /tmp/c\n")),
            options),
      "");
  EXPECT_EQ(
      found(workflow(job("x", cache + build + "/tmp/c-new . && mv /tmp/c-new /tmp/c\n")), options),
      "");
  EXPECT_EQ(found(workflow(job("x", build + "/tmp/c-new .\n")), options), "");
}

TEST(NoCacheBetweenRuns, IsFineOnOwnRunnersAndWithACache) {
  const Options options = only("NoCacheBetweenRuns");
  EXPECT_EQ(found(workflow(job("ubuntu-latest", build("linux/amd64"))), options),
            "NoCacheBetweenRuns:6");
  EXPECT_EQ(found(workflow(job("self-hosted", build("linux/amd64"))), options), "");
  EXPECT_EQ(found(workflow(job("ubuntu-latest", build("linux/amd64") +
                                                    "          cache-from: type=registry,ref=x\n")),
                  options),
            "");
}

TEST(PlatformWithoutNode, TheListIsComparedWithTheNodes) {
  Options options = only("PlatformWithoutNode");
  const SourceFile file = workflow(job("x", build("linux/amd64, linux/arm64")));
  EXPECT_EQ(found(file, options), "");
  options.nodes = parse_nodes(expected("nodes-amd64.json"), "nodes");
  EXPECT_EQ(found(file, options), "PlatformWithoutNode:9");
  EXPECT_EQ(fixed(file, options), job("x", build("linux/amd64")));
  EXPECT_EQ(fixed(workflow(job("x", build("linux/arm64,linux/amd64"))), options),
            job("x", build("linux/amd64")));
  // Nothing would be left: that is for a person to decide. And amd64 nodes get nothing.
  EXPECT_EQ(found(workflow(job("x", build("linux/arm64"))), options),
            "PlatformWithoutNode:9 PlatformWithoutNode:9");
  EXPECT_TRUE(fix({workflow(job("x", build("linux/arm64")))}, options).files.empty());
  EXPECT_EQ(
      fixed(workflow(job(
                "x", "      - run: docker buildx build --platform linux/amd64,linux/arm64 .\n")),
            options),
      job("x", "      - run: docker buildx build --platform linux/amd64 .\n"));
}

TEST(PlatformWithoutNode, ComposeFilesHaveListsToo) {
  Options options = only("PlatformWithoutNode");
  options.nodes = parse_nodes(expected("nodes-amd64.json"), "nodes");
  const SourceFile file{"compose.yaml", Kind::Compose,
                        "services:\n  web:\n    build:\n      context: .\n      platforms: "
                        "[linux/amd64, linux/arm64]\n"};
  EXPECT_EQ(found(file, options), "PlatformWithoutNode:5");
  EXPECT_EQ(fixed(file, options),
            "services:\n  web:\n    build:\n      context: .\n      platforms: [linux/amd64]\n");
}

TEST(ComposeFixedPlatform, IsFoundForBuiltServicesOnly) {
  const auto compose = [](const std::string& text) {
    return SourceFile{"compose.yaml", Kind::Compose, text};
  };
  EXPECT_EQ(found(compose("services:\n  a:\n    build: .\n    platform: linux/amd64\n")),
            "ComposeFixedPlatform:4");
  EXPECT_EQ(found(compose("services:\n  a:\n    image: x\n    platform: linux/amd64\n")), "");
  EXPECT_EQ(found(compose("services:\n  a:\n    build: .\n    platform: $P\n")), "");
}

TEST(WrongSyntax, YamlMistakesHaveTheirPlace) {
  EXPECT_EQ(found(workflow("jobs:\n  a: [\n")), "WrongSyntax:2");
  EXPECT_EQ(found(SourceFile{"compose.yaml", Kind::Compose, "services:\n  a: 1\n  a: 2\n"}),
            "WrongSyntax:3");
}

TEST(Nodes, OtherDocumentsAreRefused) {
  EXPECT_THROW(parse_nodes("{\"items\": []}", "n"), Error);
  EXPECT_THROW(parse_nodes("no", "n"), Error);
  EXPECT_EQ(parse_nodes(expected("nodes-amd64.json"), "n").summary(), "3 linux/amd64");
}

}  // namespace
}  // namespace slipway::lint
