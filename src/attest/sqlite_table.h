// Reads one column of one table of an SQLite database that came with an image. The file is nobody's
// we trust, and all that is wanted of it is a walk over a b-tree: so it is read as bytes, every
// page and length checked, without the library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slipway::attest {

/// Column `column` (from 0) of every row of `table` as bytes, in order of row ids; other types than
/// text and blob are empty. What an unfinished transaction left in a -wal file beside it is not
/// seen. Throws Error naming `origin` for damaged files and if there is no such table. (File
/// format: sqlite.org/fileformat2.html.)
std::vector<std::string> read_sqlite_blobs(std::string_view bytes, std::string_view table,
                                           size_t column, std::string_view origin);

}  // namespace slipway::attest
