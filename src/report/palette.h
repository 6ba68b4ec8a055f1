// Which colours the terminal view uses; BUILDKIT_COLORS as BuildKit reads it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::report {

/// Each member is an SGR sequence ("\x1b[34m") or empty for no colour.
struct Palette {
  std::string run, cancel, error, warning, faint;

  static Palette standard();
  /// `sequence` around `text`, or the text alone where there is no colour.
  static std::string paint(std::string_view sequence, std::string_view text);
};

/// Changes `palette` as "run=123,20,245:error=light-red" says. Names and RGB triples are accepted;
/// what is wrong is skipped and described in `complaints`.
void apply_colors(std::string_view spec, Palette& palette, std::vector<std::string>& complaints);

}  // namespace slipway::report
