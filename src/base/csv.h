// One CSV record, as the values of many flags and of bake files are written.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

/// Fields between commas; a field in double quotes may have commas and doubled quotes. One line end at the end is dropped.
/// Throws Error at `where` for stray quotes and for an empty record.
std::vector<std::string> csv_fields(std::string_view text, std::string_view where = {});

/// The record that reads back as these fields.
std::string csv_record(std::span<const std::string> fields);

}  // namespace slipway
