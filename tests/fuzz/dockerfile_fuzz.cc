// Any bytes as a Dockerfile. Parsing must end, report mistakes with places inside the file, and
// what it accepts must survive parse -> print -> parse with the same meaning. Accepted instructions
// are expanded, too.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "dockerfile/expand.h"
#include "dockerfile/mount.h"
#include "dockerfile/parse.h"
#include "dockerfile/print.h"
#include "json/json.h"

namespace {

using namespace slipway;
using namespace slipway::dockerfile;

std::optional<std::string> environment(std::string_view name) {
  if (name == "A") return "value";
  if (name == "B") return "two words";
  if (name == "E") return "";
  if (name == "P") return "/usr/local/bin/a.b.c";
  return std::nullopt;
}

void expand_all(const Dockerfile& file, const Instruction& instruction) {
  try {
    std::vector<Names> names;
    expand(file, instruction, environment, &names);
  } catch (const Error& error) {
    CHECK(!error.where().empty());
  }
  const auto* run = instruction.as<Run>();
  if (!run) return;
  for (const auto& mount : run->mounts) {
    try {
      resolve_mount(mount, environment, file.directives.escape);
    } catch (const Error&) {
    }
  }
}

// A line that ends in one escape (reached through a continuation at the end of the file) cannot be
// written again.
bool can_be_printed(const Dockerfile& file, const Instruction& instruction) {
  return !instruction.text.ends_with(file.directives.escape);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  detect_directives(text);
  try {
    to_sexp(scan_or_throw(text, "Dockerfile"));
  } catch (const Error&) {
  }
  const auto [file, mistakes] = try_parse(text);
  for (const auto& mistake : mistakes) {
    CHECK(mistake.where().starts_with("Dockerfile:"));
    CHECK(!mistake.excerpt().empty());
  }
  CHECK(mistakes.size() <= kMaxListed);
  bool printable = true;
  for (const auto& arg : file.global_args) {
    expand_all(file, arg);
    printable &= can_be_printed(file, arg);
  }
  for (const auto& stage : file.stages) {
    expand_all(file, stage.head);
    printable &= can_be_printed(file, stage.head);
    for (const auto& instruction : stage.instructions) {
      expand_all(file, instruction);
      printable &= can_be_printed(file, instruction);
    }
  }
  if (!mistakes.empty() || !printable) return 0;
  const std::string printed = to_dockerfile(file);
  const Dockerfile again = parse(printed);
  CHECK(json::dump(to_json(again, Detail::Meaning)) == json::dump(to_json(file, Detail::Meaning)));
  CHECK(to_dockerfile(again) == printed);
  return 0;
}
