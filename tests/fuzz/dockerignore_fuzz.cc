// Any bytes as an ignore file and, behind a line "---", as paths. The walker's shortcut must never
// skip what is included, and a verdict carried down must be the one that excludes() finds.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/pattern.h"

using namespace slipway;
using namespace slipway::dockerfile;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t marker = text.find("\n---\n");
  const std::string_view patterns = text.substr(0, marker);
  const std::string_view paths = marker == text.npos ? "a/b/c\nfoo" : text.substr(marker + 5);
  IgnoreFile file;
  try {
    file = IgnoreFile::parse(patterns);
  } catch (const Error& error) {
    CHECK(error.where().starts_with(".dockerignore:"));
    return 0;
  }
  size_t budget = 64;
  for (const auto& line : split(paths, '\n')) {
    const std::string path = clean_path(line);
    if (path == "." || path.starts_with('/') || path.starts_with("..") || budget-- == 0) continue;
    const bool excluded = file.excludes(path);
    IgnoreFile::Verdict verdict;
    bool skipped = false;
    for (size_t end = 0; end != path.npos;) {
      end = path.find('/', end + 1);
      const auto part = std::string_view(path).substr(0, end);
      verdict = file.judge(part, verdict);
      if (end != path.npos) skipped |= file.can_skip(part, verdict);
    }
    CHECK(verdict.excluded == excluded);
    CHECK(!skipped || excluded);
    try {
      match_wildcard(patterns, path);
    } catch (const Error&) {
    }
  }
  return 0;
}
