#include "graph/graph_fixture.h"
#include "graph/lower.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "dockerfile/parse.h"

namespace slipway::graph {
namespace {

class FakeResolver : public Resolver {
 public:
  std::vector<std::string> asked;
  std::vector<std::string> on_build;

  ResolvedImage image(const std::string& name, const oci::Platform& platform) override {
    asked.push_back(name + " " + platform.str());
    if (name == "missing") throw Error("there is no image missing");
    ResolvedImage out;
    out.image.reference = name;
    out.image.diff_ids = {oci::Digest::of(name + platform.str())};
    out.image.layers.resize(1);
    out.config.platform = platform;
    out.config.env = {"PATH=/bin"};
    out.config.cmd = std::vector<std::string>{"base"};
    out.config.on_build = on_build;
    return out;
  }
};

Graph graph_of(const std::string& text, const Request& r = request()) {
  FakeResolver resolver;
  return lower(dockerfile::parse(text), r, resolver);
}

size_t count_runs(const Graph& graph) {
  return static_cast<size_t>(std::count_if(graph.steps.begin(), graph.steps.end(), [](const Step& s) { return s.as<Run>(); }));
}

const Run& only_run(const Graph& graph) {
  for (const auto& step : graph.steps)
    if (const auto* run = step.as<Run>()) return *run;
  throw Error("no RUN");
}

std::string message_of(const std::string& text, const Request& r = request()) {
  try {
    graph_of(text, r);
  } catch (const Error& e) {
    return e.render();
  }
  return "no error";
}

TEST(Lower, OnlyWhatTheTargetNeedsIsThere) {
  const Graph graph = graph_of("FROM a AS one\nRUN one\nFROM b AS two\nRUN two\nFROM c\nCOPY --from=one /x /x\n");
  EXPECT_EQ(count_runs(graph), 1u);
}

TEST(Lower, StagesThatAreNotCachedAreNamedInAnyCasing) {
  Request r = request();
  r.no_cache_stages = {"ONE"};
  const Graph graph = graph_of("FROM a AS One\nRUN one\nFROM one AS two\nRUN two\n", r);
  std::vector<bool> no_cache;
  for (const auto& step : graph.steps)
    if (step.as<graph::Run>()) no_cache.push_back(step.no_cache);
  EXPECT_EQ(no_cache, (std::vector<bool>{true, false}));
}

TEST(Lower, StageOnTheBuildPlatformIsSharedByAllTargets) {
  const Graph graph = graph_of(
      "FROM --platform=$BUILDPLATFORM go AS build\nRUN make\nFROM debian\nCOPY --from=build /x /x\n",
      request("linux/amd64,linux/arm64"));
  EXPECT_EQ(count_runs(graph), 1u);
  ASSERT_EQ(graph.targets.size(), 2u);
  EXPECT_NE(graph.targets[0].files, graph.targets[1].files);
}

TEST(Lower, StepsDivergeWhereTargetarchIsDeclared) {
  const Graph graph = graph_of(
      "FROM --platform=$BUILDPLATFORM go AS build\nRUN fetch\nARG TARGETARCH\nRUN make $TARGETARCH\n"
      "FROM debian\nCOPY --from=build /x /x\n",
      request("linux/amd64,linux/arm64"));
  EXPECT_EQ(count_runs(graph), 3u);
  std::vector<std::string> names;
  for (const auto& step : graph.steps)
    if (step.name.contains("RUN")) names.push_back(step.name);
  EXPECT_EQ(names, (std::vector<std::string>{"[linux/amd64 build 2/3] RUN fetch",
                                             "[linux/amd64 build 3/3] RUN make $TARGETARCH",
                                             "[linux/amd64->arm64 build 3/3] RUN make $TARGETARCH"}));
}

TEST(Lower, ArgumentsComeFromFlagsThenDefaultsThenGlobals) {
  Request r = request();
  r.build_args = {{"B", "flag"}};
  const Graph graph = graph_of("ARG A=global\nFROM a\nARG A\nARG B=default\nARG C=c$A\nENV D=$B\nRUN x\n", r);
  const auto& env = only_run(graph).env;
  for (const char* want : {"A=global", "B=flag", "C=cglobal", "D=flag"})
    EXPECT_NE(std::find(env.begin(), env.end(), want), env.end()) << want;
}

TEST(Lower, EntrypointDropsTheCommandOfTheBase) {
  EXPECT_FALSE(graph_of("FROM a\nENTRYPOINT [\"x\"]\n").targets[0].config.cmd);
  EXPECT_TRUE(graph_of("FROM a\nCMD [\"y\"]\nENTRYPOINT [\"x\"]\n").targets[0].config.cmd);
  EXPECT_TRUE(graph_of("FROM a\n").targets[0].config.cmd);
}

TEST(Lower, HistoryIsSpelledAsBuildKitSpellsIt) {
  const Graph graph = graph_of(
      "FROM scratch\nARG A=1 B\nENV E=x\nRUN echo $A\nCOPY --chown=1 a b /d/\nWORKDIR w\nCMD [\"a\", \"b\"]\nEXPOSE 443 80/UDP\n"
      "HEALTHCHECK --interval=90s CMD x\n");
  std::vector<std::string> texts;
  for (const auto& h : graph.targets[0].config.history) texts.push_back(h.created_by + (h.empty_layer ? " -" : ""));
  EXPECT_EQ(texts, (std::vector<std::string>{
                       "ARG A=1 B -", "ENV E=x -", "RUN |2 A=1 B= /bin/sh -c echo $A # buildkit",
                       "COPY --chown=1 a b /d/ # buildkit", "WORKDIR /w", "CMD [\"a\" \"b\"] -", "EXPOSE [443/tcp 80/udp] -",
                       "HEALTHCHECK {Test:[CMD-SHELL x] Interval:1m30s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0} -"}));
  EXPECT_EQ(graph.targets[0].layers.size(), 3u);
}

TEST(Lower, OnbuildTriggersOfTheBaseRunFirstAndAreGone) {
  FakeResolver resolver;
  resolver.on_build = {"ENV T=1", "RUN trigger"};
  const Graph graph = lower(dockerfile::parse("FROM a\nRUN own\nONBUILD RUN later\n"), request(), resolver);
  EXPECT_EQ(count_runs(graph), 2u);
  EXPECT_EQ(graph.targets[0].config.on_build, std::vector<std::string>{"RUN later"});
  EXPECT_EQ(graph.targets[0].config.env_value("T"), "1");
}

TEST(Lower, ContextKnowsWhatIsRead) {
  const Graph graph = graph_of("FROM a\nCOPY go.mod /x/\nADD ./src/../lib /y/\nRUN --mount=type=bind,source=conf,target=/c x\n");
  ASSERT_EQ(graph.contexts.size(), 1u);
  EXPECT_EQ(graph.contexts[0].wanted, (std::set<std::string>{"conf", "go.mod", "lib"}));
}

TEST(Lower, MistakesNameTheirPlace) {
  EXPECT_NE(message_of("FROM a\nCOPY --from=5 /x /x\n").find("Dockerfile:2"), std::string::npos);
  EXPECT_NE(message_of("FROM a AS x\nCOPY --from=y /x /x\nFROM a AS y\nCOPY --from=x /x /x\n").find("circular"), std::string::npos);
  EXPECT_NE(message_of("FROM a AS x\nCOPY --from=x /x /x\n").find("itself"), std::string::npos);
  EXPECT_NE(message_of("FROM missing\n").find("base image missing"), std::string::npos);
  EXPECT_NE(message_of("ARG V\nFROM $V\n").find("empty"), std::string::npos);
  Request r = request();
  r.target = "bulid";
  EXPECT_NE(message_of("FROM a AS build\nFROM b AS release\n", r).find("did you mean --target build?"), std::string::npos)
      << message_of("FROM a AS build\nFROM b AS release\n", r);
  r = request();
  r.context_dir.clear();
  EXPECT_NE(message_of("FROM a\nCOPY x /\n", r).find("no build context"), std::string::npos);
  EXPECT_NE(message_of("FROM a\nRUN --network=host x\n").find("--allow network.host"), std::string::npos);
  EXPECT_NE(message_of("FROM a\nARG P=99999\nEXPOSE $P\n").find("invalid port 99999"), std::string::npos)
      << message_of("FROM a\nARG P=99999\nEXPOSE $P\n");
}

TEST(Lower, NamedContextsReplaceImagesAndStages) {
  Request r = request();
  r.named_contexts["base"] = {.dir = {}, .image = "other:1"};
  FakeResolver resolver;
  lower(dockerfile::parse("FROM base\n"), r, resolver);
  EXPECT_EQ(resolver.asked, std::vector<std::string>{"other:1 linux/amd64"});
}

TEST(Lower, ImagesAheadFollowTheReachableStages) {
  const auto file = dockerfile::parse("FROM x AS unused\nFROM a AS one\nFROM b\nCOPY --from=one / /\n");
  const auto images = images_ahead(file, request());
  ASSERT_EQ(images.size(), 2u);
  EXPECT_EQ(images[0].first, "a");
  EXPECT_EQ(images[1].first, "b");
}

TEST(Lower, TheLaterOneOfEnvAndArgCounts) {
  const Graph graph = graph_of(
      "FROM a AS base\nENV A=env\nARG A=arg\nARG B=arg\nENV B=env\nLABEL in=$A$B\nRUN x\n"
      "FROM base\nLABEL after=$A$B\n");
  const auto& config = graph.targets.at(0).config;
  EXPECT_EQ(config.labels.at("in"), "argenv");
  // A stage begins with the ENV of its parent.
  EXPECT_EQ(config.labels.at("after"), "envenv");
  const auto& env = only_run(graph).env;
  EXPECT_NE(std::find(env.begin(), env.end(), "A=arg"), env.end());
  EXPECT_EQ(std::find(env.begin(), env.end(), "A=env"), env.end());
}

TEST(Lower, DefaultsThatAreNotNeededAreNotExpanded) {
  Request r = request();
  r.build_args = {{"A", "given"}};
  EXPECT_EQ(graph_of("FROM a\nARG A=${B\nLABEL l=$A\n", r).targets.at(0).config.labels.at("l"), "given");
  EXPECT_EQ(graph_of("ARG A=1 B=$A\nFROM a\nARG B\nLABEL l=$B\n").targets.at(0).config.labels.at("l"), "1");
}

TEST(Lower, TargetStageIsTheNameOfTheLastOne) {
  const auto stage = [](const char* text) {
    return graph_of(text).targets.at(0).config.labels.at("l");
  };
  EXPECT_EQ(stage("FROM a AS one\nARG TARGETSTAGE\nLABEL l=$TARGETSTAGE\n"), "one");
  EXPECT_EQ(stage("FROM a\nARG TARGETSTAGE\nLABEL l=$TARGETSTAGE\n"), "default");
}

TEST(Lower, AMountsTypeIsExpanded) {
  const Graph graph = graph_of("FROM a\nARG T=cache\nRUN --mount=type=$T,target=/x true\n");
  EXPECT_EQ(only_run(graph).mounts.at(0).type, dockerfile::Mount::Type::Cache);
}

TEST(Lower, EveryIndependentMistakeIsListed) {
  const std::string shown = message_of(
      "FROM a AS one\n"
      "COPY --from=7 x y\n"
      "ENV A=${B\n"
      "EXPOSE 80/tpc 99999\n"
      "RUN --mount=taget=/x --mount=type=cach,target=/y true\n"
      "STOPSIGNAL SIGTREM\n"
      "FROM missing\n"
      "COPY --from=one x y\n"
      "RUN --network=host true\n"
      "ENV C=${D:?gone}\n");
  for (const char* text :
       {":2:6: there is no stage number 7", ":3:", ":4:8: invalid port 80/tpc", ":4:15: invalid port 99999",
        ":5:13: unexpected key \"taget\"", ":5:30: unsupported mount type \"cach\"", ":6:12: invalid signal",
        ":7:6: there is no image missing", ":9:1: RUN --network=host is not allowed"}) {
    EXPECT_NE(shown.find(text), shown.npos) << text << "\n" << shown;
  }
  // The base that is missing may have set D.
  EXPECT_EQ(shown.find("gone"), shown.npos) << shown;
}

TEST(Lower, AMistakeIsListedOnceForAllPlatforms) {
  const std::string shown = message_of("FROM a\nSTOPSIGNAL SIGTREM\n", request("linux/amd64,linux/arm64"));
  EXPECT_EQ(shown.find("invalid signal"), shown.rfind("invalid signal"));
}

TEST(Lower, MistakesOfABrokenFileAreFoundWithoutImages) {
  const auto parsed = dockerfile::try_parse(
      "FROM missing\nFOO bar\nEXPOSE x\nENV A=$UNKNOWN B=${UNKNOWN:?gone}\nFROM a b\nCOPY --from=9 x y\n", "F");
  EXPECT_EQ(parsed.mistakes.size(), 2u) << parsed.mistakes.front().render();
  const auto more = mistakes(parsed.file, request());
  std::string where;
  for (const auto& error : more) where += error.where() + " ";
  EXPECT_EQ(where, "F:6:6 ");
}

TEST(Lower, StagesThatAreNotBuiltMayHaveMistakes) {
  EXPECT_EQ(message_of("FROM a AS one\nEXPOSE x\nENV A=${B\nRUN --mount=bad=1 true\nFROM a\n"), "no error");
}

TEST(Lower, TheOutlineNamesWhatTheTargetTakes) {
  const auto file = dockerfile::parse(
      "ARG A=1\n"
      "# B is for base\n"
      "ARG B=$A UNUSED=1\n"
      "FROM a:$B AS one\n"
      "ARG C=3\n"
      "RUN --mount=type=secret,id=s true\n"
      "FROM a AS other\n"
      "ARG NOT_THIS\n"
      "# two is the last\n"
      "FROM a AS two\n"
      "ARG A\n"
      "COPY --from=one /x /x\n"
      "RUN --mount=type=ssh,required true\n");
  FakeResolver resolver;
  Survey survey;
  lower(file, request(), resolver, &survey);
  EXPECT_EQ(survey.outline.name, "two");
  EXPECT_EQ(survey.outline.doc, "is the last");
  std::string args;
  for (const auto& arg : survey.outline.args) args += arg.name + "=" + arg.value + "(" + arg.doc + ") ";
  EXPECT_EQ(args, "A=1() B=1(is for base) C=3() ");
  ASSERT_EQ(survey.outline.secrets.size(), 1u);
  EXPECT_EQ(survey.outline.secrets[0].id, "s");
  ASSERT_EQ(survey.outline.ssh.size(), 1u);
  EXPECT_TRUE(survey.outline.ssh[0].required);
}

}  // namespace
}  // namespace slipway::graph
