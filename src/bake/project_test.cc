#include "bake/project.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bake/compose.h"
#include "bake/print.h"

namespace slipway::bake {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::optional<std::string> nothing(const std::string&) { return std::nullopt; }

Project loaded(const std::vector<Text>& files) {
  return load(files, {.builtins = {{"BAKE_CMD_CONTEXT", "cwd://"}}, .overrides = nothing, .compose_variables = nothing});
}

Target target(const std::string& hcl, const std::string& name = "default", const std::vector<std::string>& overrides = {}) {
  return resolve(loaded({{"docker-bake.hcl", hcl}}), {name}, overrides, nothing).targets.at(name);
}

/// What is wrong with the files, or with what is asked of them.
std::string mistakes(const std::vector<Text>& files, const std::vector<std::string>& names = {}, const std::vector<std::string>& overrides = {}) {
  try {
    resolve(loaded(files), names, overrides, nothing);
  } catch (const Error& error) {
    return error.render();
  }
  return "nothing";
}

TEST(Targets, InheritAndOverride) {
  const std::string hcl =
      "target \"base\" {\n tags = [\"base\"]\n args = {A = 1, B = 1}\n secret = [\"id=s,env=X\"]\n}\n"
      "target \"default\" {\n inherits = [\"base\"]\n args = {B = 2}\n secret = [\"id=s,src=f\", \"id=t\"]\n}\n";
  const Target got = target(hcl);
  EXPECT_THAT(*got.tags, ElementsAre("base"));
  EXPECT_EQ(got.args, (Pairs{{"A", "1"}, {"B", "2"}}));
  EXPECT_THAT(*got.secrets, ElementsAre(Entry{{"id", "s"}, {"src", "f"}}, Entry{{"id", "t"}}));
  EXPECT_EQ(got.context, ".");
}

TEST(Targets, WithAMatrixAreOneForEachElement) {
  const Project project = loaded({{"f.hcl", "target \"app\" {\n name = \"app-${v}\"\n matrix = {v = [\"a\", \"b\"]}\n tags = [v]\n}\n"}});
  const Plan plan = resolve(project, {"app"}, {}, nothing);
  EXPECT_EQ(plan.targets.size(), 2u);
  EXPECT_THAT(*plan.targets.at("app-b").tags, ElementsAre("b"));
}

TEST(Targets, MadeOfOthersBringThemAlong) {
  const std::string hcl = "target \"base\" {\n}\ntarget \"default\" {\n contexts = {x = \"target:base\"}\n}\n";
  const Plan plan = resolve(loaded({{"f.hcl", hcl}}), {}, {}, nothing);
  EXPECT_TRUE(plan.targets.at("base").is_linked);
  EXPECT_EQ(plan.targets.at("base").outputs->front().at("type"), "cacheonly");
  EXPECT_THAT(mistakes({{"f.hcl", "target \"a\" {\n contexts = {x = \"target:b\"}\n}\ntarget \"b\" {\n contexts = {x = \"target:a\"}\n}\n"}}, {"a"}),
              HasSubstr("targets use each other in a circle: a -> b -> a"));
}

TEST(Targets, ThatAreWrongSayWhere) {
  EXPECT_THAT(mistakes({{"f.hcl", "target \"default\" {\n  contxt = \".\"\n  tags = \"x\"\n  no-cache = \"maybe\"\n}\n"}}),
              testing::AllOf(HasSubstr("f.hcl:2:3"), HasSubstr("did you mean context?"), HasSubstr("f.hcl:3:10"), HasSubstr("f.hcl:4:14")));
  EXPECT_THAT(mistakes({{"f.hcl", "target \"app\" {\n}\n"}}, {"ap"}), HasSubstr("did you mean app?"));
  EXPECT_THAT(mistakes({{"f.hcl", "target \"app\" {\n inherits = [\"bse\"]\n}\ntarget \"base\" {\n}\n"}}, {"app"}), HasSubstr("did you mean base?"));
  EXPECT_THAT(mistakes({{"f.hcl", "target \"a b\" {\n}\n"}}), HasSubstr("cannot be the name of a target"));
  EXPECT_THAT(mistakes({{"f.hcl", "target \"a\" {\n matrix = {v = [1, 2]}\n}\n"}}), HasSubstr("two elements of the matrix are called \"a\""));
}

TEST(Overrides, ReachWhatThePatternNames) {
  const std::string hcl = "target \"default\" {\n tags = [\"a\"]\n output = [\"type=image\"]\n secret = [\"id=s,env=S\"]\n}\n";
  EXPECT_THAT(*target(hcl, "default", {"def*.tags=x", "def*.tags=y"}).tags, ElementsAre("x", "y"));
  EXPECT_THAT(*target(hcl, "default", {"*.tags+=x"}).tags, ElementsAre("a", "x"));
  EXPECT_EQ(target(hcl, "default", {"*.push=true"}).outputs->front().at("push"), "true");
  EXPECT_EQ(target(hcl, "default", {"*.secret.s=src=f"}).secrets->front().at("src"), "f");
  EXPECT_EQ(target(hcl, "default", {"*.args.A=b=c"}).args.at("A"), "b=c");
  const std::vector<Text> files = {{"f.hcl", hcl}};
  EXPECT_THAT(mistakes(files, {}, {"*.tag=x"}), HasSubstr("did you mean tags?"));
  EXPECT_THAT(mistakes(files, {}, {"defaul.tags=x"}), HasSubstr("did you mean default?"));
  EXPECT_THAT(mistakes(files, {}, {"*.args=x"}), HasSubstr("args needs a name"));
  EXPECT_THAT(mistakes(files, {}, {"tags=x"}), HasSubstr("names no key of a target"));
  EXPECT_THAT(mistakes(files, {}, {"*.secret.t=src=f"}), HasSubstr("has no secret \"t\""));
}

TEST(Patterns, MatchAsInShells) {
  EXPECT_TRUE(matches("a*", "abc"));
  EXPECT_TRUE(matches("[a-c]?", "bz"));
  EXPECT_FALSE(matches("[^a]*", "abc"));
  EXPECT_FALSE(matches("a", "ab"));
}

TEST(Compose, VariablesHaveDefaults) {
  const Overrides variables = [](const std::string& name) -> std::optional<std::string> {
    if (name == "SET") return "v";
    if (name == "NONE") return "";
    return std::nullopt;
  };
  EXPECT_EQ(interpolated("$SET ${SET} ${NONE:-d} ${NONE-d}|${X:-a${SET}} $$SET ${SET:+y}${X:+z}", variables), "v v d |av $SET y");
  EXPECT_THROW(interpolated("${X:?is needed}", variables), Error);
  EXPECT_THROW(interpolated("${X", variables), Error);
}

TEST(Compose, DotenvHasQuotesAndComments) {
  const Text file{".env", "# c\nA=1\nexport B=\"two ${A}\\n\"\nC='$A' # x\nD=x # y\n\nE=\n"};
  const auto got = parse_dotenv(file, nothing);
  EXPECT_EQ(got.at("B"), "two 1\n");
  EXPECT_EQ(got.at("C"), "$A");
  EXPECT_EQ(got.at("D"), "x");
  EXPECT_EQ(got.at("E"), "");
}

TEST(Compose, MistakesAreAllSaidWithPlaces) {
  const std::string text = "services:\n  a:\n    build:\n      contxt: .\n      args: 5\n  b:\n    build:\n      secrets: [s]\n";
  EXPECT_THAT(mistakes({{"compose.yaml", text}}), testing::AllOf(HasSubstr("compose.yaml:4"), HasSubstr("did you mean context?"),
                                                                 HasSubstr("compose.yaml:5"), HasSubstr("compose.yaml:8")));
}

TEST(Compose, FilesAddToEachOther) {
  const Project project = loaded({{"compose.yaml", "services:\n  a:\n    build:\n      context: one\n      args: [A=1]\n      tags: [x]\n"},
                                  {"more.yaml", "services:\n  a:\n    build:\n      args: [B=2]\n      tags: [y]\n"}});
  const Target got = resolve(project, {}, {}, nothing).targets.at("a");
  EXPECT_EQ(got.context, "one");
  EXPECT_EQ(got.args, (Pairs{{"A", "1"}, {"B", "2"}}));
  EXPECT_THAT(*got.tags, ElementsAre("x", "y"));
}

TEST(Printing, NamesWhatDiffers) {
  const Target a = target("target \"default\" {\n args = {A = 1}\n tags = [\"x\"]\n}\n");
  const Target b = target("target \"default\" {\n args = {A = 2}\n tags = [\"x\"]\n pull = true\n description = \"d\"\n}\n");
  EXPECT_THAT(differences(a, b), ElementsAre("args", "pull"));
}

TEST(Printing, ListsTargetsAndVariables) {
  const Project project = loaded({{"f.hcl", "variable \"A\" {\n type = list(string)\n default = [\"x\"]\n description = \"d\"\n}\ntarget \"t\" {\n}\ntarget \"_p\" {\n}\ngroup \"g\" {\n targets = [\"t\"]\n}\n"}});
  EXPECT_EQ(list_variables(project, false), "VARIABLE\tTYPE\t\tVALUE\tDESCRIPTION\nA\t\tlist of string\t[\"x\"]\td\n");
  EXPECT_EQ(list_targets(project, false), "TARGET\tDESCRIPTION\ng\tt\nt\t\n");
}

}  // namespace
}  // namespace slipway::bake
