// Fixes, one after another: each is worked out on the text that the one before has left, so that
// two of them never disagree about a line.
#include <algorithm>

#include "base/error.h"
#include "dockerfile/parse.h"
#include "lint/lint.h"
#include "yaml/yaml.h"

namespace slipway::lint {
namespace {

constexpr size_t kMostFixes = 1000;  // of one run; far above any real file

bool is_readable(const SourceFile& file) {
  if (file.kind == Kind::Dockerfile) return dockerfile::try_parse(file.text).mistakes.empty();
  if (file.kind == Kind::Log) return true;
  try {
    yaml::parse(file.text, file.path);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

std::string applied(std::string_view text, std::vector<Edit> edits) {
  std::stable_sort(edits.begin(), edits.end(),
                   [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
  std::string out;
  size_t at = 0;
  for (const auto& edit : edits) {
    CHECK(edit.begin >= at && edit.begin <= edit.end && edit.end <= text.size());
    out += text.substr(at, edit.begin - at);
    out += edit.text;
    at = edit.end;
  }
  return out += text.substr(at);
}

FixResult fix(std::vector<SourceFile> files, const Options& options) {
  const std::vector<SourceFile> before = files;
  std::vector<std::vector<std::string>> rules(files.size());
  FixResult out;
  for (size_t count = 0;; ++count) {
    out.left = lint(files, options);
    bool did_one = false;
    for (const auto& finding : out.left.findings) {
      if (finding.fix.empty() || count >= kMostFixes) continue;
      const auto file = std::find_if(files.begin(), files.end(), [&](const SourceFile& entry) {
        return entry.path == finding.path;
      });
      SourceFile next{file->path, file->kind, applied(file->text, finding.fix)};
      const bool would_break = is_readable(*file) && !is_readable(next);
      if (would_break || next.text == file->text) continue;
      *file = std::move(next);
      rules[static_cast<size_t>(file - files.begin())].push_back(finding.rule);
      did_one = true;
      break;
    }
    if (!did_one) break;
  }
  for (size_t i = 0; i < files.size(); ++i)
    if (files[i].text != before[i].text)
      out.files.push_back({files[i].path, before[i].text, files[i].text, rules[i]});
  return out;
}

}  // namespace slipway::lint
