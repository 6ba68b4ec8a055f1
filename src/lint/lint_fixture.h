// What the tests of rules are written in.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/parse.h"
#include "lint/lint.h"
#include "os/fs.h"

namespace slipway::lint {

inline SourceFile dockerfile(std::string text) {
  return {"Dockerfile", Kind::Dockerfile, std::move(text)};
}
inline SourceFile workflow(std::string text) {
  return {".github/workflows/ci.yaml", Kind::Workflow, std::move(text)};
}

/// A file of tests/lint, under its path below its folder, as in a checkout of its own.
inline SourceFile example(const std::string& folder, const std::string& path) {
  const std::string text =
      os::read_file(std::string(SLIPWAY_SOURCE_DIR) + "/tests/lint/" + folder + "/" + path);
  const auto kind = kind_of_path(path);
  return {path, kind ? *kind : kind_of_text(text), text};
}
inline std::string expected(const std::string& name) {
  return os::read_file(std::string(SLIPWAY_SOURCE_DIR) + "/tests/lint/" + name);
}

inline Options only(std::string rule) {
  Options options;
  options.only.insert(std::move(rule));
  return options;
}

/// "Rule:line Rule:line" in the order of the findings.
inline std::string found(const std::vector<SourceFile>& files, const Options& options = {}) {
  std::string out;
  for (const auto& finding : lint(files, options).findings)
    for (const auto& file : files)
      if (file.path == finding.path)
        out += (out.empty() ? "" : " ") + finding.rule + ":" +
               std::to_string(LineIndex(file.text).place(finding.begin).line);
  return out;
}
inline std::string found(const SourceFile& file, const Options& options = {}) {
  return found(std::vector{file}, options);
}

/// What all fixes make of the file. Checks that they leave one that reads, and that they change
/// nothing when they are applied again.
inline std::string fixed(const SourceFile& file, const Options& options = {}) {
  const FixResult result = fix({file}, options);
  const std::string after = result.files.empty() ? file.text : result.files.front().after;
  if (file.kind == Kind::Dockerfile) {
    EXPECT_TRUE(dockerfile::try_parse(after).mistakes.empty()) << after;
  }
  SourceFile again = file;
  again.text = after;
  EXPECT_TRUE(fix({again}, options).files.empty()) << "the fix is not the last one:\n" << after;
  return after;
}

}  // namespace slipway::lint
