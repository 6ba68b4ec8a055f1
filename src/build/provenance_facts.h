// What provenance says of one target, gathered from the request, the graph and what its steps
// found.
#pragma once

#include "attest/provenance.h"
#include "build/attestations.h"

namespace slipway::build {

/// Everything but the user's own claims (builder id, reproducible). Asks git about the context's
/// repository.
attest::ProvenanceFacts provenance_facts(const AttestContext& context, size_t target);

}  // namespace slipway::build
