#include "record/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "base/error.h"
#include "os/fs.h"
#include "record/recorder.h"
#include "record/shelf.h"
#include "record/slow.h"

namespace slipway::record {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kGoFile[] =
    "FROM golang:1.24 AS build\n"
    "WORKDIR /src\n"
    "RUN CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o /main .\n"
    "FROM debian\n"
    "RUN apt-get update\n"
    "COPY --from=build /main /main\n";

Step emulated(const std::string& location, std::vector<seams::ProgramCost> programs) {
  Step step{.name = "[linux/arm64 build 3/3] RUN",
            .kind = "run",
            .platform = "linux/arm64",
            .location = location,
            .state = "done",
            .cost = {},
            .error = {}};
  for (const auto& cost : programs) step.cost.emulated_seconds += cost.cpu_seconds;
  step.cost.cpu_seconds = step.cost.emulated_seconds;
  step.cost.wall_seconds = 1;
  step.cost.how = seams::HowRun::Emulated;
  step.cost.programs = std::move(programs);
  return step;
}

Build go_build() {
  Build build;
  build.id = "20260102T030405-aabbcc";
  build.started = 1767323045;
  build.ok = true;
  build.dockerfile_name = "Dockerfile";
  build.dockerfile_text = kGoFile;
  build.platforms = {"linux/amd64", "linux/arm64"};
  build.build_platform = "linux/amd64";
  build.emulators = {{"linux/arm64", "qemu-aarch64 version 7.2"}};
  build.steps = {emulated("Dockerfile:5", {{"/usr/bin/apt-get", true, false, 1, 2.0}}),
                 emulated("Dockerfile:3", {{"/usr/local/go/pkg/tool/linux_arm64/compile", true, false, 60, 30},
                                           {"/usr/local/go/bin/go", true, false, 1, 8},
                                           {"/bin/sh", true, false, 1, 0.1}})};
  return build;
}

TEST(Record, SaysWhoseLayerASharedStepHas) {
  Build build = go_build();
  build.steps[0].cost = {};
  build.steps[0].cost.shared_with = "[linux/amd64 build 2/3] RUN";
  build.steps[0].cost.note = "because";
  const Build read = from_json(to_json(build), "x");
  EXPECT_EQ(read.steps.at(0).cost.shared_with, "[linux/amd64 build 2/3] RUN");
  EXPECT_EQ(read.steps.at(0).cost.note, "because");
  EXPECT_EQ(read.steps.at(1).cost.shared_with, "");
}

TEST(Record, IsTheSameAfterWritingAndReading) {
  const Build build = go_build();
  const std::string text = to_json(build);
  EXPECT_EQ(to_json(from_json(text, "x")), text);
  EXPECT_EQ(from_json(text, "x").steps.at(1).cost.programs.at(0).processes, 60u);
}

TEST(Record, RefusesWhatItDoesNotUnderstand) {
  EXPECT_THROW(from_json("{}", "x.json"), Error);
  EXPECT_THROW(from_json("{\"version\":99}", "x.json"), Error);
  EXPECT_THROW(from_json("nonsense", "x.json"), Error);
}

TEST(Shelf, FindsRecordsByTheirBeginAndNamesWhatIsWrong) {
  const os::TempDir store("/var/tmp", "shelf-test-");
  EXPECT_THROW(get(store.path(), ""), Error);
  Build build = go_build();
  put(store.path(), build);
  build.id = "20260103T000000-000000";
  put(store.path(), build);
  EXPECT_THAT(ids(store.path()), ElementsAre("20260103T000000-000000", "20260102T030405-aabbcc"));
  EXPECT_EQ(get(store.path(), "").id, "20260103T000000-000000");
  EXPECT_EQ(get(store.path(), "20260102").id, "20260102T030405-aabbcc");
  EXPECT_THROW(get(store.path(), "202601"), Error);
  EXPECT_THROW(get(store.path(), "1999"), Error);
}

TEST(Shelf, KeepsTheNewestOnly) {
  const os::TempDir store("/var/tmp", "shelf-test-");
  Build build = go_build();
  for (size_t i = 0; i < kKept + 3; ++i) {
    build.id = "20260102T" + std::to_string(100000 + i) + "-000000";
    put(store.path(), build);
  }
  const auto all = ids(store.path());
  EXPECT_EQ(all.size(), kKept);
  EXPECT_EQ(all.back(), "20260102T100003-000000");
}

TEST(Shelf, LaterBuildsSortBehindEarlierOnes) { EXPECT_LT(new_id(1000), new_id(1001)); }

TEST(Shelf, LaterBuildsOfOneSecondSortBehindEarlierOnes) {
  constexpr size_t kTime = 19;  // 20260102T030405-3e7: to the millisecond
  const std::string first = new_id(std::time(nullptr));
  std::string later = first;
  while (later.substr(0, kTime) == first.substr(0, kTime)) later = new_id(std::time(nullptr));
  EXPECT_LT(first, later);
}

TEST(Recorder, KeepsStepsWithWhatTheyCost) {
  class Nobody : public seams::Observer {
    void on_plan(const std::vector<seams::StepInfo>&) override {}
    seams::StepId on_step_added(const seams::StepInfo&) override { return 1; }
    void on_started(seams::StepId) override {}
    void on_output(seams::StepId, std::string_view, bool) override {}
    void on_progress(seams::StepId, std::string_view, uint64_t, uint64_t) override {}
    void on_finished(seams::StepId, seams::StepState, const seams::StepCost&,
                     std::string_view) override {}
    void on_warning(std::string_view, std::string_view) override {}
    void on_end(bool) override {}
  } view;
  Recorder recorder(view);
  recorder.on_plan({{.name = "a", .kind = seams::StepKind::Run}});
  recorder.on_step_added({.name = "b", .kind = seams::StepKind::Export});
  recorder.on_finished(0, seams::StepState::Done, {.cpu_seconds = 2}, "");
  const auto steps = recorder.steps();
  EXPECT_EQ(steps.at(0).state, "done");
  EXPECT_EQ(steps.at(0).cost.cpu_seconds, 2);
  EXPECT_EQ(steps.at(1).kind, "export");
  EXPECT_EQ(steps.at(1).state, "waiting");
}

TEST(Slow, AGoStageIsToRunOnTheBuildPlatformForItsTarget) {
  const Build build = go_build();
  const auto slow = slow_steps(build);
  ASSERT_EQ(slow.size(), 2u);
  EXPECT_EQ(slow[0].work, Work::Go);
  EXPECT_THAT(slow[0].edits,
              ElementsAre("Dockerfile:1: FROM --platform=$BUILDPLATFORM golang:1.24 AS build",
                          "Dockerfile:3: put above it: ARG TARGETOS TARGETARCH",
                          "Dockerfile:3: RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go "
                          "build -o /main ."));
  EXPECT_GT(slow[0].saved_seconds, 30);
}

TEST(Slow, PackagesOfTheImageItselfHaveNoEdit) {
  const Build build = go_build();
  const auto slow = slow_steps(build);
  EXPECT_EQ(slow[1].work, Work::Packages);
  EXPECT_TRUE(slow[1].edits.empty());
  EXPECT_EQ(slow[1].saved_seconds, 0);
}

TEST(Slow, ACompilerInTheStageOfTheImageNeedsAStageOfItsOwn) {
  Build build = go_build();
  build.dockerfile_text = "FROM golang AS app\nRUN go build .\nFROM app\nCMD x\n";
  build.steps = {emulated("Dockerfile:2", {{"/usr/bin/go", true, false, 1, 9}})};
  const auto slow = slow_steps(build);
  EXPECT_THAT(slow[0].edits.at(0), HasSubstr("in a stage of its own"));
}

TEST(Slow, OtherToolsHaveOtherEdits) {
  Build build = go_build();
  build.dockerfile_text = "FROM maven AS build\nRUN mvn package\nFROM scratch\nCOPY --from=build /x /\n";
  build.steps = {emulated("Dockerfile:2", {{"/opt/java/bin/java", true, false, 1, 60}})};
  EXPECT_EQ(slow_steps(build)[0].work, Work::Jvm);
  EXPECT_THAT(slow_steps(build)[0].edits, ElementsAre(HasSubstr("FROM --platform=$BUILDPLATFORM maven AS build")));
  build.steps = {emulated("Dockerfile:2", {{"/usr/lib/gcc/aarch64-linux-gnu/12/cc1", true, false, 1, 60}})};
  EXPECT_EQ(slow_steps(build)[0].work, Work::C);
  build.steps = {emulated("Dockerfile:2", {{"/usr/bin/sha256sum", true, false, 1, 60}})};
  EXPECT_EQ(slow_steps(build)[0].work, Work::Other);
}

TEST(Slow, TheTextSaysWhatItCost) {
  const std::string text = render_slow(go_build());
  EXPECT_THAT(text, HasSubstr("40.1 s of it emulated"));
  EXPECT_THAT(text, HasSubstr("compile 30.0 s (60 processes)"));
  EXPECT_THAT(text, HasSubstr("qemu-aarch64 version 7.2"));
  Build native = go_build();
  native.steps.clear();
  EXPECT_THAT(render_slow(native), HasSubstr("Nothing was emulated"));
  EXPECT_THAT(slow_json(go_build()), HasSubstr("\"work\": \"go\""));
}

}  // namespace
}  // namespace slipway::record
