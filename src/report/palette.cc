// BUILDKIT_COLORS: "key=colour" pairs between colons; a colour is a name or "r,g,b".
#include "report/palette.h"

#include <fmt/core.h>

#include <array>
#include <optional>
#include <utility>

#include "base/text.h"

namespace slipway::report {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 17> kNames = {{
    {"default", 39},
    {"black", 30},
    {"red", 31},
    {"green", 32},
    {"yellow", 33},
    {"blue", 34},
    {"magenta", 35},
    {"cyan", 36},
    {"white", 37},
    {"light-black", 90},
    {"light-red", 91},
    {"light-green", 92},
    {"light-yellow", 93},
    {"light-blue", 94},
    {"light-magenta", 95},
    {"light-cyan", 96},
    {"light-white", 97},
}};

std::optional<std::string> sequence_of(std::string_view color) {
  const std::string name = to_lower(color);
  for (const auto& [known, code] : kNames)
    if (name == known) return fmt::format("\x1b[{}m", code);
  const auto parts = split(color, ',');
  if (parts.size() != 3) return std::nullopt;
  std::string out = "\x1b[38;2";
  for (const auto& part : parts) {
    const auto value = parse_u64(part);
    if (!value || *value > 255) return std::nullopt;
    out += fmt::format(";{}", *value);
  }
  return out + "m";
}

}  // namespace

Palette Palette::standard() {
  return {.run = "\x1b[34m",
          .cancel = "\x1b[33m",
          .error = "\x1b[31m",
          .warning = "\x1b[33m",
          .faint = "\x1b[2m"};
}

std::string Palette::paint(std::string_view sequence, std::string_view text) {
  if (sequence.empty()) return std::string(text);
  return fmt::format("{}{}\x1b[0m", sequence, text);
}

void apply_colors(std::string_view spec, Palette& palette, std::vector<std::string>& complaints) {
  for (const auto& field : split(spec, ':')) {
    if (trim(field).empty()) continue;
    const size_t equals = field.find('=');
    const std::string key = to_lower(field.substr(0, equals));
    const auto color = equals == field.npos ? std::nullopt : sequence_of(field.substr(equals + 1));
    std::string* slot = key == "run"       ? &palette.run
                        : key == "cancel"  ? &palette.cancel
                        : key == "error"   ? &palette.error
                        : key == "warning" ? &palette.warning
                                           : nullptr;
    if (!slot) {
      complaints.push_back(fmt::format(
          "BUILDKIT_COLORS: unknown key \"{}\" (known: run, cancel, error, warning)", key));
    } else if (!color) {
      complaints.push_back(
          fmt::format("BUILDKIT_COLORS: \"{}\" is no colour (write a name such as light-blue, or "
                      "r,g,b from 0 to 255)",
                      field));
    } else {
      *slot = *color;
    }
  }
}

}  // namespace slipway::report
