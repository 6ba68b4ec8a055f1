// A parsed Dockerfile as its rules see it: stages with what they stand on and who copies from them,
// instructions with their bytes in the file, RUN as simple commands.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/ast.h"
#include "dockerfile/parse.h"
#include "dockerfile/scan.h"
#include "lint/finding.h"
#include "lint/shell.h"
#include "lint/source.h"

namespace slipway::lint {

/// An instruction with its place. Pointers are into the DockerfileView.
struct StepView {
  const dockerfile::Instruction* instruction = nullptr;
  size_t begin = 0;     // its first byte
  size_t end = 0;       // behind the end of its last line, heredocs included
  size_t lead = 0;      // the first byte of the line where the comments right above it begin
  std::string workdir;  // absolute as far as is known, "/" at first
  Script script;        // RUN: what the shell gets; empty for the JSON form
  std::vector<ShellCommand> commands;

  bool is_run() const { return instruction->as<dockerfile::Run>() != nullptr; }
};

/// On which platform the instructions of a stage run.
enum class StagePlatform { Target, Build, Fixed };

struct StageView {
  const dockerfile::Stage* stage = nullptr;
  size_t index = 0;
  std::optional<size_t> parent;  // the stage that FROM names
  std::string base;              // the image at the bottom of its chain: "golang", "dotnet/sdk"
  std::string base_tag;
  StagePlatform platform = StagePlatform::Target;
  std::string fixed_platform;  // as written
  size_t begin = 0, end = 0;   // bytes of FROM's first line
  std::vector<StepView> steps;

  bool is_whole() const { return !stage->incomplete; }
};

class DockerfileView {
 public:
  explicit DockerfileView(const SourceFile& file);
  DockerfileView(const DockerfileView&) = delete;

  const SourceFile& file() const { return file_; }
  const LineIndex& lines() const { return lines_; }
  const dockerfile::Dockerfile& dockerfile() const { return parsed_.file; }
  /// Nothing is missing: the parser found no mistake.
  bool is_whole() const { return parsed_.mistakes.empty(); }
  const std::vector<Error>& mistakes() const { return parsed_.mistakes; }
  /// What the parser saw, broken statements included.
  const std::vector<dockerfile::Statement>& statements() const { return statements_; }

  const std::vector<StageView>& stages() const { return stages_; }
  /// The stage itself, its parent, and so on.
  std::vector<size_t> chain(size_t stage) const;
  bool is_ancestor(size_t ancestor, size_t stage) const;
  /// Whether the files of the stage are part of the last stage's image as they are.
  bool is_in_image(size_t stage) const { return in_image_.contains(stage); }
  /// Who copies from a stage: COPY instructions of any stage.
  struct CopyOut {
    const StageView* by;
    const StepView* step;
    const dockerfile::Copy* copy;
  };
  std::vector<CopyOut> copies_from(size_t stage) const;
  std::optional<size_t> stage_of(std::string_view from, size_t before) const;
  /// Whether `ARG name` stands in the stage above `step`, or in a stage it stands on.
  bool declares(const StageView& stage, std::string_view name, const StepView& step) const;
  /// The file itself speaks of several platforms.
  bool speaks_of_platforms() const { return speaks_of_platforms_; }
  /// Some RUN that the image needs runs on the target's platform.
  bool needs_emulation() const;

  size_t offset(const dockerfile::Span& span) const {
    return lines_.offset(span.line, span.column);
  }
  /// The byte of an instruction's text.
  size_t offset(const dockerfile::Instruction& instruction, size_t at) const {
    return offset(dockerfile::span_at(instruction, at));
  }
  /// "ARG TARGETARCH\n" in front of `step` and the comments above it; nothing if it is declared.
  std::vector<Edit> declare(const StageView& stage, const StepView& step,
                            std::string_view name) const;

 private:
  void add_stage(const dockerfile::Stage& stage, size_t index);
  StepView step_of(const dockerfile::Instruction& instruction) const;
  Script script_of(const dockerfile::Instruction& instruction) const;
  void name_base(StageView& view) const;

  const SourceFile& file_;
  LineIndex lines_;
  dockerfile::ParseResult parsed_;
  std::vector<dockerfile::Statement> statements_;
  std::vector<StageView> stages_;
  std::set<size_t> in_image_;
  bool speaks_of_platforms_ = false;
};

/// Images whose purpose is compiling, by the name of the image.
enum class Toolchain { None, Go, Rust, C, Jvm, Node, Dotnet, Other };
Toolchain toolchain_of(const StageView& stage);

/// "/app/main" for "main" in /app.
std::string resolved(std::string_view workdir, std::string_view path);
/// Whether one of the two absolute paths is the other or below it.
bool overlap(std::string_view a, std::string_view b);
/// The architecture that a name such as "build-arm64" speaks of; empty if none.
std::string architecture_in(std::string_view name);

}  // namespace slipway::lint
