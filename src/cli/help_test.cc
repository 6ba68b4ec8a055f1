#include "cli/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/io.h"
#include "os/process.h"

namespace slipway::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Help, NamesEveryVisibleFlagAndNoHiddenOne) {
  for (const Command& command : commands()) {
    const std::string text = help_text(command);
    for (const Flag& flag : command.flags) {
      const std::string spelled =
          "--" + std::string(flag.name) +
          (flag.value.empty()                 ? ""
           : flag.kind == Flag::Kind::Optional ? "[=" + std::string(flag.value) + "]"
                                         : " " + std::string(flag.value));
      EXPECT_EQ(text.contains(spelled + " ") || text.contains(spelled + "\n"), !flag.is_hidden)
          << command.name << " " << spelled;
    }
  }
}

TEST(Help, EveryFlagHasASentenceWithoutAFullStop) {
  for (const Command& command : commands()) {
    EXPECT_FALSE(command.summary.empty() || command.summary.ends_with('.')) << command.name;
    for (const Flag& flag : command.flags) {
      EXPECT_FALSE(flag.help.empty() || flag.help.ends_with('.')) << flag.name;
      EXPECT_EQ(flag.value.empty(), flag.kind == Flag::Kind::Bool) << flag.name;
      EXPECT_EQ(flag.choices.empty(), flag.complete != Complete::Choice) << flag.name;
    }
  }
}

TEST(Help, LinesAreNotWiderThanAsked) {
  for (const auto& line : split(help_text(*find_command("build"), 90), '\n'))
    EXPECT_LE(line.size(), 90u) << line;
}

TEST(Help, OneCommandReadsLikeThis) {
  EXPECT_EQ(help_text(*find_command("version")),
            "Usage: slipway version [OPTIONS]\n"
            "\n"
            "Print the version.\n"
            "\n"
            "Options:\n"
            "      --format table|json         Form of the output (default table)\n"
            "  -h, --help                      Print this text\n");
}

TEST(Help, TheOverviewListsEveryCommand) {
  for (const Command& command : commands())
    EXPECT_THAT(overview(), HasSubstr("  " + std::string(command.name) + " "));
}

TEST(Commands, AreFoundByNameAndAlias) {
  EXPECT_EQ(find_command("b"), find_command("build"));
  EXPECT_EQ(find_command("ls"), find_command("images"));
  EXPECT_EQ(find_command("nothing"), nullptr);
  EXPECT_EQ(find_command(""), nullptr);
}

/// What bash offers for the last of `words`.
std::vector<std::string> bash_offers(const std::vector<std::string>& words) {
  std::string script = completion_script("bash") + "COMP_WORDS=(slipway";
  for (const auto& word : words) script += " '" + word + "'";
  script += ")\nCOMP_CWORD=" + std::to_string(words.size()) +
            "\n_slipway\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
  const auto done =
      os::run({.argv = {"bash", "--norc", "-c", script}, .env = {}, .cwd = {}, .input = {}});
  EXPECT_EQ(done.errors, "");
  auto lines = split(done.output, '\n');
  std::erase(lines, "");
  return lines;
}

TEST(Completion, BashOffersCommandsFlagsAndChoices) {
  using ::testing::Contains;
  using ::testing::ElementsAre;
  using ::testing::IsSupersetOf;
  EXPECT_THAT(bash_offers({"b"}), ElementsAre("build", "bake"));
  EXPECT_THAT(bash_offers({"build", "--pla"}), ElementsAre("--platform"));
  EXPECT_THAT(bash_offers({"b", "--no"}), ElementsAre("--no-cache", "--no-cache-filter"));
  EXPECT_THAT(bash_offers({"build", "--progress", ""}), IsSupersetOf({"plain", "rawjson", "tty"}));
  EXPECT_THAT(bash_offers({"build", "-f", "/et"}), Contains("/etc"));
  EXPECT_THAT(bash_offers({"completion", "z"}), ElementsAre("zsh"));
}

TEST(Completion, EveryScriptHasEveryFlagAndThePlacesOfShells) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = completion_script(shell);
    for (const Command& command : commands())
      for (const Flag& flag : command.flags)
        EXPECT_TRUE(flag.is_hidden ||
                    script.contains((std::string_view(shell) == "fish" ? "-l " : "--") +
                                    std::string(flag.name)))
            << shell << " " << flag.name;
    EXPECT_THAT(script, Not(HasSubstr("force-rm"))) << shell;
    if (os::find_program(shell)) {
      const auto done =
          os::run({.argv = {shell, "-n", "/dev/stdin"}, .env = {}, .cwd = {}, .input = script});
      EXPECT_TRUE(done.ok()) << shell << ": " << done.errors;
    }
  }
  EXPECT_THROW(completion_script("tcsh"), Error);
}

TEST(ManPage, HasEveryCommandAndFlagAndNoLineThatIsARequestByChance) {
  const std::string page = man_page("1.2.3");
  for (const Command& command : commands()) {
    EXPECT_THAT(page, HasSubstr(".SS " + std::string(command.name)));
    for (const Flag& flag : command.flags) {
      std::string spelled;
      for (const char c : flag.name) spelled += c == '-' ? std::string("\\-") : std::string(1, c);
      EXPECT_TRUE(flag.is_hidden || page.contains("\\fB\\-\\-" + spelled + "\\fR")) << flag.name;
    }
  }
  for (const auto& line : split(page, '\n')) {
    if (!line.starts_with('.') && !line.starts_with('\'')) continue;
    EXPECT_THAT(
        (std::vector<std::string>{".TH", ".SH", ".SS", ".TP", ".B", ".br", ".PP", ".nf", ".fi"}),
        ::testing::Contains(line.substr(0, line.find(' '))))
        << line;
  }
}

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  EXPECT_EQ(render_table({{"NAME", "SIZE", "X"}, {"a", "10 MB", ""}, {"longer", "1 B", "y"}}, {1}),
            "NAME     SIZE  X\n"
            "a       10 MB\n"
            "longer    1 B  y\n");
}

}  // namespace
}  // namespace slipway::cli
