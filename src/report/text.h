// Text for terminals: what a step printed made harmless, and how many columns it takes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace slipway::report {

/// One line of a step's output as it may be shown on a terminal that is not the step's own: cursor
/// movement, titles and every other control is dropped, tabs become blanks, text before a carriage
/// return is overwritten by what follows it, and bytes that are not UTF-8 become U+FFFD. Colours
/// (SGR) stay if `keep_colors`; they are reset at the end.
std::string harmless(std::string_view line, bool keep_colors);

/// Columns on a terminal: wide characters count two, combining ones none, SGR sequences none.
size_t columns_of(std::string_view text);

/// As much of `text` as fits into `columns`, with SGR sequences kept and closed.
std::string fit(std::string_view text, size_t columns);

/// `left` cut where needed, `right` flush with the last of `columns`. Without `right` no blanks are
/// added.
std::string fit_line(std::string_view left, std::string_view right, size_t columns);

/// "[=====>     ]", `width` columns in all; `done` may be greater than `total`.
std::string bar(double done, double total, size_t width);

}  // namespace slipway::report
