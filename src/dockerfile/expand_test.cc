// Compat 5.3: variables, quotes, escapes, patterns; and which strings of which instruction they
// apply to.
#include "dockerfile/expand.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "dockerfile/parse.h"
#include "dockerfile/print.h"
#include "json/json.h"

namespace slipway::dockerfile {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::optional<std::string> env(std::string_view name) {
  static const std::map<std::string, std::string, std::less<>> kValues = {
      {"v", "value"}, {"empty", ""},        {"file", "/a/b.tar.gz"},    {"two", "one  two"},
      {"X_1", "x"},   {"caf\xc3\xa9", "c"}, {"lines", "one\ntwo\none"}, {"star", "a*b?c\\d"},
  };
  const auto it = kValues.find(name);
  if (it == kValues.end()) return std::nullopt;
  return it->second;
}

struct Case {
  const char* word;
  const char* expected;
};

void check(const std::vector<Case>& cases, const ExpandOptions& options = {}) {
  for (const auto& c : cases) {
    try {
      EXPECT_EQ(expand_word(c.word, env, options), c.expected) << c.word;
    } catch (const Error& error) {
      EXPECT_EQ("error: " + error.message(), c.expected) << c.word;
    }
  }
}

TEST(Expand, PlainVariables) {
  check({
      {"$v", "value"},
      {"a$v/b", "avalue/b"},
      {"${v}s", "values"},
      {"$vs", ""},
      {"$unset", ""},
      {"${unset}", ""},
      {"$X_1-", "x-"},
      {"$caf\xc3\xa9!", "c!"},
      {"$v\xe2\x80\x94", "value\xe2\x80\x94"},
      {"$", "$"},
      {"a$ b", "a$ b"},
      {"$/", "$/"},
      {"$1x", "x"},
      {"$12x$0", "x"},
      {"$@$*$#$?$-$$$!|", "|"},
      {"${@}${1}", ""},
  });
}

TEST(Expand, DefaultsAlternativesAndErrors) {
  check({
      {"${v:-w}", "value"},
      {"${empty:-w}", "w"},
      {"${unset:-w}", "w"},
      {"${v-w}", "value"},
      {"${empty-w}", ""},
      {"${unset-w}", "w"},
      {"${v:+w}", "w"},
      {"${empty:+w}", ""},
      {"${unset:+w}", ""},
      {"${v+w}", "w"},
      {"${empty+w}", "w"},
      {"${unset+w}", ""},
      {"${v:?m}", "value"},
      {"${empty:?m}", "error: empty: m"},
      {"${unset:?m}", "error: unset: m"},
      {"${empty?m}", ""},
      {"${unset?}", "error: unset: must be set"},
      {"${empty:?}", "error: empty: must not be empty"},
      {"${unset:-a${v}b}", "avalueb"},
      {"${unset:-${empty:-${v}}}", "value"},
      {"${unset:-\"a}b\"}", "a}b"},
      {"${unset:-'$v'}", "$v"},
      {"${unset:-a\\}b}", "a}b"},
      {"${unset:-}", ""},
      {"${unset:-a b}", "a b"},
  });
}

TEST(Expand, PrefixAndSuffixRemoval) {
  check({
      {"${file#*/}", "a/b.tar.gz"},
      {"${file##*/}", "b.tar.gz"},
      {"${file%.*}", "/a/b.tar"},
      {"${file%%.*}", "/a/b"},
      {"${file#/a}", "/b.tar.gz"},
      {"${file#b}", "/a/b.tar.gz"},
      {"${file%tar}", "/a/b.tar.gz"},
      {"${file#??}", "/b.tar.gz"},
      {"${v%?}", "valu"},
      {"${v#*}", "value"},
      {"${v##*}", ""},
      {"${v%%*}", ""},
      {"${v%}", "value"},
      {"${unset#a}", ""},
      {"${star#a\\*}", "b?c\\d"},
      {"${star#a\\*b\\?c\\\\}", "d"},
      {"${star%\\?*}", "a*b"},
      {"${v#${unset:-va}}", "lue"},
      {"${caf\xc3\xa9#?}", ""},
      {"${v:#a}", "error: unsupported modifier (:#) in substitution"},
      {"${v:%a}", "error: unsupported modifier (:%) in substitution"},
      {"${v#\\a}", "error: invalid escape '\\a' in the pattern (\\a) of a substitution"},
  });
}

TEST(Expand, Replacement) {
  check({
      {"${file/a/x}", "/x/b.tar.gz"},
      {"${file//a/x}", "/x/b.txr.gz"},
      {"${file//\\//-}", "-a-b.tar.gz"},
      {"${file/.*/}", "/a/b"},
      {"${file//./}", "/a/btargz"},
      {"${v/q/x}", "value"},
      {"${v/a*u/-}", "v-e"},
      {"${v//?/x}", "xxxxx"},
      {"${v/$unset/x}", "xvalue"},
      {"${v///-}", "-v-a-l-u-e-"},
      {"${lines//o*e/1}", "1\ntwo\n1"},
      {"${v/a/$X_1}", "vxlue"},
      {"${unset/a/b}", ""},
      {"${v/a}", "error: missing '/' in substitution"},
      {"${v/a/b", "error: missing '}' in substitution"},
  });
}

TEST(Expand, QuotesAndEscapes) {
  check({
      {"'$v'", "$v"},
      {"'a\\b\"c'", "a\\b\"c"},
      {"\"$v ${v}\"", "value value"},
      {"\"a'b\"", "a'b"},
      {"\"\\\"\\$v\\\\\\n\"", "\"$v\\\\n"},
      {"\\$v", "$v"},
      {"\\\\$v", "\\value"},
      {"a\\ b\\n", "a bn"},
      {"a\\", "a"},
      {"\\'a\\\"", "'a\""},
      {"a\"b\"'c'", "abc"},
      {"\"\"''", ""},
      {"  a  b  ", "  a  b  "},
      {"a<<b<", "a<<b<"},
      {"'a", "error: missing closing single quote"},
      {"\"a", "error: missing closing double quote"},
      {"\"a\\", "error: missing closing double quote"},
      {"\"${v\"", "error: unsupported modifier (\") in substitution"},
  });
}

TEST(Expand, TheEscapeTokenCanBeABackquote) {
  ExpandOptions options;
  options.escape = '`';
  check({{"`$v", "$v"}, {"c:\\$v", "c:\\value"}, {"\"`\"`$``\\n\"", "\"$`\\n"}, {"a``", "a`"}},
        options);
}

TEST(Expand, BadSubstitutionsAreErrors) {
  check({
      {"${}", "error: bad substitution: a variable name must follow ${"},
      {"${:}", "error: bad substitution: a variable name must follow ${"},
      {"${{v}}", "error: bad substitution: a variable name must follow ${"},
      {"${", "error: missing '}' in substitution"},
      {"${v", "error: missing '}' in substitution"},
      {"${v:", "error: missing '}' in substitution"},
      {"${v:-", "error: missing '}' in substitution"},
      {"${v:-a", "error: missing '}' in substitution"},
      {"${v-\"a}", "error: missing closing double quote"},
      {"${v!}", "error: unsupported modifier (!) in substitution"},
      {"${v:=x}", "error: unsupported modifier (:=) in substitution"},
      {"${ v}", "error: unsupported modifier ( ) in substitution"},
  });
}

TEST(Expand, ErrorsSayAtWhichByte) {
  const std::pair<const char*, size_t> cases[] = {
      {"ab${}", 4}, {"ab'c", 2}, {"ab\"c", 2}, {"a${v", 4}, {"a${unset?}", 1}};
  for (const auto& [word, offset] : cases) {
    try {
      expand_word(word, env);
      ADD_FAILURE() << word;
    } catch (const ExpandError& error) {
      EXPECT_EQ(error.offset(), offset) << word;
    }
  }
}

TEST(Expand, WordsAreSplitOutsideQuotes) {
  EXPECT_THAT(expand_words(" a  b\tc ", env), ElementsAre("a", "b", "c"));
  EXPECT_THAT(expand_words("$two", env), ElementsAre("one", "two"));
  EXPECT_THAT(expand_words("a$two.b", env), ElementsAre("aone", "two.b"));
  EXPECT_THAT(expand_words("\"$two\" 'a b'c\\ d", env), ElementsAre("one  two", "a bc d"));
  EXPECT_THAT(expand_words("a${unset:-b}c", env), ElementsAre("abc"));
  EXPECT_THAT(expand_words("$unset \"\" ''", env), ElementsAre());
  EXPECT_THAT(expand_words("<< a <b", env), ElementsAre("<< a", "<b"));
}

TEST(Expand, NamesSaysWhatWasLookedUp) {
  Names names;
  expand_word("$v${unset:-$empty}${other+x}'$quoted'\\$escaped", env, {}, &names);
  EXPECT_THAT(names.used, ElementsAre("empty", "v"));
  EXPECT_THAT(names.unset, ElementsAre("other", "unset"));
}

TEST(Expand, HeredocFilesKeepQuotesUnlessTheWordWasQuoted) {
  EXPECT_EQ(expand_heredoc({.content = "\"$v\" '${v}' \\$v\n"}, env), "\"value\" 'value' $v\n");
  EXPECT_EQ(expand_heredoc({.expand = false, .content = "\"$v\" \\$v\n"}, env), "\"$v\" \\$v\n");
  EXPECT_EQ(expand_heredoc({.strip_tabs = true, .content = "\t\t$v\n\n \tx\n"}, env),
            "value\n\n \tx\n");
}

TEST(Expand, HostileWordsEndQuickly) {
  std::string nested;
  for (int i = 0; i < 100000; ++i) nested += "${a:-";
  EXPECT_THROW(expand_word(nested, env), ExpandError);
  const std::string many(20000, 'a');
  const auto a = [&](std::string_view) -> std::optional<std::string> { return many; };
  EXPECT_EQ(expand_word("${x//*a*a*a*a*b/c}", a), many);
  EXPECT_THROW(expand_word("${x##" + std::string(50000, '*') + "}", a), ExpandError);
  const std::string mega(1 << 20, 'b');
  const auto b = [&](std::string_view) -> std::optional<std::string> { return mega; };
  std::string times;
  for (int i = 0; i < 17; ++i) times += "$x";
  EXPECT_THROW(expand_word(times, b), ExpandError);
}

// All strings of a record, in order.
void collect(const json::Value& value, std::string& out) {
  if (value.is_string()) out += "[" + value.get<std::string>() + "]";
  if (value.is_structured())
    for (const auto& member : value) collect(member, out);
}

TEST(Expand, OnlyTheStringsThatCompatNamesAreExpanded) {
  const std::pair<const char*, const char*> cases[] = {
      {"COPY --from=f --chown=$v --chmod=$v --exclude=$v $v $v/ /$v",
       "[COPY][f][value][value/][/value][value][value][$v]"},
      {"ADD --chown=$v --checksum=$v $v $v", "[ADD][value][value][value][value]"},
      {"ADD <<E <<'F' /\n$v\nE\n$v\nF", "[ADD][E][value\n][F][$v\n][/]"},
      {"ENV $v=$v 'a b'=\"$two\"", "[ENV][value][value][a b][one  two]"},
      {"ENV a $v  'b'", "[ENV][a][value  b]"},
      {"LABEL $v=${v}", "[LABEL][value][value]"},
      {"ARG $v=$v b $unset=", "[ARG][$v][value][b][$unset][]"},
      {"EXPOSE $v $two 80", "[EXPOSE][one][two][value][80]"},
      {"STOPSIGNAL $v", "[STOPSIGNAL][value]"},
      {"USER $v:$v", "[USER][value:value]"},
      {"VOLUME $v /$v", "[VOLUME][value][/value]"},
      {"VOLUME [\"$two\"]", "[VOLUME][one  two]"},
      {"WORKDIR \"$v\"", "[WORKDIR][value]"},
      {"RUN $v", "[RUN][shell][$v][default][sandbox]"},
      {"RUN --mount=target=/$v [\"$v\"]", "[RUN][exec][$v][target][/$v][default][sandbox]"},
      {"RUN <<E\n$v\nE", "[RUN][script][<<E][E][$v\n][default][sandbox]"},
      {"CMD $v", "[CMD][shell][$v]"},
      {"ENTRYPOINT [\"$v\"]", "[ENTRYPOINT][exec][$v]"},
      {"HEALTHCHECK CMD $v", "[HEALTHCHECK][shell][$v]"},
      {"SHELL [\"$v\"]", "[SHELL][$v]"},
      {"MAINTAINER $v", "[MAINTAINER][$v]"},
      {"ONBUILD USER $v", "[ONBUILD][USER $v][USER][$v]"},
  };
  for (const auto& [text, expected] : cases) {
    const Dockerfile file = parse(std::string("FROM a\n") + text + "\n");
    std::string strings;
    collect(to_json(expand(file, file.stages[0].instructions[0], env), Detail::Meaning), strings);
    EXPECT_EQ(strings, expected) << text;
  }
}

TEST(Expand, FromExpandsImageAndPlatform) {
  const Dockerfile file = parse("ARG x\nFROM --platform=$v a:${v} AS b");
  const auto from = std::get<From>(expand(file, file.stages[0].head, env).body);
  EXPECT_EQ(from.image, "a:value");
  EXPECT_EQ(from.platform, "value");
}

TEST(Expand, ErrorsInInstructionsPointIntoTheFile) {
  const Dockerfile file =
      parse("FROM a\nENV a=b \\\n  c=${v\nCOPY <<E /x\nok\n  ${v!}\nE\n", "dir/F");
  try {
    expand(file, file.stages[0].instructions[0], env);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "dir/F:3:8");
    EXPECT_THAT(error.excerpt(), HasSubstr("   3 |   c=${v\n     |        ^"));
  }
  try {
    expand(file, file.stages[0].instructions[1], env);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "dir/F:6:6");
  }
}

}  // namespace
}  // namespace slipway::dockerfile
