// Attestations beside exported files: what an image carries in its index becomes files of
// statements about every file.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "attest/statement.h"
#include "tree/tree.h"

namespace slipway::build {

/// `files` with one file more for each attestation, in its root: PREFIX + name, or
/// "provenance.linux_arm64.json" with a `platform`. Subjects are all regular files with their
/// digests; those not known yet are read. Throws Error if two attestations have one name, or a file
/// of the result has it.
tree::Tree with_attestations(const tree::Tree& files,
                             const std::vector<attest::Attestation>& attestations,
                             const std::string& prefix, const std::string& platform,
                             std::stop_token stop);

}  // namespace slipway::build
