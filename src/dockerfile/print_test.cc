// What is printed reads back as the same value, and JSON has the shape that `slipway parse`
// documents.
#include "dockerfile/print.h"

#include <gtest/gtest.h>

#include "dockerfile/parse.h"
#include "json/json.h"

namespace slipway::dockerfile {
namespace {

std::string meaning(const Dockerfile& file) {
  return json::dump_pretty(to_json(file, Detail::Meaning));
}

TEST(Print, ParsePrintParseKeepsTheMeaning) {
  const char* const bodies[] = {
      "RUN a  b \"c\" 'd' \\\n  # x\n  && e\n",
      "RUN --mount=type=cache,target=/a --mount='type=bind,\"source=a,b\",target=/c' "
      "--network=none --security=insecure "
      "--device=a/b=c,required -- --x\n",
      "RUN <<E\n a\nE\nRUN <<-'F' cat\n\tb\n\tF\n",
      "RUN [\"a\", \"b \\\"c\\\"\\n\\u0001\", \"\"]\nRUN []\nRUN\nCMD\nCMD []\nENTRYPOINT "
      "[\"x\"]\n",
      "COPY a b\\ c* /d/\nCOPY [\"a b\", \"\\u00e9\", \"/c\"]\nCOPY -- --a b\nCOPY [\"[\", "
      "\"a\\\"]\"]\n",
      "COPY --from=x --chown=a:b --chmod=u+x --link --parents --exclude=*.o --exclude='a b' "
      "--exclude=\"it's\" c d\n",
      "COPY --chown='a\"b'\\\\c d e\n",
      "COPY x <<a 4<<-\"b\" <<c\\'d <<\"e\\\"\\$f\" /d/\n$x\na\n\ty\n\tb\nz\nc'd\nq\ne\"$f\n",
      "ADD --checksum=sha256:a --keep-git-dir=false --unpack --link https://a/b /c\n",
      "ENV a b  \"c\" d=e\nENV a=b c='d e' f=\"g\\\"h\" i=j\\ k l=\nLABEL \"a b\"=c\n",
      "ARG a b=c d= e=\"f g\"\nEXPOSE 80 $x 53/udp\nVOLUME /a /b\nVOLUME [\"/a b\"]\n",
      "EXPOSE 80/a\\ 1\nEXPOSE z\\ -- a\nEXPOSE -- --x\n",
      "USER a b\nWORKDIR -- --x\nWORKDIR /a b\nSTOPSIGNAL $x\nMAINTAINER a <b>\nSHELL "
      "[\"/bin/bash\", "
      "\"-c\"]\n",
      "HEALTHCHECK NONE\nHEALTHCHECK --interval=1m --timeout=1500ms --start-period=3ms "
      "--start-interval=1h "
      "--retries=2 CMD [\"a\"]\nHEALTHCHECK CMD a | b\n",
      "ONBUILD  run  a  \nONBUILD COPY <<a /b\nc\na\nONBUILD RUN --mount=target=/a b\n",
  };
  for (const std::string top :
       {"", "# syntax=a/b\n# check=skip=all;error=true\n", "# escape=`\n"}) {
    for (const std::string body : bodies) {
      if (top.contains('`') && body.contains('\\')) continue;
      const auto file = parse(top + "ARG g=1\nFROM --platform=$x a:$g AS S\n" + body + "FROM s\n");
      const std::string printed = to_dockerfile(file);
      const auto again = parse(printed);
      EXPECT_EQ(meaning(again), meaning(file)) << printed;
      EXPECT_EQ(to_dockerfile(again), printed);
    }
  }
}

TEST(Print, LongLinesAreContinued) {
  std::string text = "FROM a\nRUN ";
  for (int i = 0; i < 30000; ++i) text += "word # \\\\x \\\n";
  const auto file = parse(text + "end");
  EXPECT_EQ(meaning(parse(to_dockerfile(file))), meaning(file));
}

TEST(Print, JsonIsARecordWithPlaces) {
  const auto file = parse(
      "# escape=`\nARG a\n# s doc\nFROM b AS s\nRUN `\n\n <<E\nx\nE\nONBUILD COPY --link c d\n",
      "F");
  EXPECT_EQ(
      json::dump(to_json(file)),
      R"({"version":1,"file":"F","directives":{"escape":"`"},)"
      R"("globalArgs":[{"keyword":"ARG","span":{"line":2,"column":1,"endLine":2},"source":"ARG a","items":[{"name":"a"}]}],)"
      R"("stages":[{"name":"s","from":{"keyword":"FROM","span":{"line":4,"column":1,"endLine":4},"source":"FROM b AS s",)"
      R"("image":"b","name":"s"},"doc":"doc","instructions":[)"
      R"({"keyword":"RUN","span":{"line":5,"column":1,"endLine":9},"source":"RUN  <<E","command":{"form":"script","text":"<<E",)"
      R"("heredocs":[{"name":"E","fd":0,"expand":true,"stripTabs":false,"content":"x\n"}]},"network":"default","security":"sandbox"},)"
      R"({"keyword":"ONBUILD","span":{"line":10,"column":1,"endLine":10},"source":"ONBUILD COPY --link c d","trigger":"COPY --link c d",)"
      R"("inner":{"keyword":"COPY","span":{"line":10,"column":9,"endLine":10},"source":"COPY --link c d","sources":["c"],"dest":"d","link":true}}]}],)"
      R"("warnings":[{"rule":"NoEmptyContinuation","message":"Empty continuation line","span":{"line":7,"column":1,"endLine":7}}]})");
}

}  // namespace
}  // namespace slipway::dockerfile
