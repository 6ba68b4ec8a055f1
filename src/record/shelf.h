// The records of a store: one file a build, in its folder `builds`, the last kKept of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "record/record.h"

namespace slipway::record {

constexpr size_t kKept = 200;

/// An id for a build that starts now; ids of later builds sort behind it.
std::string new_id(int64_t seconds_since_epoch);

/// Writes build.id's file below `store_root`, atomically, and removes the oldest beyond kKept.
void put(const std::string& store_root, const Build& build);

/// The ids of all records, newest first.
std::vector<std::string> ids(const std::string& store_root);

/// The record whose id is `wanted` or begins with it; the newest for "". Throws Error with the way
/// out when there is none or several fit.
Build get(const std::string& store_root, std::string_view wanted);

}  // namespace slipway::record
