// The JSON value type without the cost of the parser's header.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace slipway::json {
using Value = nlohmann::ordered_json;
}
