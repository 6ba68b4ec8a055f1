// Several builds in one graph.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dockerfile/parse.h"
#include "graph/graph_fixture.h"

namespace slipway::graph {
namespace {

Request request_of(uint32_t job) {
  Request out = request();
  out.job = job;
  out.job_name = job == 0 ? "a" : "b";
  return out;
}

size_t runs(const Graph& graph) {
  size_t n = 0;
  for (const auto& step : graph.steps) n += step.as<graph::Run>() != nullptr;
  return n;
}

class JointTest : public testing::Test {
 protected:
  std::vector<Target> lower(const std::string& text, const Request& wanted) {
    return lower_into(joint, dockerfile::parse(text, "Dockerfile"), wanted, images);
  }
  AnyImage images;
  Joint joint;
};

TEST_F(JointTest, EqualStepsAreThereOnceUnderTheNameOfTheFirst) {
  lower("FROM base\nRUN one\nRUN two\n", request_of(0));
  lower("FROM base\nRUN one\nRUN three\n", request_of(1));
  EXPECT_EQ(runs(joint.graph), 3u);
  EXPECT_TRUE(joint.graph.targets.empty());
  std::vector<std::string> names;
  for (const auto& step : joint.graph.steps)
    if (step.as<graph::Run>()) names.push_back(step.name);
  EXPECT_THAT(names, testing::ElementsAre("[a stage-0 2/3] RUN one", "[a stage-0 3/3] RUN two", "[b stage-0 3/3] RUN three"));
}

TEST_F(JointTest, StepsThatRunInOtherSurroundingsAreNotShared) {
  lower("FROM base\nRUN one\n", request_of(0));
  Request other = request_of(1);
  other.surroundings = "another secret";
  lower("FROM base\nRUN one\n", other);
  EXPECT_EQ(runs(joint.graph), 2u);
}

TEST_F(JointTest, AContextIsSharedIfItLeavesOutTheSame) {
  Request first = request_of(0), second = request_of(1), third = request_of(1);
  first.context_dir = second.context_dir = third.context_dir = "/ctx";
  third.context_rules = "*.md";
  lower("FROM base\nCOPY a /\n", first);
  lower("FROM base\nCOPY b /\n", second);
  ASSERT_EQ(joint.graph.contexts.size(), 1u);
  EXPECT_THAT(joint.graph.contexts[0].wanted, testing::ElementsAre("a", "b"));
  lower("FROM base\nCOPY b /\n", third);
  EXPECT_EQ(joint.graph.contexts.size(), 2u);
}

TEST_F(JointTest, ATargetIsABaseWithItsFilesAndItsConfig) {
  const auto base = lower("FROM base\nENV A=1\nRUN one\n", request_of(0));
  Request second = request_of(1);
  second.named_contexts["thing"].targets = base;
  const auto targets = lower("FROM thing\nRUN two $A\n", second);
  ASSERT_EQ(targets.size(), 1u);
  EXPECT_EQ(targets[0].layers.size(), 2u);
  EXPECT_EQ(targets[0].layers[0], base[0].files);
  EXPECT_EQ(targets[0].config.env_value("A"), "1");
  EXPECT_EQ(joint.graph.steps[targets[0].files].parent, base[0].files);
}

TEST_F(JointTest, ATargetOfOtherPlatformsIsRefused) {
  Request first = request_of(0);
  first.platforms = {oci::parse_platform("linux/amd64"), oci::parse_platform("linux/arm64")};
  const auto base = lower("FROM scratch\nCOPY --from=base / /\n", first);
  Request second = request_of(1);
  second.platforms = {oci::parse_platform("linux/s390x")};
  second.named_contexts["thing"].targets = base;
  try {
    lower("FROM thing\n", second);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.render(), testing::HasSubstr("not built for linux/s390x"));
  }
}

}  // namespace
}  // namespace slipway::graph
