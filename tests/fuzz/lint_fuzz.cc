// Any bytes as a Dockerfile, workflow, compose file or log: the first byte says which. Rules must
// end and point into the file, the edits of a fix must not overlap, and a Dockerfile that parses
// still does when it is repaired.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "dockerfile/parse.h"
#include "lint/lint.h"

using namespace slipway;
using namespace slipway::lint;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const Kind kinds[] = {Kind::Dockerfile, Kind::Workflow, Kind::Compose, Kind::Log};
  SourceFile file{".github/workflows/f", kinds[data[0] % 4],
                  std::string(reinterpret_cast<const char*>(data) + 1, size - 1)};
  if (file.text.size() > 4000) return 0;  // every fix looks at the whole file again
  Options options;
  options.platforms = {"linux/amd64", "linux/arm64"};
  options.nodes.emplace().by_platform["linux/amd64"] = {"n"};
  const Result result = lint::lint({file}, options);
  for (const auto& finding : result.findings) {
    CHECK(finding.begin <= file.text.size() && finding.begin <= finding.end);
    CHECK(!finding.message.empty() && find_rule(finding.rule));
    applied(file.text, finding.fix);
  }
  to_text({file}, result);
  to_json({file}, result);
  to_sarif({file}, result, "0");
  const FixResult fixed = fix({file}, options);
  if (fixed.files.empty()) return 0;
  CHECK(!unified_diff("f", file.text, fixed.files[0].after).empty());
  if (file.kind == Kind::Dockerfile && dockerfile::try_parse(file.text).mistakes.empty())
    CHECK(dockerfile::try_parse(fixed.files[0].after).mistakes.empty());
  return 0;
}
