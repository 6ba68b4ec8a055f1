// The two passes put together, and instructions sorted into stages.
#include "dockerfile/parse.h"

#include <fmt/core.h>

#include "base/text.h"
#include "dockerfile/instructions.h"
#include "dockerfile/scan.h"

namespace slipway::dockerfile {
namespace {

Dockerfile parse_into(std::string_view text, std::string_view file_name, Mistakes& mistakes) {
  ScanResult scanned = scan(text, mistakes);
  Dockerfile file;
  file.file_name = file_name;
  file.source = text;
  file.directives = std::move(scanned.directives);
  file.warnings = std::move(scanned.warnings);
  bool has_stage = false;       // a FROM was seen, be it a good one or not
  bool reported_early = false;  // an instruction before any FROM was reported
  Span last{1, 1, 1};
  for (auto& statement : scanned.statements) {
    const std::string keyword =
        statement.meant.empty() ? to_upper(statement.keyword) : statement.meant;
    const bool is_from = keyword == "FROM";
    last = statement.span;
    const size_t width = statement.keyword.size();
    const bool understood = !statement.broken;
    auto instruction = make_instruction(std::move(statement), mistakes);
    has_stage |= is_from;
    if (!has_stage && understood && keyword != "ARG" && !reported_early) {
      mistakes.add({last, width, fmt::format("{} before the first FROM", keyword),
                    "only ARG may stand before FROM, which begins a build stage"});
      reported_early = true;
    }
    if (!instruction) {
      if (is_from) file.stages.push_back({.head = {.span = last, .body = From{}}});
      (file.stages.empty() ? file.incomplete_globals : file.stages.back().incomplete) = true;
    } else if (is_from) {
      Stage stage{.head = std::move(*instruction)};
      const std::string& name = stage.name();
      for (const auto& comment : stage.head.comments)
        if (!name.empty() && stage.doc.empty() && comment.starts_with(name + " "))
          stage.doc = comment.substr(name.size() + 1);
      file.stages.push_back(std::move(stage));
    } else if (!file.stages.empty()) {
      file.stages.back().instructions.push_back(std::move(*instruction));
    } else if (keyword == "ARG") {
      file.global_args.push_back(std::move(*instruction));
    }
  }
  if (!has_stage && mistakes.empty())
    mistakes.add({last, 1, "dockerfile contains no stages to build", "it needs a FROM"});
  return file;
}

}  // namespace

Dockerfile parse(std::string_view text, std::string_view file_name) {
  Mistakes mistakes;
  Dockerfile file = parse_into(text, file_name, mistakes);
  if (!mistakes.empty()) throw to_error(mistakes, text, file_name);
  return file;
}

ParseResult try_parse(std::string_view text, std::string_view file_name) {
  Mistakes mistakes;
  Dockerfile file = parse_into(text, file_name, mistakes);
  return {std::move(file), to_errors(mistakes, text, file_name)};
}

Instruction parse_one(std::string_view text, std::string_view origin, char escape) {
  Mistakes mistakes;
  ScanResult scanned = scan(text, mistakes, escape);
  std::optional<Instruction> instruction;
  if (mistakes.empty()) {
    if (scanned.statements.size() != 1)
      mistakes.add(
          {scanned.statements[1].span, 1, "more than one instruction where one is expected", {}});
    else
      instruction = make_instruction(std::move(scanned.statements.front()), mistakes);
  }
  if (!mistakes.empty()) throw to_error(mistakes, text, origin);
  return std::move(*instruction);
}

}  // namespace slipway::dockerfile
