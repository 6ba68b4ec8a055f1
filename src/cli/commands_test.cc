// The commands that need no store, run with strings for streams.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "cli/handlers.h"
#include "json/json.h"

namespace slipway::cli {
namespace {

using ::testing::HasSubstr;

struct Session {
  std::string out, err, input;
  std::map<std::string, std::string> variables;

  /// The handler's exit code; an Error goes through.
  int operator()(int (*handler)(const ParsedArgs&, const Io&), const char* command,
                 std::vector<std::string> args) {
    const Io io = {.out = [this](std::string_view text) { out += text; },
                   .err = [this](std::string_view text) { err += text; },
                   .read_input = [this] { return input; },
                   .read_line = [this] { return input; },
                   .environment =
                       [this](const std::string& name) {
                         const auto found = variables.find(name);
                         return found == variables.end() ? std::nullopt
                                                         : std::optional(found->second);
                       }};
    return handler(parse_args(*find_command(command), args), io);
  }
};

TEST(Parse, PrintsInstructionsOneALine) {
  Session run;
  run.input = "FROM --platform=linux/arm64 debian:12 AS build\nRUN echo \"hi\" \\\n  there\n";
  EXPECT_EQ(run(parse_command, "parse", {"-"}), 0);
  EXPECT_EQ(std::count(run.out.begin(), run.out.end(), '\n'), 2) << run.out;
  EXPECT_THAT(run.out,
              HasSubstr("(from [\"--platform=linux/arm64\"] \"debian:12\" \"AS\" \"build\")"));
}

TEST(Parse, PrintsJsonAndADockerfileAgain) {
  Session run;
  run.input = "FROM debian:12\nENV A=1\n";
  EXPECT_EQ(run(parse_command, "parse", {"--format=json", "-"}), 0);
  EXPECT_TRUE(json::parse(run.out, "output").contains("stages"));
  run.out.clear();
  EXPECT_EQ(run(parse_command, "parse", {"--format=dockerfile", "-"}), 0);
  EXPECT_EQ(run.out, "FROM debian:12\nENV A=1\n");
}

TEST(Parse, MistakesAreErrorsWithTheirPlace) {
  Session run;
  run.input = "FROM debian:12\nRUNN make\n";
  try {
    run(parse_command, "parse", {"--format", "json", "-"});
    FAIL() << run.out;
  } catch (const Error& e) {
    EXPECT_THAT(e.render(), HasSubstr("Dockerfile:2:1"));
  }
  EXPECT_THROW(run(parse_command, "parse", {"--format", "yaml", "-"}), Error);
  EXPECT_THROW(run(parse_command, "parse", {"/nowhere/Dockerfile"}), Error);
}

TEST(Expand, ReplacesVariablesOfFlagsAndEnvironmentOnly) {
  Session run;
  run.variables = {{"SET", "here"}, {"HIDDEN", "no"}};
  EXPECT_EQ(run(expand_command, "expand",
                {"--env", "A=1.2.3", "-e", "SET", "--", "${A%.*}-$SET-$HIDDEN-'$A'"}),
            0);
  EXPECT_EQ(run.out, "1.2-here--$A\n");
}

TEST(Expand, SplitsWordsOneALine) {
  Session run;
  EXPECT_EQ(run(expand_command, "expand", {"--words", "--env=A=b c", "--", "a $A 'd e'"}), 0);
  EXPECT_EQ(run.out, "a\nb\nc\nd e\n");
}

TEST(Expand, MistakesPointAtTheirByte) {
  Session run;
  try {
    run(expand_command, "expand", {"--", "a${b"});
    FAIL() << run.out;
  } catch (const Error& e) {
    EXPECT_THAT(e.render(), HasSubstr("  a${b\n"));
    EXPECT_THAT(e.render(), HasSubstr("^"));
  }
  EXPECT_THROW(run(expand_command, "expand", {"--env", "=x", "--", "a"}), Error);
  EXPECT_THROW(run(expand_command, "expand", {"--escape", "x", "--", "a"}), Error);
}

TEST(Version, IsOneLineOrARecord) {
  Session run;
  EXPECT_EQ(run(version_command, "version", {}), 0);
  EXPECT_TRUE(run.out.starts_with("slipway ") && run.out.ends_with("\n"));
  run.out.clear();
  EXPECT_EQ(run(version_command, "version", {"--format", "json"}), 0);
  EXPECT_TRUE(json::parse(run.out, "output").contains("version"));
}

TEST(PrintError, IsRedOnATerminalOnly) {
  std::string text;
  Io io;
  io.err = [&](std::string_view some) { text += some; };
  io.environment = [](const std::string&) { return std::nullopt; };
  print_error(io, "no such file");
  EXPECT_EQ(std::exchange(text, ""), "slipway: error: no such file\n");
  io.err_is_terminal = true;
  print_error(io, "no such file");
  EXPECT_EQ(std::exchange(text, ""), "\x1b[31mslipway: error:\x1b[0m no such file\n");
  print_error(io, "it said:\n\x1b[2J\x1b[32mno\x1b[0m");
  EXPECT_EQ(std::exchange(text, ""),
            "\x1b[31mslipway: error:\x1b[0m it said:\n\x1b[32mno\x1b[0m\x1b[0m\n");
  io.environment = [](const std::string&) { return std::optional<std::string>("1"); };
  print_error(io, "no such file");
  EXPECT_EQ(text, "slipway: error: no such file\n");
}

}  // namespace
}  // namespace slipway::cli
