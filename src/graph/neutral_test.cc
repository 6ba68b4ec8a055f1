#include "graph/neutral.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "dockerfile/parse.h"
#include "graph/graph_fixture.h"

namespace slipway::graph {
namespace {

bool is_known(const std::string& text) { return is_known_neutral({"/bin/sh", "-c", text}); }

Graph graph_of(const std::string& text, const std::string& platforms) {
  AnyImage resolver;
  return lower(dockerfile::parse(text), request(platforms), resolver);
}

/// "amd64", "arm64=amd64": the RUNs in order of the graph, with whose layer may stand for theirs.
std::string runs(const Graph& graph) {
  std::string out;
  for (const auto& step : graph.steps) {
    if (!step.as<Run>()) continue;
    out += (out.empty() ? "" : " ") + step.platform.arch;
    if (step.same_as) out += "=" + graph.steps[*step.same_as].platform.arch;
  }
  return out;
}

TEST(Neutral, InstallersThatRunNoScriptsAreKnown) {
  EXPECT_TRUE(is_known("npm ci --ignore-scripts"));
  EXPECT_TRUE(is_known("npm ci --omit=dev --ignore-scripts && npm cache clean --force"));
  EXPECT_TRUE(
      is_known("composer install --no-dev --no-scripts --no-plugins\nnpm ci --ignore-scripts"));
  EXPECT_TRUE(is_known_neutral({"npm", "ci", "--ignore-scripts"}));
  EXPECT_TRUE(is_known_neutral({"/bin/bash", "-ec", "npm ci --ignore-scripts"}));
}

TEST(Neutral, AnyDoubtMakesACommandUnknown) {
  for (const char* text :
       {"npm ci", "npm install --ignore-scripts", "npm ci --ignore-scripts && npm rebuild",
        "npm ci --ignore-scripts; make", "npm ci --ignore-scripts | tee log",
        "npm ci --ignore-scripts &", "npm ci --ignore-scripts &&", "&& npm ci --ignore-scripts",
        "npm ci --ignore-scripts $EXTRA", "npm ci --ignore-scripts --prefix sub",
        "X=1 npm ci --ignore-scripts", "composer install --no-scripts", "npm ci '--ignore-scripts'",
        "npm ci --ignore-scripts # x", "", "(npm ci --ignore-scripts)"})
    EXPECT_FALSE(is_known(text)) << text;
  EXPECT_FALSE(is_known_neutral({}));
  EXPECT_FALSE(is_known_neutral({"/usr/bin/python3", "-c", "npm ci --ignore-scripts"}));
}

TEST(Neutral, TheBuildPlatformsStepStandsForTheOthersWhateverTheOrder) {
  const std::string file = "FROM a\n# slipway: neutral\nRUN make assets\n";
  EXPECT_EQ(runs(graph_of(file, "linux/amd64,linux/arm64")), "amd64 arm64=amd64");
  EXPECT_EQ(runs(graph_of(file, "linux/arm64,linux/amd64,linux/riscv64")),
            "amd64 arm64=amd64 riscv64=amd64");
  EXPECT_EQ(runs(graph_of(file, "linux/arm64,linux/riscv64")), "arm64 riscv64=arm64");
  EXPECT_EQ(runs(graph_of(file, "linux/arm64")), "arm64");
}

TEST(Neutral, TargetsStayInTheOrderThatWasAskedFor) {
  const Graph graph = graph_of("FROM a\n# slipway: neutral\nRUN x\n", "linux/arm64,linux/amd64");
  EXPECT_EQ(graph.targets.at(0).platform.arch, "arm64");
  EXPECT_EQ(graph.targets.at(1).platform.arch, "amd64");
}

TEST(Neutral, OnlyTheInstructionBelowTheCommentIsMeant) {
  EXPECT_EQ(runs(graph_of("FROM a\n# slipway: neutral\nRUN x\nRUN y\n", "linux/amd64,linux/arm64")),
            "amd64 amd64 arm64=amd64 arm64");
  EXPECT_EQ(runs(graph_of("FROM a\n# slipway: per-platform\nRUN npm ci --ignore-scripts\n",
                          "linux/amd64,linux/arm64")),
            "amd64 arm64");
}

TEST(Neutral, KnownCommandsAreSharedBetween64BitPlatformsOnly) {
  const std::string file = "FROM a\nRUN npm ci --ignore-scripts\n";
  EXPECT_EQ(runs(graph_of(file, "linux/amd64,linux/arm64,linux/arm/v7,linux/s390x")),
            "amd64 arm64=amd64 arm s390x");
}

TEST(Neutral, AWrongWordInTheCommentIsRefusedWithThePlace) {
  try {
    graph_of("FROM a\n# slipway: nuetral\nRUN x\n", "linux/amd64,linux/arm64");
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_NE(e.render().find("Dockerfile:3"), std::string::npos) << e.render();
    EXPECT_NE(e.render().find("unknown word in the comment \"# slipway: nuetral\""),
              std::string::npos);
    EXPECT_NE(e.render().find("# slipway: per-platform"), std::string::npos);
  }
}

}  // namespace
}  // namespace slipway::graph
