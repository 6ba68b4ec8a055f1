#include <gtest/gtest.h>

#include "base/text.h"
#include "json/json.h"
#include "report/script_test.h"

namespace slipway::report {
namespace {

using seams::StepState;

/// The lines written since the last call, parsed.
std::vector<json::Value> lines(Script& script) {
  std::vector<json::Value> out;
  for (const auto& line : split(script.take(), '\n'))
    if (!line.empty()) out.push_back(json::parse(line, "line"));
  return out;
}

TEST(RawJson, StepsAreVertexesWithDigestsInputsAndTimes) {
  Script s(Mode::RawJson);
  auto run = Script::step("[2/2] RUN make");
  run.inputs = {0};
  s.observer->on_plan({Script::step("[1/2] FROM debian:12", seams::StepKind::Source), run});
  const auto planned = lines(s);
  ASSERT_EQ(planned.size(), 1u);
  const auto& vertexes = planned[0]["vertexes"];
  ASSERT_EQ(vertexes.size(), 2u);
  EXPECT_EQ(vertexes[0]["name"], "[1/2] FROM debian:12");
  EXPECT_EQ(vertexes[0]["digest"].get<std::string>().size(), 7u + 64u);
  EXPECT_NE(vertexes[0]["digest"], vertexes[1]["digest"]);
  EXPECT_EQ(vertexes[1]["inputs"], json::Value::array({vertexes[0]["digest"]}));
  EXPECT_FALSE(vertexes[1].contains("started"));

  s.now = 1700000000.5;
  s.observer->on_started(1);
  s.now += 2.25;
  s.observer->on_finished(1, StepState::Done, Script::emulated(2.25, 2, 1.5), "");
  const auto after = lines(s);
  ASSERT_EQ(after.size(), 2u);
  EXPECT_EQ(after[0]["vertexes"][0]["started"], "2023-11-14T22:13:20.5Z");
  EXPECT_FALSE(after[0]["vertexes"][0].contains("completed"));
  const auto& done = after[1]["vertexes"][0];
  EXPECT_EQ(done["digest"], vertexes[1]["digest"]);
  EXPECT_EQ(done["completed"], "2023-11-14T22:13:22.75Z");
  EXPECT_FALSE(done.contains("cached"));
  EXPECT_FALSE(done.contains("error"));
  EXPECT_EQ(done["slipway"]["how"], "emulated");
  EXPECT_EQ(done["slipway"]["emulatedSeconds"], 1.5);
}

TEST(RawJson, EndsOtherThanDoneAreSaidAsBuildKitSaysThem) {
  Script s(Mode::RawJson);
  s.observer->on_plan({Script::step("a"), Script::step("b"), Script::step("c")});
  s.observer->on_finished(0, StepState::Cached, {}, "");
  s.observer->on_finished(1, StepState::Failed, {}, "exit code: 1");
  s.observer->on_finished(2, StepState::Cancelled, {}, "");
  const auto out = lines(s);
  ASSERT_EQ(out.size(), 4u);
  EXPECT_EQ(out[1]["vertexes"][0]["cached"], true);
  EXPECT_TRUE(
      out[1]["vertexes"][0].contains("started"));  // BuildKit's displays skip vertexes without
  EXPECT_EQ(out[2]["vertexes"][0]["error"], "exit code: 1");
  EXPECT_EQ(out[3]["vertexes"][0]["error"], "context canceled");
}

TEST(RawJson, OutputIsBase64WithItsStream) {
  Script s(Mode::RawJson);
  s.observer->on_plan({Script::step("a")});
  const auto digest = lines(s)[0]["vertexes"][0]["digest"];
  s.observer->on_started(0);
  lines(s);
  s.observer->on_output(0, std::string("f\0\xff", 3), true);
  s.observer->on_output(0, "fo", false);
  s.observer->on_output(0, "", false);
  const auto out = lines(s);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(json::dump(out[0]),
            R"({"logs":[{"vertex":")" + digest.get<std::string>() +
                R"(","stream":2,"data":"ZgD/","timestamp":"1970-01-01T00:16:40Z"}]})");
  EXPECT_EQ(out[1]["logs"][0]["data"], "Zm8=");
  EXPECT_EQ(out[1]["logs"][0]["stream"], 1);
}

TEST(RawJson, TransfersAreStatusesAndAreCompletedWithTheirStep) {
  Script s(Mode::RawJson);
  s.observer->on_plan({Script::step("a")});
  s.observer->on_started(0);
  lines(s);
  s.observer->on_progress(0, "sha256:ab", 1, 10);
  s.now += 0.05;
  s.observer->on_progress(0, "sha256:ab", 2, 10);  // too soon after the first to be worth a line
  s.now += 0.06;
  s.observer->on_progress(0, "sha256:ab", 3, 10);
  s.observer->on_progress(0, "sha256:ab", 10, 10);
  s.observer->on_progress(0, "unknown size", 5, 0);
  s.observer->on_finished(0, StepState::Done, {}, "");
  const auto out = lines(s);
  ASSERT_EQ(out.size(), 6u);
  EXPECT_EQ(out[0]["statuses"][0]["id"], "sha256:ab");
  EXPECT_EQ(out[0]["statuses"][0]["total"], 10);
  EXPECT_EQ(out[1]["statuses"][0]["current"], 3);
  EXPECT_FALSE(out[1]["statuses"][0].contains("completed"));
  EXPECT_EQ(out[2]["statuses"][0]["completed"], "1970-01-01T00:16:40.11Z");
  EXPECT_FALSE(out[3]["statuses"][0].contains("total"));
  EXPECT_TRUE(out[4]["statuses"][0].contains("completed"));
  EXPECT_TRUE(out[5].contains("vertexes"));
}

TEST(RawJson, WarningsBelongToAVertexSoThatReadersKeepThem) {
  Script s(Mode::RawJson);
  s.observer->on_plan({Script::step("a")});
  const auto digest = lines(s)[0]["vertexes"][0]["digest"];
  s.observer->on_warning("abc", "Dockerfile:3");
  const auto out = lines(s);
  EXPECT_EQ(out[0]["warnings"][0]["vertex"], digest);
  EXPECT_EQ(out[0]["warnings"][0]["short"], "YWJj");
  EXPECT_EQ(out[0]["warnings"][0]["detail"][0], "RG9ja2VyZmlsZToz");
}

}  // namespace
}  // namespace slipway::report
