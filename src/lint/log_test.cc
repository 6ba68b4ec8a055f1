// Build logs.
#include "lint/lint_fixture.h"
#include "lint/log_view.h"

namespace slipway::lint {
namespace {

SourceFile log_file(std::string text) { return {"build.log", Kind::Log, std::move(text)}; }

TEST(Logs, NamesOfStepsHaveParts) {
  const auto step = parse_step_name("[linux/amd64->arm64 my stage  2/14] RUN make");
  ASSERT_TRUE(step);
  EXPECT_EQ(step->platform, "linux/amd64");
  EXPECT_EQ(step->target, "arm64");
  EXPECT_EQ(step->stage, "my stage");
  EXPECT_EQ(step->index, "2/14");
  EXPECT_EQ(step->command, "RUN make");
  EXPECT_EQ(parse_step_name("[2/3] RUN x")->platform, "");
  EXPECT_FALSE(parse_step_name("[internal] load .dockerignore"));
  EXPECT_FALSE(parse_step_name("exporting to image"));
}

TEST(Logs, TimesAreSeconds) {
  EXPECT_EQ(parse_time("1970-01-02T00:00:01Z"), 86401.0);
  EXPECT_NEAR(*parse_time("2026-01-02T03:04:05.25Z") - *parse_time("2026-01-01T03:04:05Z"),
              86400.25, 1e-6);
  EXPECT_FALSE(parse_time("yesterday at four in the"));
}

TEST(EmulatedStep, CostsAreComparedWithTheSameStepElsewhere) {
  const auto result = lint({example(".", "emulated.log")}, {});
  ASSERT_EQ(found(example(".", "emulated.log")), "EmulatedStep:7 WrongGoarchInLog:7");
  EXPECT_EQ(result.findings[0].message,
            "a step of linux/arm64 ran under emulation and took 10m 01s; natively, as linux/amd64, "
            "it took 58.3s: "
            "9m 03s lost");
  EXPECT_NE(result.findings[0].advice.find("--platform=$BUILDPLATFORM"), std::string::npos);
  EXPECT_EQ(result.findings[1].message, "the image for linux/arm64 gets a program for amd64");
}

TEST(EmulatedStep, ALineAloneIsAnAssumption) {
  const SourceFile file = log_file(
      "2026-01-02T00:00:00Z #29 [linux/arm64 builder 8/8] RUN CGO_ENABLED=0 GOOS=linux "
      "GOARCH=amd64 go build\n");
  const auto result = lint({file}, {});
  ASSERT_EQ(found(file), "EmulatedStep:1 WrongGoarchInLog:1");
  EXPECT_NE(result.findings[0].message.find("if the machine was linux/amd64"), std::string::npos);
  Options options;
  options.log_platform = "linux/arm64";
  EXPECT_EQ(found(file, options), "WrongGoarchInLog:1");
}

TEST(EmulatedStep, CrossCompiledAndCachedStepsAreFine) {
  EXPECT_EQ(
      found(log_file("#1 [linux/amd64->arm64 b 1/2] RUN GOARCH=arm64 go build\n#1 DONE 60.0s\n")),
      "");
  EXPECT_EQ(found(log_file("#1 [linux/arm64 b 1/2] RUN make\n#1 CACHED\n")), "");
  EXPECT_EQ(found(log_file("#1 [linux/arm64 b 1/2] COPY a b\n#1 DONE 60.0s\n")), "");
  EXPECT_EQ(found(log_file("#1 [b 1/2] RUN make\n#1 DONE 60.0s\n")), "");
  EXPECT_EQ(found(log_file("#1 [linux/arm64 b 1/2] RUN true\n#1 DONE 0.2s\n")), "");
}

TEST(EmulatedStep, RawJsonTellsTimesAndWhatSlipwayMeasured) {
  const std::string text =
      R"({"vertexes":[{"digest":"sha256:1","name":"[linux/arm64 2/3] RUN make"}]})"
      "\n"
      R"({"logs":[{"vertex":"sha256:1","stream":1,"data":"eA=="}]})"
      "\n"
      R"({"vertexes":[{"digest":"sha256:1","name":"[linux/arm64 2/3] RUN make","started":"2026-01-02T00:00:00Z","completed":"2026-01-02T00:01:10Z","slipway":{"how":"emulated","emulatedSeconds":64.0}}]})"
      "\n";
  const auto result = lint({{"b.rawjson", Kind::Log, text}}, {});
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].message,
            "a step of linux/arm64 ran under emulation and took 1m 10s, 1m 04s of CPU time under "
            "emulation");
  EXPECT_EQ(LineIndex(text).place(result.findings[0].begin).line, 1);
}

}  // namespace
}  // namespace slipway::lint
