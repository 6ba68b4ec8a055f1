// Contexts, named contexts, repositories and downloads in the graph.
#include <gtest/gtest.h>

#include "base/error.h"
#include "dockerfile/parse.h"
#include "graph/graph_fixture.h"
#include "graph/lower.h"

namespace slipway::graph {
namespace {

Graph graph_of(const std::string& text, const Request& r = request()) {
  AnyImage resolver;
  return lower(dockerfile::parse(text), r, resolver);
}

template <class T>
std::vector<const T*> all(const Graph& graph) {
  std::vector<const T*> out;
  for (const auto& step : graph.steps)
    if (const auto* op = step.as<T>()) out.push_back(op);
  return out;
}

std::string message_of(const std::string& text, const Request& r = request()) {
  try {
    graph_of(text, r);
  } catch (const Error& e) {
    return e.render();
  }
  return "";
}

TEST(Sources, AddOfARepositoryIsACheckout) {
  const Graph graph = graph_of("FROM scratch\nADD --keep-git-dir=true https://h/r.git#main:sub /d/\n");
  const auto checkouts = all<GitCheckout>(graph);
  ASSERT_EQ(checkouts.size(), 1u);
  EXPECT_EQ(checkouts[0]->url.remote, "https://h/r.git");
  EXPECT_EQ(checkouts[0]->url.ref, "main");
  EXPECT_EQ(checkouts[0]->url.subdir, "sub");
  EXPECT_TRUE(checkouts[0]->keep_git_dir);
  EXPECT_EQ(all<Copy>(graph)[0]->sources[0].path, "");
}

TEST(Sources, EqualSourcesAreOneStep) {
  const Graph graph = graph_of(
      "FROM scratch AS a\nADD https://h/r.git /1/\nADD https://h/f /2/\nFROM a\nADD https://h/r.git /3/\n"
      "ADD https://h/f /4/\nADD https://h/r.git#x /5/\nADD --keep-git-dir https://h/r.git /6/\n");
  EXPECT_EQ(all<GitCheckout>(graph).size(), 3u);
  EXPECT_EQ(all<Download>(graph).size(), 1u);
}

TEST(Sources, AChecksumIsACommitForARepository) {
  const Graph graph = graph_of("FROM scratch\nADD --checksum=abc123 https://h/r.git /\n");
  EXPECT_EQ(all<GitCheckout>(graph)[0]->url.checksum, "abc123");
  EXPECT_NE(message_of("FROM scratch\nADD --checksum=sha256:12 https://h/r.git /\n").find("is not a commit"), std::string::npos);
  EXPECT_NE(message_of("FROM scratch\nADD --checksum=abc https://h/r.git?commit=def /\n").find("different commits"),
            std::string::npos);
  EXPECT_NE(message_of("FROM scratch\nADD --checksum=abc file /\n").find("exactly one source"), std::string::npos);
}

TEST(Sources, AUrlAndAFlagMustAgreeOnTheGitDirectory) {
  EXPECT_NE(message_of("FROM scratch\nADD --keep-git-dir=false https://h/r.git?keep-git-dir=1 /\n").find("contradict"),
            std::string::npos);
  const Graph graph = graph_of("FROM scratch\nADD https://h/r.git?keep-git-dir=1 /\n");
  EXPECT_TRUE(all<GitCheckout>(graph)[0]->keep_git_dir);
}

TEST(Sources, APathLikeGithubIsAPathForAdd) {
  EXPECT_TRUE(all<GitCheckout>(graph_of("FROM scratch\nADD github.com/a/b /\n")).empty());
}

TEST(Sources, MistakesPointAtTheSource) {
  EXPECT_NE(message_of("FROM scratch\nADD https://h/r.git?depth=1 /\n").find("Dockerfile:2:5"), std::string::npos);
}

TEST(Sources, EachSourceDecidesForItselfWhetherItIsUnpacked) {
  const Graph graph = graph_of("FROM scratch\nADD a.tar https://h/b.tar https://h/c.git /d/\n");
  const auto& sources = all<Copy>(graph)[0]->sources;
  EXPECT_TRUE(sources[0].unpack);
  EXPECT_FALSE(sources[1].unpack);
  EXPECT_FALSE(sources[2].unpack);
  const Graph asked = graph_of("FROM scratch\nADD --unpack https://h/b.tar /d/\n");
  EXPECT_TRUE(all<Copy>(asked)[0]->sources[0].unpack);
  const Graph refused = graph_of("FROM scratch\nADD --unpack=false a.tar /d/\n");
  EXPECT_FALSE(all<Copy>(refused)[0]->sources[0].unpack);
}

TEST(Sources, AContextFromElsewhereIsASnapshot) {
  Request r = request();
  r.context_dir.clear();
  r.context_snapshot = "git:c";
  r.context_name = "https://h/r.git";
  const Graph graph = graph_of("FROM scratch\nCOPY a /\nRUN --mount=target=/m true\n", r);
  ASSERT_EQ(all<Snapshot>(graph).size(), 1u);
  EXPECT_EQ(all<Snapshot>(graph)[0]->id, "git:c");
  EXPECT_TRUE(graph.contexts.empty());
}

TEST(Sources, ANamedContextReplacesAWholeStage) {
  Request r = request();
  r.named_contexts["build"].dir = "/other";
  const Graph graph = graph_of("FROM base AS build\nRUN false\nFROM scratch\nCOPY --from=build . /\n", r);
  EXPECT_TRUE(all<graph::Run>(graph).empty());
  EXPECT_TRUE(all<BaseImage>(graph).empty());
  EXPECT_EQ(graph.contexts.at(0).dir, "/other");
}

TEST(Sources, ANamedContextReplacesAnImageHoweverThatIsSpelled) {
  Request r = request();
  r.named_contexts["alpine"].git = dockerfile::parse_git_url("https://h/r.git");
  for (const char* name : {"alpine", "alpine:latest", "docker.io/library/alpine", "index.docker.io/library/alpine:latest"}) {
    EXPECT_EQ(all<GitCheckout>(graph_of(std::string("FROM ") + name + "\nRUN true\n", r)).size(), 1u) << name;
    EXPECT_EQ(all<GitCheckout>(graph_of(std::string("FROM scratch\nCOPY --from=") + name + " . /\n", r)).size(), 1u) << name;
  }
  EXPECT_TRUE(all<GitCheckout>(graph_of("FROM alpine:3\n", r)).empty());
}

TEST(Sources, ANamedContextMayBeForOnePlatform) {
  Request r = request("linux/amd64,linux/arm64");
  r.named_contexts["base::linux/arm64"].image = "for-arm";
  AnyImage resolver;
  lower(dockerfile::parse("FROM base\nRUN true\n"), r, resolver);
  EXPECT_EQ(resolver.asked, (std::vector<std::string>{"base", "for-arm"}));
}

TEST(Sources, ANamedContextMayBeOneFileOrNothing) {
  Request r = request();
  r.named_contexts["file"].url = "https://h/x.tar";
  r.named_contexts["none"].image = "scratch";
  const Graph graph = graph_of("FROM none\nCOPY --from=file context /\n", r);
  ASSERT_EQ(all<Download>(graph).size(), 1u);
  EXPECT_EQ(all<Download>(graph)[0]->name, "context");
  EXPECT_TRUE(all<BaseImage>(graph).empty());
}

}  // namespace
}  // namespace slipway::graph
