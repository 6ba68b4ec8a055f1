#include "yaml/yaml.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace slipway::yaml {
namespace {

std::string error_of(std::string_view text) {
  try {
    parse(text, "f.yaml");
  } catch (const Error& error) {
    return error.render();
  }
  return {};
}

TEST(Yaml, NodesKnowTheirBytes) {
  const std::string_view text = "a: é\nb:\n  - 'x y'\n  - {c: d}\n";
  const Document document = parse(text, "f");
  const Node* a = find(document.root(), "a");
  EXPECT_EQ(text.substr(a->begin, a->end - a->begin), "é");
  const Node* b = find(document.root(), "b");
  ASSERT_EQ(b->items.size(), 2u);
  EXPECT_EQ(b->items[0]->text, "x y");
  EXPECT_EQ(text.substr(b->items[0]->begin, b->items[0]->end - b->items[0]->begin), "'x y'");
  EXPECT_EQ(string_or(*b->items[1], "c"), "d");
}

TEST(Yaml, AByteOrderMarkDoesNotShiftPlaces) {
  const std::string_view text =
      "\xef\xbb\xbf"
      "a: b";
  const Document document = parse(text, "f");
  const Node* a = find(document.root(), "a");
  EXPECT_EQ(text.substr(a->begin, a->end - a->begin), "b");
}

TEST(Yaml, ScalarsStayText) {
  const Document document = parse("a: no\nb: 1.10\nc: |\n  x\n  y\n", "f");
  EXPECT_EQ(string_or(document.root(), "a"), "no");
  EXPECT_EQ(string_or(document.root(), "b"), "1.10");
  EXPECT_EQ(string_or(document.root(), "c"), "x\ny\n");
}

TEST(Yaml, MergeKeysCountAndOwnKeysGoFirst) {
  const Document document = parse("base: &b {x: 1, y: 2}\nown:\n  <<: *b\n  y: 3\n", "f");
  const Node* own = find(document.root(), "own");
  EXPECT_EQ(string_or(*own, "x"), "1");
  EXPECT_EQ(string_or(*own, "y"), "3");
  EXPECT_EQ(find_path(document.root(), {"own", "x"})->text, "1");
  EXPECT_EQ(find_path(document.root(), {"own", "z", "q"}), nullptr);
}

TEST(Yaml, AnEmptyFileIsAnEmptyScalar) {
  EXPECT_TRUE(parse("", "f").root().is_scalar());
  EXPECT_TRUE(parse("# nothing\n", "f").root().text.empty());
}

TEST(Yaml, MistakesPointAtTheirPlace) {
  EXPECT_NE(error_of("a: [1\nb: 2").find("f.yaml:2:"), std::string::npos);
  EXPECT_NE(error_of("a: 1\na: 2").find("f.yaml:2:1: the key a is there twice"), std::string::npos);
  EXPECT_NE(error_of("a: *x").find("f.yaml:1:4: *x names no anchor"), std::string::npos);
  EXPECT_NE(error_of("a: &x [*x]").find("inside of itself"), std::string::npos);
  EXPECT_NE(error_of("a\n---\nb").find("more than one document"), std::string::npos);
  EXPECT_NE(error_of(std::string(300, '[')).find("nested deeper than 200"), std::string::npos);
}

TEST(Yaml, AliasesDoNotGrowADocument) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 60; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before +
            "]\n";
  }
  EXPECT_EQ(find(parse(text, "f").root(), "a59")->items.size(), 2u);
}

}  // namespace
}  // namespace slipway::yaml
