// Compat 5.1 row by row: lines, comments, continuations, words, JSON, heredocs. Input ->
// S-expression.
#include "dockerfile/scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "dockerfile/parse.h"
#include "dockerfile/print.h"

namespace slipway::dockerfile {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string sexp(std::string_view text) {
  try {
    return to_sexp(scan_or_throw(text, "F"));
  } catch (const Error& error) {
    return "error: " + error.message();
  }
}

struct Case {
  std::string text;
  std::string expected;
};

void check(const std::vector<Case>& cases) {
  for (const auto& c : cases) EXPECT_EQ(sexp(c.text), c.expected) << c.text;
}

TEST(Scan, LinesEndAnyWayAndMayBeginWithAByteOrderMark) {
  check({
      {"FROM a", "(from \"a\")\n"},
      {"FROM a\r\nUSER b\r\n", "(from \"a\")\n(user \"b\")\n"},
      {"\xef\xbb\xbf"
       "FROM a\n",
       "(from \"a\")\n"},
      {"\n\n  \t FROM   a  \t\n\n", "(from \"a\")\n"},
      {"from\ta", "(from \"a\")\n"},
  });
}

TEST(Scan, AFileWithoutInstructionsIsAnError) {
  check({
      {"", "error: file with no instructions"},
      {"# only\n\n # comments\n", "error: file with no instructions"},
      {"# escape=`\n", "error: file with no instructions"},
  });
}

TEST(Scan, ALineMayHave65535BytesAndNoMore) {
  const std::string longest = "RUN " + std::string(kMaxLine - 4, 'x');
  EXPECT_EQ(scan_or_throw(longest + "\n", "F").at(0).text.size(), kMaxLine);
  EXPECT_EQ(scan_or_throw(longest, "F").at(0).text.size(), kMaxLine);
  EXPECT_EQ(sexp(longest + "x\n"), "error: dockerfile line greater than max allowed size of 65535");
  EXPECT_EQ(sexp("# " + longest + "\nFROM a"),
            "error: dockerfile line greater than max allowed size of 65535");
  EXPECT_EQ(sexp("RUN <<E\n" + longest + "x\nE\n"),
            "error: dockerfile line greater than max allowed size of 65535");
  // Joined lines may be longer.
  EXPECT_EQ(
      scan_or_throw(longest.substr(0, kMaxLine - 1) + "\\\n" + longest, "F").at(0).text.size(),
      2 * kMaxLine - 1);
}

TEST(Scan, CommentsVanishAtLineStartsOnly) {
  check({
      {"# a\nRUN b # c\n", "(run \"b # c\")\n"},
      {"  \t# a\nRUN b", "(run \"b\")\n"},
      {"RUN a \\\n# gone\n   # gone, too\n  b\n", "(run \"a   b\")\n"},
      {"RUN a#b \\\n b #c", "(run \"a#b  b #c\")\n"},
  });
}

TEST(Scan, ContinuationsJoinLinesAndKeepLeadingBlanks) {
  check({
      {"RUN a\\\nb", "(run \"ab\")\n"},
      {"RUN a \\\n    b", "(run \"a     b\")\n"},
      {"RUN a \\ \t \n b", "(run \"a  b\")\n"},
      {"RUN a \\\r\n b\r\n", "(run \"a  b\")\n"},
      {"RUN a \\\n\\\n b", "(run \"a  b\")\n"},
      {"\\\nRUN a", "(run \"a\")\n"},
      // An escaped escape continues nothing, and the grammar does not count further.
      {"RUN a\\\\\nUSER b", "(run \"a\\\\\\\\\")\n(user \"b\")\n"},
      {"RUN a\\\\\\\nUSER b", "(run \"a\\\\\\\\\\\\\")\n(user \"b\")\n"},
      // The end of the file ends the instruction.
      {"RUN a \\", "(run \"a\")\n"},
      {"RUN a \\\n", "(run \"a\")\n"},
      {"RUN a \\\n\n\n", "(run \"a\")\n"},
      {"RUN a \\\n# c", "(run \"a\")\n"},
  });
}

TEST(Scan, EmptyLinesInAContinuationAreSkippedWithAWarning) {
  Mistakes mistakes;
  const auto result = scan("FROM x\nRUN a \\\n\n  \t\n b\nRUN c", mistakes);
  EXPECT_EQ(to_sexp(result.statements), "(from \"x\")\n(run \"a  b\")\n(run \"c\")\n");
  ASSERT_THAT(result.warnings, SizeIs(1));
  EXPECT_EQ(result.warnings[0].rule, "NoEmptyContinuation");
  EXPECT_EQ(result.warnings[0].span.line, 5);
}

TEST(Scan, TheEscapeDirectiveChangesTheContinuation) {
  check({
      {"# escape=`\nRUN a `\n b\nWORKDIR c\\\nUSER d",
       "(run \"a  b\")\n(workdir \"c\\\\\")\n(user \"d\")\n"},
      {"#escape = \\\nRUN a \\\n b", "(run \"a  b\")\n"},
      {"# a comment first\n# escape=`\nRUN a \\\n b", "(run \"a  b\")\n"},
  });
}

TEST(Scan, FlagsStandBeforeTheArguments) {
  check({
      {"COPY --a=b --c d e", "(copy [\"--a=b\" \"--c\"] \"d\" \"e\")\n"},
      {"COPY a --b c", "(copy \"a\" \"--b\" \"c\")\n"},
      {"COPY --a -- --b c", "(copy [\"--a\"] \"--b\" \"c\")\n"},
      {"COPY -- a b", "(copy \"a\" \"b\")\n"},
      {"COPY -a b", "(copy \"-a\" \"b\")\n"},
      {"COPY --a=\"b c\" --d='e f' g", "(copy [\"--a=b c\" \"--d=e f\"] \"g\")\n"},
      {"COPY --a=b\\ c d", "(copy [\"--a=b c\"] \"d\")\n"},
      {"CMD --a [\"b\"]", "(cmd [\"--a\"] \"b\")\n"},
      {"CMD --a -- [ ]", "(cmd [\"--a\"])\n"},
      {"RUN --a", "(run [\"--a\"])\n"},
      {"RUN --a=\xc3\xa9 b", "(run [\"--a=\xc3\xa9\"] \"b\")\n"},
  });
}

TEST(Scan, JsonArraysOfStringsAreWordsAndOtherTextIsShellForm) {
  check({
      {"CMD []", "(cmd)\n"},
      {"CMD [\"\"]", "(cmd \"\")\n"},
      {"CMD\t[ \"a\" ,\t\"b c\" ]  ", "(cmd \"a\" \"b c\")\n"},
      {"CMD [\"\\u00e9\\n\\ud83d\\ude00\\\\\"]", "(cmd \"\xc3\xa9\\n\xf0\x9f\x98\x80\\\\\")\n"},
      {"CMD [\"\\ud800x\"]", "(cmd \"\xef\xbf\xbdx\")\n"},
      {"CMD ['a', 'b']", "(cmd \"['a', 'b']\")\n"},
      {"CMD [\"a\", \"b\"] c", "(cmd \"[\\\"a\\\", \\\"b\\\"] c\")\n"},
      {"CMD [\"a\",]", "(cmd \"[\\\"a\\\",]\")\n"},
      {"CMD [\"a", "(cmd \"[\\\"a\")\n"},
      {"CMD [\"a\tb\"]", "(cmd \"[\\\"a\\tb\\\"]\")\n"},
      {"CMD {\"a\": 1}", "(cmd \"{\\\"a\\\": 1}\")\n"},
      {"COPY [a, b] c", "(copy \"[a,\" \"b]\" \"c\")\n"},
      {"COPY [\"a b\", \"c\"]", "(copy \"a b\" \"c\")\n"},
      {"VOLUME [\"/a b\"]", "(volume \"/a b\")\n"},
  });
  for (const char* text :
       {"CMD [1]", "CMD [\"a\", null]", "RUN [[\"a\"]]", "COPY [\"a\", {\"b\": [1, 2e3, true]}]",
        "HEALTHCHECK CMD [false]", "CMD [\"a\", -0.5E-7]"})
    EXPECT_EQ(sexp(text),
              "error: when using JSON array syntax, arrays must be comprised of strings only")
        << text;
}

TEST(Scan, PairsAreOldOrNewStyleByTheFirstWord) {
  check({
      {"ENV a b", "(env \"a\" \"b\" \"\")\n"},
      {"ENV a   b  c=d ", "(env \"a\" \"b  c=d\" \"\")\n"},
      {"LABEL a=b c=\"d e\" f='g h' i=j\\ k l=",
       "(label \"a\" \"b\" \"=\" \"c\" \"\\\"d e\\\"\" \"=\" \"f\" \"'g h'\" \"=\" \"i\" \"j\\\\ "
       "k\" \"=\" \"l\" \"\" \"=\")\n"},
      {"ENV \"a b\"=c", "(env \"\\\"a b\\\"\" \"c\" \"=\")\n"},
      {"ENV", "(env)\n"},
      {"ENV a", "error: ENV must have two arguments"},
      {"LABEL a=b c", "error: can't find = in \"c\": must be of the form name=value"},
      {"ARG a b=c d=\"e f\" g=", "(arg \"a\" \"b=c\" \"d=\\\"e f\\\"\" \"g=\")\n"},
  });
}

TEST(Scan, SomeInstructionsTakeTheWholeLine) {
  check({
      {"USER  a b ", "(user \"a b\")\n"},
      {"WORKDIR /a b", "(workdir \"/a b\")\n"},
      {"MAINTAINER me <a@b>", "(maintainer \"me <a@b>\")\n"},
      {"STOPSIGNAL", "(stopsignal)\n"},
      {"EXPOSE 80 \t 81/udp", "(expose \"80\" \"81/udp\")\n"},
      {"HEALTHCHECK --interval=5s CMD a b", "(healthcheck [\"--interval=5s\"] \"CMD\" \"a b\")\n"},
      {"HEALTHCHECK NONE", "(healthcheck \"NONE\")\n"},
      {"ONBUILD COPY --from=a b c", "(onbuild (copy [\"--from=a\"] \"b\" \"c\"))\n"},
      {"ONBUILD", "(onbuild)\n"},
  });
}

TEST(Scan, UnprintableTextIsQuotedAsGoDoes) {
  check({
      {"RUN a\x01\x7f\xff\t\"\\n", "(run \"a\\x01\\x7f\\xff\\t\\\"\\\\n\")\n"},
      {"RUN a\xc2\xa0z\xe2\x80\x8b", "(run \"a\\u00a0z\\u200b\")\n"},
  });
}

std::vector<Heredoc> heredocs(std::string_view text) {
  return scan_or_throw(text, "F").at(0).heredocs;
}

TEST(Scan, HeredocBodiesFollowInOrder) {
  const auto list =
      heredocs("RUN <<A cat 3<<-\"B\" << C\none\n# two\\\nA\n\tthree\n\tB\n\n  C\nC\nUSER x");
  ASSERT_THAT(list, SizeIs(3));
  EXPECT_EQ(list[0].name, "A");
  EXPECT_EQ(list[0].content, "one\n# two\\\n");
  EXPECT_TRUE(list[0].expand);
  EXPECT_FALSE(list[0].strip_tabs);
  EXPECT_EQ(list[0].line, 2);
  EXPECT_EQ(list[1].name, "B");
  EXPECT_EQ(list[1].fd, 3);
  EXPECT_FALSE(list[1].expand);
  EXPECT_TRUE(list[1].strip_tabs);
  EXPECT_EQ(list[1].content, "\tthree\n");
  EXPECT_EQ(heredoc_text(list[1]), "three\n");
  EXPECT_EQ(list[2].name, "C");
  EXPECT_EQ(list[2].content, "\n  C\n");
}

TEST(Scan, HeredocWordsAreRecognisedWhereTheShellWould) {
  struct {
    const char* word;
    const char* name;  // nullptr = no heredoc
    bool expand;
  } const cases[] = {
      {"<<E", "E", true},       {"<<-E", "E", true},     {"12<<E", "E", true},
      {"<<'E'", "E", false},    {"<<\"E\"", "E", false}, {"<<E'O'F", "EOF", false},
      {"<<E\\'F", "E'F", true}, {"<< E", "E", true},     {"<<\"a b\"", "a b", false},
      {"<E", nullptr, true},    {"<<<E", nullptr, true}, {"a<<E", nullptr, true},
      {"<<", nullptr, true},    {"<<-", nullptr, true},  {"<<a b", nullptr, true},
      {"<<E<F", nullptr, true}, {"<<'E", nullptr, true}, {"<<\"\"", nullptr, true},
      {"<<$E", "$E", true},     {"E<<", nullptr, true},
  };
  for (const auto& c : cases) {
    const auto heredoc = heredoc_of(c.word);
    ASSERT_EQ(heredoc.has_value(), c.name != nullptr) << c.word;
    if (!heredoc) continue;
    EXPECT_EQ(heredoc->name, c.name) << c.word;
    EXPECT_EQ(heredoc->expand, c.expand) << c.word;
  }
}

TEST(Scan, OnlyRunCopyAndAddTakeHeredocs) {
  EXPECT_THAT(heredocs("ADD <<E /\na\nE"), SizeIs(1));
  EXPECT_THAT(heredocs("ONBUILD RUN <<E\na\nE\n"), SizeIs(1));
  EXPECT_THAT(scan_or_throw("ONBUILD COPY <<E /x\na\nE\n", "F").at(0).inner.at(0).heredocs,
              SizeIs(1));
  EXPECT_THAT(heredocs("CMD <<E\nUSER a"), SizeIs(0));
  EXPECT_THAT(heredocs("ONBUILD CMD <<E\nUSER a"), SizeIs(0));
  EXPECT_THAT(heredocs("RUN [\"<<E\"]\nUSER a"), SizeIs(0));
  EXPECT_THAT(heredocs("RUN echo \"<<E\nUSER a"), SizeIs(0));  // an open quote
  EXPECT_THAT(heredocs("RUN echo '<<E'\nUSER a"), SizeIs(0));
  EXPECT_THAT(heredocs("RUN cat<<E\nUSER a"), SizeIs(0));
  EXPECT_THAT(heredocs("RUN a \\\n <<E \\\n b\nbody\nE\nUSER a"), SizeIs(1));
}

TEST(Scan, AHeredocEndsAtALineThatIsItsWordAlone) {
  EXPECT_EQ(heredocs("RUN <<E\r\na\r\nE\r\nUSER b")[0].content, "a\r\n");
  EXPECT_EQ(heredocs("RUN <<-E\n\t\tE")[0].content, "");
  EXPECT_EQ(heredocs("RUN <<E\n E\nE \n\tE\nE")[0].content, " E\nE \n\tE\n");
  EXPECT_EQ(sexp("RUN <<E\na\n E\n"), "error: unterminated heredoc: no line is \"E\"");
  EXPECT_EQ(sexp("RUN <<E"), "error: unterminated heredoc: no line is \"E\"");
}

TEST(Scan, CommentsAboveAnInstructionAreKept) {
  const auto statements =
      scan_or_throw("# syntax=x\n# one\n#two \nFROM a\n# x\n#\n# three\nUSER b\nUSER c", "F");
  EXPECT_THAT(statements[0].comments, ElementsAre("one", "two"));
  EXPECT_THAT(statements[1].comments, ElementsAre("three"));
  EXPECT_THAT(statements[2].comments, SizeIs(0));
}

TEST(Scan, PlacesPointIntoTheFile) {
  const auto statements =
      scan_or_throw("FROM a\n  RUN b \\\n# c\n    d \\\n e\nCOPY <<E f\nx\nE\n", "F");
  const auto& run = statements[1];
  EXPECT_EQ(run.span, (Span{2, 3, 5}));
  EXPECT_EQ(run.text, "RUN b     d  e");
  EXPECT_EQ(span_at(run, run.text.find('d')).line, 4);
  EXPECT_EQ(span_at(run, run.text.find('d')).column, 5);
  EXPECT_EQ(span_at(run, run.text.find('e')).line, 5);
  EXPECT_EQ(statements[2].span, (Span{6, 1, 8}));
}

TEST(Scan, UnknownInstructionsAreNamedWithASuggestion) {
  const std::pair<const char*, const char*> cases[] = {
      {"RNU a", "did you mean RUN?"},          {"FORM a", "did you mean FROM?"},
      {"COYP a b", "did you mean COPY?"},      {"ENTRYPIONT a", "did you mean ENTRYPOINT?"},
      {"WORKDIRS a", "did you mean WORKDIR?"}, {"LABLE a", "did you mean LABEL?"},
  };
  for (const auto& [text, hint] : cases) {
    try {
      scan_or_throw(text, "F");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), HasSubstr("unknown instruction: "));
      EXPECT_EQ(error.hint(), hint);
      EXPECT_EQ(error.where(), "F:1:1");
    }
  }
}

}  // namespace
}  // namespace slipway::dockerfile
