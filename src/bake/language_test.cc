#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bake/functions.h"
#include "bake/module.h"

namespace slipway::bake {
namespace {

using testing::HasSubstr;

std::optional<std::string> nothing(const std::string&) { return std::nullopt; }

/// The value of `x = EXPRESSION` as JSON, or what is wrong with it.
std::string eval(const std::string& expression, const std::string& more = {}) {
  std::vector<Document> documents;
  documents.push_back(parse_hcl("f.hcl", more + "\nx = " + expression + "\n"));
  Module module(std::move(documents), {}, nothing);
  const auto mistakes = module.check();
  if (!mistakes.empty()) return mistakes.front().render();
  return json_text(module.variable("x").value());
}

/// All mistakes of a file.
std::string mistakes(const std::string& text) {
  std::vector<Document> documents;
  documents.push_back(parse_hcl("f.hcl", text));
  Module module(std::move(documents), {}, nothing);
  std::string out;
  for (const auto& mistake : module.check()) out += mistake.render() + "\n";
  return out;
}

TEST(Expressions, OperatorsBindAsInHcl) {
  EXPECT_EQ(eval("1 + 2 * 3"), "7");
  EXPECT_EQ(eval("(1 + 2) * 3"), "9");
  EXPECT_EQ(eval("7 % 4 - 2"), "1");
  EXPECT_EQ(eval("1 < 2 && 2 >= 2 || false"), "true");
  EXPECT_EQ(eval("!true == false"), "true");
  EXPECT_EQ(eval("true ? 1 : false ? 2 : 3"), "1");
  EXPECT_EQ(eval("-2 + 5"), "3");
  EXPECT_EQ(eval("0.1"), "0.1");
}

TEST(Expressions, TemplatesKeepTheKindOfALoneValue) {
  EXPECT_EQ(eval("\"${1 + 1}\""), "2");
  EXPECT_EQ(eval("\"n${1 + 1}\""), "\"n2\"");
  EXPECT_EQ(eval("\"%{ if 1 == 1 }a%{ else }b%{ endif }\""), "\"a\"");
  EXPECT_EQ(eval("\"%{ for i, v in [\"x\", \"y\"] }${i}${v} %{ endfor }\""), "\"0x 1y \"");
  EXPECT_EQ(eval("\"$${a} %%{b}\""), "\"${a} %{b}\"");
  EXPECT_EQ(eval("\"\\u00e9\\U0001F600\""), "\"\xc3\xa9\xf0\x9f\x98\x80\"");
}

TEST(Expressions, HeredocsLoseTheirIndentation) {
  EXPECT_EQ(eval("<<-END\n    a\n\n      b ${1}\n    END"), "\"a\\n\\n  b 1\\n\"");
  EXPECT_EQ(eval("<<END\n  a\\n\nEND"), "\"  a\\\\n\\n\"");
}

TEST(Expressions, ForAndSplatGoThroughCollections) {
  EXPECT_EQ(eval("[for v in [1, 2, 3] : v * 2 if v != 2]"), "[2,6]");
  EXPECT_EQ(eval("{for k, v in {a = 1} : v => k}"), "{\"1\":\"a\"}");
  EXPECT_EQ(eval("{for v in [\"ab\", \"ac\"] : substr(v, 0, 1) => v...}"), "{\"a\":[\"ab\",\"ac\"]}");
  EXPECT_EQ(eval("[{a = 1}, {a = 2}][*].a"), "[1,2]");
  EXPECT_EQ(eval("[[1], [2]][*][0]"), "[1,2]");
  EXPECT_EQ(eval("null[*]"), "[]");
}

TEST(Expressions, SayWhereTheyAreWrong) {
  EXPECT_THAT(eval("\"a\" + 1"), HasSubstr("f.hcl:2:5: a number is needed here, and \"a\" is none"));
  EXPECT_THAT(eval("uper(\"a\")"), HasSubstr("did you mean upper?"));
  EXPECT_THAT(eval("upper()"), HasSubstr("upper takes 1 argument, and there are 0"));
  EXPECT_THAT(eval("[1, 2][5]"), HasSubstr("there is no item 5: the list has 2"));
  EXPECT_THAT(eval("{name = 1}.nam"), HasSubstr("did you mean name?"));
  EXPECT_THAT(eval("\"${null}x\""), HasSubstr("null cannot stand in a text"));
  EXPECT_THAT(eval("1 / 0"), HasSubstr("division by zero"));
  EXPECT_THAT(eval("x"), HasSubstr("the variable x is made of itself"));
  EXPECT_THAT(eval("1 +"), HasSubstr("the line ends where a value should be"));
  EXPECT_THAT(eval("'a'"), HasSubstr("strings stand in double quotes"));
  EXPECT_THAT(eval("\"abc"), HasSubstr("this string has no end"));
  EXPECT_THAT(eval("\"${\""), HasSubstr("f.hcl:2"));
  EXPECT_THAT(eval("\"%{if true}\""), HasSubstr("no %{endif}"));
}

TEST(Expressions, AreShownWithTheirLineAndACaret) {
  EXPECT_THAT(eval("concat([1], nope)"), HasSubstr("   2 | x = concat([1], nope)\n     |                 ^^^^"));
}

TEST(Expressions, NestOnlySoDeep) {
  EXPECT_THAT(eval(std::string(1000, '(') + "1" + std::string(1000, ')')), HasSubstr("nested deeper than"));
  EXPECT_THAT(eval(std::string(1000, '[')), HasSubstr("nested deeper than"));
  std::string sum = "1";
  for (int i = 0; i < 2000; ++i) sum += "+1";
  EXPECT_THAT(eval(sum), HasSubstr("operators in a row"));
}

TEST(Functions, OfAFileCallEachOther) {
  const std::string twice = "function \"twice\" {\n params = [a]\n result = \"${a}${a}\"\n}\n";
  EXPECT_EQ(eval("twice(twice(\"x\"))", twice), "\"xxxx\"");
  EXPECT_EQ(eval("all(\"a\", \"b\", \"c\")", "function \"all\" {\n params = [first]\n variadic_params = rest\n result = join(first, rest)\n}\n"),
            "\"bac\"");
  EXPECT_THAT(eval("twice()", twice), HasSubstr("twice takes 1 argument, and there are 0"));
  EXPECT_THAT(eval("f(1)", "function \"f\" {\n params = [a]\n result = f(a)\n}\n"), HasSubstr("without an end"));
}

TEST(Functions, ConvertAndTryTakeWhatCannotBeEvaluated) {
  EXPECT_EQ(eval("convert(\"1\", number)"), "1");
  EXPECT_EQ(eval("convert([1, \"2\"], list(string))"), "[\"1\",\"2\"]");
  EXPECT_EQ(eval("try([1][3], [1][2], \"none\")"), "\"none\"");
  EXPECT_EQ(eval("can(1 / 0)"), "false");
}

TEST(Versions, SatisfyConstraints) {
  const auto holds = [](const std::string& version, const std::string& constraint) {
    return eval("semvercmp(\"" + version + "\", \"" + constraint + "\")") == "true";
  };
  EXPECT_TRUE(holds("v1.2.3", ">= 1.2, < 2"));
  EXPECT_FALSE(holds("2.0.0", ">= 1.2, < 2"));
  EXPECT_FALSE(holds("1.3.0", "~1.2"));
  EXPECT_TRUE(holds("1.2.9", "~1.2"));
  EXPECT_TRUE(holds("1.9.0", "^1.2.3"));
  EXPECT_FALSE(holds("0.3.0", "^0.2.3"));
  EXPECT_TRUE(holds("3.1.0", "1.x || >=3.0.0"));
  EXPECT_FALSE(holds("2.0.0-rc.1", ">=1.0.0"));
  EXPECT_TRUE(holds("2.0.0-rc.2", ">=2.0.0-rc.1"));
  EXPECT_TRUE(holds("1.4.5", "1.2 - 1.4.5"));
  EXPECT_FALSE(holds("1.2.3", "!=1.2.3"));
  EXPECT_TRUE(holds("1.2.3", "*"));
}

TEST(Module, FindsAllIndependentMistakes) {
  const std::string text = mistakes("target \"a\" {\n  context = \n}\nvariable \"b\" {\n  defalt = 1\n}\nc = [1, 2\nd = }\n");
  EXPECT_THAT(text, HasSubstr("f.hcl:2:"));
  EXPECT_THAT(text, HasSubstr("f.hcl:8:"));
  EXPECT_THAT(mistakes("variable \"b\" {\n  defalt = 1\n}\ny = z\n"), HasSubstr("did you mean default?"));
  EXPECT_THAT(mistakes("targt \"b\" {\n}\n"), HasSubstr("did you mean target?"));
  EXPECT_THAT(mistakes("target {\n}\n"), HasSubstr("a target has one name"));
  EXPECT_THAT(mistakes("target \"a\" {\n  x = 1\n"), HasSubstr("this target block has no } at its end"));
}

TEST(Module, ChecksVariables) {
  const std::string port = "variable \"PORT\" {\n type = number\n default = 0\n validation {\n  condition = PORT > 0\n  error_message = \"PORT is too small\"\n }\n}\n";
  EXPECT_THAT(mistakes(port), HasSubstr("f.hcl:5:15: PORT is too small"));
  EXPECT_THAT(mistakes("variable \"A\" {\n type = list(sting)\n}\n"), HasSubstr("there is no type \"sting\""));
  EXPECT_THAT(mistakes("variable \"A\" {\n type = number\n default = \"x\"\n}\n"), HasSubstr("f.hcl:3:12: a number is needed here"));
}

TEST(Json, IsTheSameLanguage) {
  std::vector<Document> documents;
  documents.push_back(parse_json("f.json", R"({"variable": {"A": {"default": "x"}}, "b": "${upper(A)}-${1 + 1}", "c": [1, true, null]})"));
  Module module(std::move(documents), {}, nothing);
  EXPECT_TRUE(module.check().empty());
  EXPECT_EQ(json_text(*module.variable("b")), "\"X-2\"");
  EXPECT_EQ(json_text(*module.variable("c")), "[1,true,null]");
}

TEST(Json, MistakesHavePlaces) {
  EXPECT_THAT(parse_json("f.json", "{\n  \"a\": \"${\"\n}").mistakes.at(0).render(), HasSubstr("f.json:2:8"));
  EXPECT_THAT(parse_json("f.json", "{\n  \"a\": [1,\n}").mistakes.at(0).render(), HasSubstr("f.json:3"));
  EXPECT_FALSE(parse_json("f.json", "{a: 1}").mistakes.empty());
}

TEST(Functions, HaveDifferentNames) {
  auto names = function_names();
  const size_t count = names.size();
  std::ranges::sort(names);
  const auto rest = std::ranges::unique(names);
  EXPECT_TRUE(rest.empty());
  EXPECT_GE(count, 100u);
}

}  // namespace
}  // namespace slipway::bake
