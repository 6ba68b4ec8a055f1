// Compat 5.2: `# key=value` at the top of a file.
#include <gtest/gtest.h>

#include "base/error.h"
#include "dockerfile/parse.h"

namespace slipway::dockerfile {
namespace {

TEST(Directives, SyntaxIsFoundInAllItsForms) {
  const std::pair<const char*, const char*> cases[] = {
      {"# syntax=docker/dockerfile:1\nFROM a", "docker/dockerfile:1"},
      {"#syntax = a/b:c  \r\nFROM a", "a/b:c"},
      {"# SYNTAX=a\n# escape=`\n", "a"},
      {"# escape=`\n#check=skip=all\n#  Syntax\t=\ta b c\n", "a"},
      {"\xef\xbb\xbf# syntax=a\n", "a"},
      {"#!/usr/bin/env x\n# syntax=a\n", "a"},
      {"// syntax=a\nwhatever", "a"},
      {"#!x\n// syntax = a\n", "a"},
      {"{\"x\": [1], \"syntax\": \"a/b\"}", "a/b"},
      {"FROM a\n# syntax=a\n", nullptr},
      {"# a comment\n# syntax=a\n", nullptr},
      {"\n# syntax=a\n", nullptr},
      {"# unknown=x\n# syntax=a\n", nullptr},
      {"# syntax=\n", nullptr},
      {"# syntax a\n", nullptr},
      {"{\"syntax\": 1}", nullptr},
      {"{\"syntax\": \"a\"", nullptr},
      {"", nullptr},
      {"#!", nullptr},
  };
  for (const auto& [text, expected] : cases) {
    const auto directives = detect_directives(text);
    EXPECT_EQ(directives.syntax.value_or("none"), expected ? expected : "none") << text;
  }
}

TEST(Directives, TheFrontendForDockerfilesIsKnownByItsRepository) {
  for (const char* image :
       {"docker/dockerfile", "docker/dockerfile:1", "docker/dockerfile:1.7-labs",
        "docker.io/docker/dockerfile:1", "docker/dockerfile-upstream:master",
        "mirror.example:5000/hub/docker/dockerfile:1@sha256:00", "dockerfile.v0"})
    EXPECT_TRUE(is_dockerfile_frontend(image)) << image;
  for (const char* image : {"", "dockerfile", "other/dockerfile:1", "notdocker/dockerfile",
                            "docker/dockerfile-x:1", "docker/dockerfile/x", "host:5000/a"})
    EXPECT_FALSE(is_dockerfile_frontend(image)) << image;
}

TEST(Directives, CheckKeepsItsWholeValueAndLine) {
  const auto file = parse("# escape=`\n# check=skip=A,B; error=true\nFROM a");
  EXPECT_EQ(file.directives.check, "skip=A,B; error=true");
  EXPECT_EQ(file.directives.check_line, 2);
  EXPECT_EQ(file.directives.escape, '`');
}

std::string message(std::string_view text) {
  try {
    parse(text);
  } catch (const Error& error) {
    return error.where() + " " + error.message();
  }
  return "";
}

TEST(Directives, MistakesAreErrors) {
  EXPECT_EQ(message("# escape=x\nFROM a"), "Dockerfile:1:1 invalid escape token \"x\"");
  EXPECT_EQ(message("# escape=\\\\\nFROM a"), "Dockerfile:1:1 invalid escape token \"\\\\\\\\\"");
  EXPECT_EQ(message("# escape=`\n# ESCAPE=`\nFROM a"),
            "Dockerfile:2:1 only one escape parser directive can be used");
  EXPECT_EQ(message("# syntax=a\n# syntax=b\nFROM a"),
            "Dockerfile:2:1 only one syntax parser directive can be used");
  // Behind the first line that is none, they are comments.
  EXPECT_EQ(message("# escape=`\n#\n# escape=x\nFROM a"), "");
}

}  // namespace
}  // namespace slipway::dockerfile
