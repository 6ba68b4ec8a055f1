// Machine code inside zip archives: jars, wheels and their like. Reads the directory at the archive's end and of each
// member with a library's name its first bytes; nothing is unpacked (APPNOTE.TXT 6.3, stored and deflated members).
#pragma once

#include <string_view>
#include <vector>

#include "verify/bytes.h"
#include "verify/code.h"

namespace slipway::verify {

/// "x.jar", "x.whl" ...: worth opening if it begins as a zip archive does.
bool is_archive_name(std::string_view path);
bool is_zip(std::span<const uint8_t> head);

/// Native code among the members, in the archive's order; `path` is the member's name, "inner.jar!lib/x.so" in an archive
/// that is stored inside. What is damaged is passed over. Of large archives the first 200000 members count.
std::vector<Code> code_in_zip(const Bytes& archive);

}  // namespace slipway::verify
