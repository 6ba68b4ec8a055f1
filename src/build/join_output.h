// `--join`: a pushed image becomes a fragment of its tag, and the last machine publishes the index
// (joins/). What of it concerns one build: its id, what cannot go together, the words of the result.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "build/request.h"
#include "joins/meeting.h"
#include "oci/documents.h"
#include "registry/client.h"
#include "registry/reference.h"

namespace slipway::build {

/// Refuses what cannot be joined. Throws Error naming the flag.
void check_join(const BuildRequest& request);

/// The join as it will be entered: with an id, from the commit of the context if nothing else says
/// it. Throws Error if there is none.
JoinSpec complete_join(const BuildRequest& request, std::stop_token stop);

/// Throws Error if another machine of the join expects other platforms; asked before anything is
/// built.
void check_agreement(const JoinSpec& join, const std::vector<std::string>& names,
                     registry::Client& client, std::stop_token stop);

struct JoinResult {
  joins::State state;
  std::vector<std::string> lines;  // for people
};

/// Enters `index`, whose parts the registry has, for `platforms` into the join of `to`, and
/// publishes if nothing is missing.
JoinResult join_tag(const JoinSpec& join, const registry::Reference& to,
                    const std::vector<oci::Platform>& platforms, std::string_view index,
                    registry::Client& client, std::stop_token stop);

/// What the metadata file says of a join, as JSON.
std::string join_json(const joins::State& state);

}  // namespace slipway::build
