// One function a kind of work. The stage of a step is found by the step's line in the recorded
// text; what is proposed names lines of that file.
#include "record/edits.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "base/text.h"
#include "dockerfile/parse.h"

namespace slipway::record {
namespace {

using dockerfile::Arg;
using dockerfile::Instruction;
using dockerfile::Run;
using dockerfile::Stage;

/// Where a step stands in its Dockerfile.
struct Place {
  const Stage* stage = nullptr;
  const Instruction* instruction = nullptr;
  bool is_last = false;  // the stage's files are the image: it must be of the target's platform
};

int line_of(const std::string& location) {
  const size_t colon = location.rfind(':');
  if (colon == location.npos) return 0;
  return static_cast<int>(parse_u64(std::string_view(location).substr(colon + 1)).value_or(0));
}

Place find_place(const dockerfile::Dockerfile& file, const Build& build, int line) {
  Place place;
  for (const auto& stage : file.stages)
    for (const auto& instruction : stage.instructions)
      if (instruction.span.line <= line && line <= instruction.span.end_line) {
        place.stage = &stage;
        place.instruction = &instruction;
      }
  if (!place.stage) return place;
  const auto target =
      build.target.empty() ? std::nullopt
                           : dockerfile::find_stage(file, build.target, file.stages.size());
  const Stage* const last = target ? &file.stages[*target] : &file.stages.back();
  place.is_last = place.stage == last;
  // A stage that the image is built on is part of the image, too.
  const Stage* base = last;
  for (bool found = true; found && !place.is_last;) {
    const auto index = static_cast<size_t>(base - file.stages.data());
    const auto below = dockerfile::find_stage(file, base->from().image, index);
    found = below.has_value();
    if (found) base = &file.stages[*below];
    place.is_last = found && base == place.stage;
  }
  return place;
}

std::string at(const Build& build, const Instruction& instruction, std::string_view text) {
  return fmt::format("{}:{}: {}", build.dockerfile_name, instruction.span.line, text);
}

/// The FROM line of `stage` with the build platform in it.
std::string native_from(const Build& build, const Stage& stage) {
  const auto& from = stage.from();
  return at(build, stage.head,
            fmt::format("FROM --platform=$BUILDPLATFORM {}{}", from.image,
                        from.as_written.empty() ? "" : " AS " + from.as_written));
}

/// ARG lines for those of `names` that the stage does not declare.
std::vector<std::string> missing_args(const Build& build, const Place& place,
                                      const std::vector<std::string>& names) {
  std::set<std::string> declared;
  for (const auto& instruction : place.stage->instructions)
    if (const auto* arg = instruction.as<Arg>())
      for (const auto& item : arg->items) declared.insert(item.name);
  std::vector<std::string> missing;
  for (const auto& name : names)
    if (!declared.contains(name)) missing.push_back(name);
  if (missing.empty()) return {};
  return {at(build, *place.instruction,
             fmt::format("put above it: ARG {}", join(missing, " ")))};
}

std::string shortened(std::string text) {
  constexpr size_t kLongest = 160;
  if (text.size() > kLongest) text = text.substr(0, kLongest - 3) + "...";
  return text;
}

/// `text` with every `name=value` replaced by `name=wanted`, and with `name=wanted ` before the
/// first word `before` if there was none.
std::string with_variable(std::string text, std::string_view name, std::string_view wanted,
                          std::string_view before) {
  bool found = false;
  for (size_t from = 0; (from = text.find(std::string(name) + "=", from)) != text.npos;) {
    const size_t value = from + name.size() + 1;
    size_t end = text.find_first_of(" \t;&|", value);
    if (end == text.npos) end = text.size();
    text.replace(value, end - value, wanted);
    found = true;
    from = value + wanted.size();
  }
  if (found) return text;
  const size_t word = text.find(before);
  if (word != text.npos) text.insert(word, fmt::format("{}={} ", name, wanted));
  return text;
}

void append(std::vector<std::string>& to, std::vector<std::string> more) {
  to.insert(to.end(), more.begin(), more.end());
}

Proposal in_the_image(const Build& build, const Place& place, std::string_view tools) {
  return {fmt::format("{} ran in the stage that becomes the image, so they were the image's own and "
                      "emulated.",
                      tools),
          {at(build, place.stage->head,
              "build in a stage of its own, FROM --platform=$BUILDPLATFORM ... AS build, and COPY "
              "--from=build the result")},
          true};
}

Proposal go(const Build& build, const Place& place) {
  if (place.is_last) return in_the_image(build, place, "Go's compiler and linker");
  Proposal out{"Go's tools were programs of the target platform, run by QEMU. Go cross-compiles: let "
               "the stage be of the build platform, and name the target.",
               {native_from(build, *place.stage)},
               true};
  append(out.edits, missing_args(build, place, {"TARGETOS", "TARGETARCH"}));
  std::string text = place.instruction->text;
  text = with_variable(std::move(text), "GOARCH", "$TARGETARCH", "go ");
  text = with_variable(std::move(text), "GOOS", "$TARGETOS", "GOARCH=");
  out.edits.push_back(at(build, *place.instruction, shortened(text)));
  if (text.find("CGO_ENABLED=0") == text.npos)
    out.edits.push_back("with cgo, a C cross compiler is needed as well: apt-get install "
                        "crossbuild-essential-$TARGETARCH, and CC set to it");
  return out;
}

Proposal rust(const Build& build, const Place& place) {
  if (place.is_last) return in_the_image(build, place, "rustc and cargo");
  Proposal out{"rustc was a program of the target platform, run by QEMU. It cross-compiles: let the "
               "stage be of the build platform, and name the target.",
               {native_from(build, *place.stage)},
               true};
  append(out.edits, missing_args(build, place, {"TARGETARCH"}));
  out.edits.push_back(at(build, *place.instruction,
                         "rustup target add <triple of $TARGETARCH>, then cargo build --target "
                         "<triple>, with the linker of crossbuild-essential-$TARGETARCH"));
  return out;
}

Proposal c(const Build& build, const Place& place) {
  if (place.is_last) return in_the_image(build, place, "compiler and linker");
  Proposal out{"Compiler and linker were programs of the target platform, run by QEMU. Let the stage "
               "be of the build platform and use a cross compiler.",
               {native_from(build, *place.stage)},
               true};
  append(out.edits, missing_args(build, place, {"TARGETARCH"}));
  out.edits.push_back(
      at(build, *place.instruction,
         "install crossbuild-essential-$TARGETARCH instead of build-essential (libraries: dpkg "
         "--add-architecture $TARGETARCH, then NAME-dev:$TARGETARCH)"));
  out.edits.push_back("configure: --host=<triplet>; cmake: -DCMAKE_SYSTEM_NAME=Linux "
                      "-DCMAKE_C_COMPILER=<triplet>-gcc; make: CC=<triplet>-gcc");
  return out;
}

Proposal neutral(const Build& build, const Place& place, std::string_view what,
                 std::string_view remark) {
  if (place.is_last)
    return {fmt::format("{} ran in the stage that becomes the image, so that it was the image's own "
                        "and emulated.",
                        what),
            {at(build, place.stage->head,
                "build in a stage of its own, FROM --platform=$BUILDPLATFORM ... AS build, and COPY "
                "--from=build the result: it is the same for every platform")},
            true};
  Proposal out{fmt::format("{} was a program of the target platform, run by QEMU, though what it "
                           "makes is the same for every platform: the stage can be of the build "
                           "platform and run once.",
                           what),
               {native_from(build, *place.stage)},
               true};
  if (!remark.empty()) out.edits.emplace_back(remark);
  return out;
}

Proposal packages(const Build& build, const Place& place) {
  if (place.is_last)
    return {"Packages were installed into the image itself: their scripts are programs of the target "
            "platform, and there is no line to change. A base image that has them already, or a "
            "build on a machine of that platform, avoids it.",
            {},
            false};
  return {"Packages were installed in a stage of the target platform whose files are only copied "
          "from. If what the stage makes can be made natively (cross compiler, files that are the "
          "same everywhere), let it be of the build platform.",
          {native_from(build, *place.stage)},
          true};
}

}  // namespace

Proposal propose(const Build& build, const Step& step, Work work) {
  const auto parsed = dockerfile::try_parse(build.dockerfile_text, build.dockerfile_name);
  const Place place = find_place(parsed.file, build, line_of(step.location));
  if (!place.stage)
    return {"The step is not in the recorded Dockerfile (a trigger of the base image, perhaps).",
            {},
            false};
  switch (work) {
    case Work::Go:
      return go(build, place);
    case Work::Rust:
      return rust(build, place);
    case Work::C:
      return c(build, place);
    case Work::Jvm:
      return neutral(build, place, "The Java tool chain", {});
    case Work::Node:
      return neutral(build, place, "Node",
                     "modules with native code must be installed for the target: npm ci "
                     "--os=linux --cpu=<arm64 or x64>");
    case Work::Packages:
      return packages(build, place);
    case Work::Python:
      return {"Python ran under QEMU. Packages that come as wheels cost little; those that compile "
              "do. Compiling can move to a stage of the build platform only with a cross compiler; "
              "wheels from an index of your own avoid it.",
              {},
              false};
    case Work::Other:
      return {"The programs of the step were of the target platform, run by QEMU. If what it makes "
              "is the same for every platform, let the stage be of the build platform.",
              place.is_last ? std::vector<std::string>{}
                            : std::vector<std::string>{native_from(build, *place.stage)},
              false};
  }
  return {};
}

}  // namespace slipway::record
