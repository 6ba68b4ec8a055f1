#include "build/sbom_targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::build {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A stage "build" of two steps, a stage "tools" that nothing uses, a final stage that copies from
/// "build" and from the context.
class SbomTargets : public testing::Test {
 protected:
  SbomTargets() {
    graph_.contexts = {{.name = "context", .dir = "/c", .is_main = true, .wanted = {"f"}}};
    add(graph::Run{}, {}, "build");
    add(graph::Run{}, 0, "build");
    add(graph::ContextFiles{0}, {}, "");
    add(graph::Run{}, {}, "tools");
    graph::Copy copy;
    copy.sources = {{.input = 1, .path = "x"}, {.input = 2, .path = "f"}};
    add(copy, {}, "final");
    graph_.targets.resize(1);
    graph_.targets[0].files = 4;
    request_.attests = {{.type = "sbom"}};
  }
  template <class Op>
  void add(Op op, std::optional<graph::StepId> parent, const std::string& stage) {
    graph::Step step;
    step.op = std::move(op);
    step.parent = parent;
    step.stage = stage;
    graph_.steps.push_back(std::move(step));
  }
  std::vector<std::string> extras(const std::string& before, const std::string& in_build,
                                  const std::string& in_final) {
    dockerfile_ = before + "FROM a AS build\n" + in_build + "FROM a AS tools\n" + in_build +
                  "FROM a AS final\n" + in_final;
    std::vector<std::string> out;
    for (const auto& extra : sbom_extras(dockerfile_, request_, graph_, graph_.targets[0]))
      out.push_back(extra.name + ":" + std::to_string(extra.files));
    return out;
  }

  graph::Graph graph_;
  BuildRequest request_;
  std::string dockerfile_;
};

TEST_F(SbomTargets, StagesThatTheImageUsesAreScannedWhereTheySaySo) {
  EXPECT_THAT(extras("", "ARG BUILDKIT_SBOM_SCAN_STAGE=true\n", ""), ElementsAre("build:1"));
  EXPECT_THAT(sbom_steps(dockerfile_, request_, graph_), ElementsAre(1u));
  EXPECT_THAT(extras("", "", "ARG BUILDKIT_SBOM_SCAN_STAGE=true\n"), IsEmpty());
}

TEST_F(SbomTargets, AnArgumentBeforeTheFirstStageMayListStages) {
  EXPECT_THAT(extras("ARG BUILDKIT_SBOM_SCAN_STAGE=tools,build\n", "", ""), ElementsAre("build:1"));
  EXPECT_THAT(extras("ARG BUILDKIT_SBOM_SCAN_STAGE=tools\n", "", ""), IsEmpty());
}

TEST_F(SbomTargets, ABuildArgumentReplacesADefaultButIsNothingByItself) {
  request_.build_args["BUILDKIT_SBOM_SCAN_STAGE"] = "true";
  EXPECT_THAT(extras("", "", ""), IsEmpty());
  EXPECT_THAT(extras("ARG BUILDKIT_SBOM_SCAN_STAGE=false\n", "", ""), ElementsAre("build:1"));
}

TEST_F(SbomTargets, TheContextIsScannedIfTheFinalStageAsks) {
  EXPECT_THAT(extras("", "", "ARG BUILDKIT_SBOM_SCAN_CONTEXT=true\n"), ElementsAre("context:2"));
}

TEST_F(SbomTargets, WithoutAnSbomNothingMoreIsBuilt) {
  extras("", "ARG BUILDKIT_SBOM_SCAN_STAGE=true\n", "");
  request_.attests.clear();
  EXPECT_THAT(sbom_steps(dockerfile_, request_, graph_), IsEmpty());
}

}  // namespace
}  // namespace slipway::build
