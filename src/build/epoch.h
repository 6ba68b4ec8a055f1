// SOURCE_DATE_EPOCH: a number, or whose time the image shall have. Between loading the inputs and lowering.
#pragma once

#include <cstdint>
#include <optional>

#include "build/inputs.h"
#include "build/request.h"
#include "graph/lower.h"

namespace slipway::build {

/// Seconds since the epoch that no time in the image may be later than; nullopt if nothing was asked for, or if
/// what was named has no time of its own (a directory). The value comes from the build argument, else from a
/// default before the first FROM. It is a number, "context", a named context, or a stage FROM scratch with one ADD
/// of a git repository or URL; commits tell when they were made, files when the server says they changed, archives
/// without that what their newest file says. Puts the number in place of a name into wanted.build_args.
/// Throws Error for anything else.
std::optional<int64_t> source_date_epoch(const BuildRequest& request, const Inputs& inputs, const InputTools& tools,
                                         graph::Request& wanted);

}  // namespace slipway::build
