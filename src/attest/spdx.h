// An inventory -> an SPDX 2.3 document in JSON (spdx.github.io/spdx-spec/v2.3). The same inventory
// of the same subject gives the same bytes.
#pragma once

#include <string>

#include "attest/scan.h"

namespace slipway::attest {

struct SpdxOptions {
  std::string name;  // of what was scanned: an image name, or "sbom" as BuildKit's scanner calls it
  std::string version;     // of the image: its digest; empty for plain files
  std::string purl;        // of the image; may be empty
  std::string name_space;  // what makes the document's namespace unique: a digest, perhaps with
                           // more behind it
  std::string created;     // RFC 3339, UTC
};

std::string spdx_document(const Inventory& inventory, const SpdxOptions& options);

}  // namespace slipway::attest
