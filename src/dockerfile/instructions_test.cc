// Compat 5.5 row by row: what each instruction's flags and forms mean, and which of them are
// mistakes.
#include "dockerfile/instructions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "dockerfile/parse.h"

namespace slipway::dockerfile {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

template <class T>
T read(std::string_view text) {
  return std::get<T>(parse_one(text, "F").body);
}

// "message (hint)" of the first mistake, or "" if there is none.
std::string mistake(std::string_view text) {
  try {
    parse_one(text, "F");
  } catch (const Error& error) {
    return error.message() + (error.hint().empty() ? "" : " (" + error.hint() + ")");
  }
  return "";
}

TEST(Instructions, FromHasImagePlatformAndName) {
  const auto plain = read<From>("FROM debian:12");
  EXPECT_EQ(plain.image, "debian:12");
  EXPECT_EQ(plain.name, "");
  const auto full = read<From>("from --platform=$BUILDPLATFORM a/b@sha256:x as My-Stage_1.x");
  EXPECT_EQ(full.platform, "$BUILDPLATFORM");
  EXPECT_EQ(full.image, "a/b@sha256:x");
  EXPECT_EQ(full.name, "my-stage_1.x");
  EXPECT_EQ(full.as_written, "My-Stage_1.x");
  EXPECT_EQ(full.as_keyword, "as");
  EXPECT_EQ(mistake("FROM"),
            "FROM requires either one or three arguments (write FROM image or FROM image AS name)");
  EXPECT_EQ(mistake("FROM a b"),
            "FROM requires either one or three arguments (did you mean FROM a AS b?)");
  EXPECT_EQ(mistake("FROM a to b"),
            "FROM requires either one or three arguments (the second word must be AS)");
  for (const char* name : {"1a", "-a", "a/b", "a:b", "_", "\xc3\xa9", "$x"})
    EXPECT_EQ(mistake(std::string("FROM a AS ") + name).substr(0, 28),
              "invalid name for build stage")
        << name;
}

TEST(Instructions, RunHasThreeForms) {
  const auto shell = read<dockerfile::Run>("RUN echo  \"a\" [\"b\"]").command;
  EXPECT_EQ(shell.form, Command::Form::Shell);
  EXPECT_EQ(shell_text(shell), "echo  \"a\" [\"b\"]");
  const auto exec = read<dockerfile::Run>("RUN [\"a\", \"b c\"]").command;
  EXPECT_EQ(exec.form, Command::Form::Exec);
  EXPECT_THAT(exec.args, ElementsAre("a", "b c"));
  const auto script = read<dockerfile::Run>("RUN <<-E\n\ta\n\t\tb $c\nE\n").command;
  EXPECT_EQ(script.form, Command::Form::Script);
  EXPECT_EQ(shell_text(script), "a\nb $c\n");
  EXPECT_FALSE(is_executable_script(script));
  EXPECT_TRUE(
      is_executable_script(read<dockerfile::Run>("RUN <<E\n#!/usr/bin/env python3\nE").command));
  // Anything more than the one word is a heredoc for the shell.
  const auto mixed = read<dockerfile::Run>("RUN <<-A cat - <<'B'\n\ta\nA\nb\nB\n").command;
  EXPECT_EQ(mixed.form, Command::Form::Shell);
  EXPECT_EQ(shell_text(mixed), "<<-A cat - <<'B'\n\ta\nA\nb\nB");
  EXPECT_FALSE(is_executable_script(mixed));
  EXPECT_EQ(shell_text(read<dockerfile::Run>("RUN").command), "");
}

TEST(Instructions, RunFlags) {
  const auto plain = read<dockerfile::Run>("RUN a");
  EXPECT_EQ(plain.network, "default");
  EXPECT_EQ(plain.security, "sandbox");
  const auto run = read<dockerfile::Run>(
      "RUN --network=none --security=insecure --mount=type=tmpfs,target=/a --mount=target=/b "
      "--device=v/c=d,required "
      "--device=name=e a");
  EXPECT_EQ(run.network, "none");
  EXPECT_EQ(run.security, "insecure");
  ASSERT_THAT(run.mounts, SizeIs(2));
  EXPECT_EQ(run.mounts[0].text, "type=tmpfs,target=/a");
  ASSERT_THAT(run.devices, SizeIs(2));
  EXPECT_EQ(run.devices[0].name, "v/c=d");
  EXPECT_TRUE(run.devices[0].required);
  EXPECT_EQ(run.devices[1].name, "e");
  EXPECT_EQ(mistake("RUN --network=hots a"),
            "invalid network mode \"hots\" (one of: default, none, host)");
  EXPECT_EQ(mistake("RUN --security=x a"),
            "invalid security mode \"x\" (one of: sandbox, insecure)");
  EXPECT_EQ(mistake("RUN --moutn=a b"), "unknown flag: --moutn (did you mean --mount?)");
  EXPECT_EQ(mistake("RUN --device=a,b c"), "invalid field \"b\": it must be a key=value pair");
}

TEST(Instructions, FlagsAreCheckedOneByOne) {
  EXPECT_EQ(mistake("COPY --from=a --from=b c d"), "duplicate flag specified: --from");
  EXPECT_EQ(mistake("COPY --from a b"), "missing a value on flag: --from (write --from=VALUE)");
  EXPECT_EQ(mistake("COPY --link= a b"),
            "missing a value on flag: --link (write --link or --link=true)");
  EXPECT_EQ(mistake("COPY --link=yes a b"),
            "expecting boolean value for flag --link, not: \"yes\"");
  EXPECT_EQ(mistake("COPY --exclud=x a b"), "unknown flag: --exclud (did you mean --exclude?)");
  EXPECT_EQ(mistake("COPY --checksum=x a b"),
            "unknown flag: --checksum (COPY takes --from, --chown, --chmod, --link, --parents, "
            "--exclude)");
  EXPECT_EQ(mistake("ENV --x a=b"), "unknown flag: --x (ENV takes no flags)");
  EXPECT_EQ(mistake("COPY --chown=<<E a b"),
            "COPY cannot accept a heredoc as the value of --chown");
  for (const char* keyword :
       {"CMD", "ENTRYPOINT", "LABEL a=b", "USER x", "WORKDIR x", "EXPOSE 1", "VOLUME x", "ARG x",
        "SHELL [\"a\"]", "MAINTAINER x", "STOPSIGNAL 1", "ONBUILD RUN x"}) {
    std::string text = keyword;
    text.insert(std::min(text.find(' '), text.size()), " --bad");
    EXPECT_EQ(mistake(text).substr(0, 19), "unknown flag: --bad") << text;
  }
}

TEST(Instructions, CopyHasItsFlags) {
  const auto copy = read<Copy>(
      "COPY --from=Build --chown=1:2 --chmod=u=rwX --link --parents --exclude=*.o --exclude=b "
      "a/./b c /d/");
  EXPECT_EQ(copy.from, "Build");
  EXPECT_EQ(copy.chown, "1:2");
  EXPECT_EQ(copy.chmod, "u=rwX");
  EXPECT_TRUE(copy.link);
  EXPECT_TRUE(copy.parents);
  EXPECT_THAT(copy.excludes, ElementsAre("*.o", "b"));
  EXPECT_THAT(copy.sources, ElementsAre("a/./b", "c"));
  EXPECT_EQ(copy.dest, "/d/");
  EXPECT_FALSE(read<Copy>("COPY --link=FALSE a b").link);
  EXPECT_THAT(read<Copy>("COPY [\"a b\", \"c\"]").sources, ElementsAre("a b"));
  EXPECT_EQ(mistake("COPY a").substr(0, 41), "COPY requires at least two arguments, but");
  EXPECT_EQ(mistake("ADD").substr(0, 40), "ADD requires at least two arguments, but");
  EXPECT_EQ(mistake("COPY --from=$x a b"),
            "variable expansion is not supported for --from (define a stage: FROM $x AS alias with "
            "a global ARG, then "
            "--from=alias)");
}

TEST(Instructions, AddHasItsFlags) {
  const auto add = read<Add>(
      "ADD --checksum=sha256:ab --keep-git-dir --unpack=false --chown=a --chmod=644 --link "
      "--exclude=x https://a/b c");
  EXPECT_EQ(add.checksum, "sha256:ab");
  EXPECT_EQ(add.keep_git_dir, true);
  EXPECT_EQ(add.unpack, false);
  EXPECT_TRUE(add.link);
  EXPECT_THAT(add.sources, ElementsAre("https://a/b"));
  const auto plain = read<Add>("ADD a b");
  EXPECT_EQ(plain.keep_git_dir, std::nullopt);
  EXPECT_EQ(plain.unpack, std::nullopt);
  EXPECT_EQ(mistake("ADD --from=a b c").substr(0, 20), "unknown flag: --from");
}

TEST(Instructions, HeredocsAreSourcesOfCopyAndAdd) {
  const auto copy = read<Copy>("COPY <<a x <<-\"b\" /d/\n$A\na\n\tB\n\tb\n");
  EXPECT_THAT(copy.sources, ElementsAre("x"));
  ASSERT_THAT(copy.heredocs, SizeIs(2));
  EXPECT_EQ(copy.heredocs[0].name, "a");
  EXPECT_TRUE(copy.heredocs[0].expand);
  EXPECT_EQ(heredoc_text(copy.heredocs[1]), "B\n");
  EXPECT_FALSE(copy.heredocs[1].expand);
  EXPECT_THAT(read<Add>("ADD <<a /d\nx\na").heredocs, SizeIs(1));
  EXPECT_EQ(mistake("COPY a <<E\nx\nE"), "COPY cannot accept a heredoc as a destination");
  EXPECT_EQ(mistake("ADD [\"<<E\", \"/x\"]"),
            "ADD cannot accept a heredoc as an element of a JSON array");
  EXPECT_EQ(mistake("COPY <<E it's"),
            "the heredoc \"<<E\" has no text (is a quote on this line unbalanced?)");
}

TEST(Instructions, CmdEntrypointAndShell) {
  EXPECT_EQ(read<Cmd>("CMD a b").command.text, "a b");
  EXPECT_THAT(read<Cmd>("CMD []").command.args, IsEmpty());
  EXPECT_EQ(read<Cmd>("CMD []").command.form, Command::Form::Exec);
  EXPECT_EQ(read<Cmd>("CMD").command.form, Command::Form::Shell);
  EXPECT_THAT(read<Entrypoint>("ENTRYPOINT [\"a\"]").command.args, ElementsAre("a"));
  EXPECT_THAT(read<Shell>("SHELL [\"/bin/bash\", \"-c\"]").args, ElementsAre("/bin/bash", "-c"));
  EXPECT_EQ(mistake("SHELL bash -c"),
            "SHELL requires the arguments to be in JSON form (an example: SHELL [\"/bin/bash\", "
            "\"-c\"])");
  EXPECT_EQ(mistake("SHELL []"), "SHELL requires at least one argument");
}

TEST(Instructions, EnvAndLabelHavePairs) {
  const auto env = read<Env>("ENV a=b c=\"d e\"");
  ASSERT_THAT(env.pairs, SizeIs(2));
  EXPECT_EQ(env.pairs[1].key, "c");
  EXPECT_EQ(env.pairs[1].value, "\"d e\"");
  EXPECT_FALSE(env.pairs[1].legacy);
  const auto legacy = read<Label>("LABEL a  b c=d");
  ASSERT_THAT(legacy.pairs, SizeIs(1));
  EXPECT_EQ(legacy.pairs[0].value, "b c=d");
  EXPECT_TRUE(legacy.pairs[0].legacy);
  EXPECT_EQ(mistake("ENV"), "ENV requires at least one argument");
  EXPECT_EQ(mistake("LABEL =b"), "LABEL names can not be blank");
}

TEST(Instructions, ArgHasNamesDefaultsAndDescriptions) {
  const auto arg = read<Arg>("# A what it is\n# other\nARG A B=c C= D=\"e f\"");
  ASSERT_THAT(arg.items, SizeIs(4));
  EXPECT_EQ(arg.items[0].name, "A");
  EXPECT_EQ(arg.items[0].value, std::nullopt);
  EXPECT_EQ(arg.items[0].doc, "what it is");
  EXPECT_EQ(arg.items[1].value, "c");
  EXPECT_EQ(arg.items[1].doc, "");
  EXPECT_EQ(arg.items[2].value, "");
  EXPECT_EQ(arg.items[3].value, "\"e f\"");
  EXPECT_EQ(mistake("ARG"), "ARG requires at least one argument");
  EXPECT_EQ(mistake("ARG a =b"), "ARG names can not be blank");
}

TEST(Instructions, ExposeTakesPortsRangesAndVariables) {
  EXPECT_THAT(read<Expose>("EXPOSE 9000-9002/udp 80 $PORT 443/TCP 127.0.0.1:1:2").ports,
              ElementsAre("$PORT", "127.0.0.1:1:2", "443/TCP", "80", "9000-9002/udp"));
  EXPECT_EQ(mistake("EXPOSE"), "EXPOSE requires at least one argument");
}

TEST(Instructions, VolumeUserWorkdirMaintainer) {
  EXPECT_THAT(read<Volume>("VOLUME /a /b").paths, ElementsAre("/a", "/b"));
  EXPECT_THAT(read<Volume>("VOLUME [\" /a b \"]").paths, ElementsAre("/a b"));
  EXPECT_EQ(mistake("VOLUME [\"\"]"), "VOLUME specified can not be an empty string");
  EXPECT_EQ(mistake("VOLUME"), "VOLUME requires at least one argument");
  EXPECT_EQ(read<User>("USER a:b").user, "a:b");
  EXPECT_EQ(read<Workdir>("WORKDIR /a b").path, "/a b");
  EXPECT_EQ(read<Maintainer>("MAINTAINER a b").name, "a b");
  for (const char* keyword : {"USER", "WORKDIR", "MAINTAINER", "STOPSIGNAL"})
    EXPECT_EQ(mistake(keyword), std::string(keyword) + " requires exactly one argument");
}

TEST(Instructions, HealthcheckHasTimesAndForms) {
  const auto check = read<Healthcheck>(
      "HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=2h --start-interval=1ms "
      "--retries=3 CMD a b");
  EXPECT_FALSE(check.none);
  EXPECT_EQ(check.command.text, "a b");
  EXPECT_EQ(check.interval, 90'000'000'000);
  EXPECT_EQ(check.timeout, 1'500'000'000);
  EXPECT_EQ(check.start_period, 7200'000'000'000);
  EXPECT_EQ(check.start_interval, 1'000'000);
  EXPECT_EQ(check.retries, 3);
  EXPECT_THAT(read<Healthcheck>("HEALTHCHECK cmd [\"a\"]").command.args, ElementsAre("a"));
  EXPECT_EQ(read<Healthcheck>("HEALTHCHECK --timeout=0s --retries=0 CMD a").timeout, 0);
  EXPECT_TRUE(read<Healthcheck>("HEALTHCHECK none").none);
  EXPECT_EQ(mistake("HEALTHCHECK"), "HEALTHCHECK requires at least one argument");
  EXPECT_EQ(mistake("HEALTHCHECK CMD"), "missing command after HEALTHCHECK CMD");
  EXPECT_EQ(mistake("HEALTHCHECK CMD []"), "missing command after HEALTHCHECK CMD");
  EXPECT_EQ(mistake("HEALTHCHECK NONE a"), "HEALTHCHECK NONE takes no arguments");
  EXPECT_EQ(mistake("HEALTHCHECK curl x"),
            "unknown type \"curl\" in HEALTHCHECK (try HEALTHCHECK CMD command)");
  EXPECT_EQ(mistake("HEALTHCHECK --interval=5 CMD a"),
            "invalid duration \"5\" (write a number and a unit: 30s, 1m30s)");
  EXPECT_EQ(mistake("HEALTHCHECK --timeout=1us CMD a"),
            "interval \"timeout\" cannot be less than 1ms");
  EXPECT_EQ(mistake("HEALTHCHECK --retries=-1 CMD a"), "--retries cannot be negative (-1)");
  EXPECT_EQ(mistake("HEALTHCHECK --retries=x CMD a"), "invalid number \"x\" for --retries");
}

TEST(Instructions, OnbuildKeepsTextAndParsedTrigger) {
  const auto onbuild = read<Onbuild>("ONBUILD   copy --from=a b  \\\n c ");
  EXPECT_EQ(onbuild.text, "copy --from=a b   c ");
  ASSERT_THAT(onbuild.inner, SizeIs(1));
  EXPECT_EQ(onbuild.inner[0].as<Copy>()->from, "a");
  const auto heredoc = read<Onbuild>("ONBUILD RUN <<-E\n\ta\n\tE\n");
  EXPECT_EQ(heredoc.text, "RUN <<-E\n\ta\nE");
  EXPECT_EQ(read<dockerfile::Run>(heredoc.text).command.form, Command::Form::Script);
  EXPECT_EQ(mistake("ONBUILD"), "ONBUILD requires at least one argument");
  EXPECT_EQ(mistake("ONBUILD ONBUILD RUN a"), "ONBUILD cannot trigger another ONBUILD");
  EXPECT_EQ(mistake("ONBUILD FROM a"), "FROM isn't allowed as an ONBUILD trigger");
  EXPECT_EQ(mistake("ONBUILD maintainer a"), "MAINTAINER isn't allowed as an ONBUILD trigger");
  EXPECT_EQ(mistake("ONBUILD RUUN a"), "unknown instruction: RUUN (did you mean RUN?)");
  EXPECT_EQ(mistake("ONBUILD USER"), "USER requires exactly one argument");
}

}  // namespace
}  // namespace slipway::dockerfile
