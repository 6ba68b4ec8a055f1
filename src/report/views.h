// The observers behind make_observer, one factory each, and the output they share.
#pragma once

#include <memory>
#include <string_view>

#include "report/observer.h"

namespace slipway::report {

std::unique_ptr<seams::Observer> make_plain(Options options);
std::unique_ptr<seams::Observer> make_tty(Options options);
std::unique_ptr<seams::Observer> make_raw_json(Options options);
std::unique_ptr<seams::Observer> make_quiet();

/// Writes everything and forgets about errors: a terminal or reader that went away must not stop a
/// build.
void write_best_effort(const Options& options, std::string_view bytes);

}  // namespace slipway::report
