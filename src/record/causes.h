// Why a step ran: its key beside the nearest key of an earlier build, part by part. Pure functions
// over records.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "record/listing.h"
#include "record/record.h"

namespace slipway::record {

/// One part of a key that is not what it was.
struct Difference {
  std::string label;   // "command", "env VERSION", "content 0" ...
  std::string before;  // empty: it was not there
  std::string now;
  std::vector<FileChange> files;  // of contents, where listings of both are there
};

struct Cause {
  enum class Kind {
    NotRun,       // it was in the cache, or nothing needed it
    AskedFor,     // --no-cache
    FirstTime,    // no earlier build had a step like it
    Changed,      // `differences`
    Parent,       // only the step below it gave other files: `parent`
    Lost,         // the same key was built before, and its result has gone from the store
    Unfinished,   // the same key failed or was stopped before
    Unknown,      // the step has no key, or an older program wrote the record
  } kind = Kind::Unknown;
  const Build* build = nullptr;  // that it is compared with
  std::vector<Difference> differences;
  std::optional<size_t> parent;  // index of the step of the same build
};
std::string_view name_of(Cause::Kind kind);

/// The listing behind a content; nothing if it was not kept.
using Listings = std::function<std::optional<std::string>(const std::string& content)>;

/// Why step `at` of `build` ran. `earlier`: builds before it, newest first; they must outlive the
/// result.
Cause cause_of(const Build& build, size_t at, const std::vector<Build>& earlier,
               const Listings& listings);

/// The value of a part, empty if there is none.
std::string part_of(const seams::StepKey& key, std::string_view label);
/// "RUN" argument lists and other packed words as one line: "4:make 3:all " -> "make all".
std::string unpacked_words(const std::string& packed);

}  // namespace slipway::record
