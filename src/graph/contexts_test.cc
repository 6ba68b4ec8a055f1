// Named contexts, and what a stage may name: the stages above it.
#include <gtest/gtest.h>

#include "base/error.h"
#include "dockerfile/parse.h"
#include "graph/graph_fixture.h"
#include "graph/lower.h"

namespace slipway::graph {
namespace {

struct Lowered {
  Graph graph;
  std::vector<std::string> asked;
};

Lowered lowered(const std::string& text, std::map<std::string, NamedContext> contexts = {},
                std::map<std::string, std::string> build_args = {}) {
  Request r;
  r.platforms = oci::parse_platforms("linux/amd64");
  r.build_platform = r.platforms.front();
  r.context_dir = "/context";
  r.named_contexts = std::move(contexts);
  r.build_args = std::move(build_args);
  AnyImage images;
  Graph graph = lower(dockerfile::parse(text), r, images);
  return {std::move(graph), std::move(images.asked)};
}

std::string refusal(const std::string& text) {
  try {
    lowered(text);
  } catch (const Error& e) {
    return e.render();
  }
  return "no error";
}

TEST(NamedContexts, AreFoundByEveryWayToWriteAnImage) {
  for (const char* name : {"mine", "mine:latest", "docker.io/library/mine", "docker.io/library/mine:latest"})
    EXPECT_EQ(lowered(std::string("FROM ") + name + "\n", {{"mine", {.dir = {}, .image = "other"}}}).asked,
              std::vector<std::string>{"other"})
        << name;
  EXPECT_EQ(lowered("FROM mine:2\n", {{"mine", {.dir = {}, .image = "other"}}}).asked, std::vector<std::string>{"mine:2"});
  EXPECT_EQ(lowered("FROM mine\n", {{"mine::linux/amd64", {.dir = {}, .image = "a"}}, {"mine", {.dir = {}, .image = "b"}}}).asked,
            std::vector<std::string>{"a"});
}

TEST(NamedContexts, StandForAStageWithAllItsInstructions) {
  const auto [graph, asked] = lowered("FROM nowhere AS one\nRUN false\nFROM one\nCOPY --from=one /a /b\n",
                                      {{"one", {.dir = {}, .image = "other"}}});
  EXPECT_EQ(asked, std::vector<std::string>{"other"});
  for (const auto& step : graph.steps) EXPECT_FALSE(step.as<graph::Run>());
  EXPECT_EQ(graph.targets[0].layers.size(), 1u);
}

TEST(NamedContexts, AFolderAsBaseIsALayerWithItsHistory) {
  const auto target = lowered("FROM mine\nCOPY a /\n", {{"mine", {.dir = "/folder", .image = {}}}}).graph.targets[0];
  EXPECT_EQ(target.layers.size(), 2u);
  ASSERT_EQ(target.config.history.size(), 2u);
  EXPECT_EQ(target.config.history[0].created_by, "FROM mine # buildkit");
  EXPECT_EQ(target.config.working_dir, "/");
}

TEST(Stages, UseOnlyWhatIsAbove) {
  EXPECT_NE(refusal("FROM a AS x\nCOPY --from=y /a /a\nFROM b AS y\nFROM x\n").find("comes after it"), std::string::npos);
  EXPECT_NE(refusal("FROM a AS x\nRUN --mount=from=y,target=/y true\nFROM b AS y\nFROM x\n").find("comes after it"),
            std::string::npos);
}

TEST(Stages, APlatformThatIsEmptyIsAMistake) {
  EXPECT_NE(refusal("FROM scratch\nARG p=linux/arm64\nFROM --platform=$p a\n").find("empty platform value"),
            std::string::npos);
}

TEST(Proxies, ComeInBothSpellings) {
  const auto graph = lowered("FROM a\nARG NO_PROXY\nRUN x\n", {}, {{"HTTP_PROXY", "h"}, {"no_proxy", "n"}}).graph;
  for (const auto& step : graph.steps)
    if (const auto* run = step.as<graph::Run>()) {
      EXPECT_EQ(run->proxy_env, (std::vector<std::string>{"HTTP_PROXY=h", "http_proxy=h", "no_proxy=n"}));
    }
}

TEST(Workdir, StaysWhereItIsWhenNothingIsSaid) {
  EXPECT_EQ(lowered("FROM a\nWORKDIR /w\nWORKDIR $none\n").graph.targets[0].config.working_dir, "/w");
}

}  // namespace
}  // namespace slipway::graph
