// Who joins what: the id that machines of one CI run share without being told, and the words by
// which people recognise a machine.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace slipway::joins {

/// The value of an environment variable; nullopt if it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// "github-1234", "gitlab-77" ...: the run that a CI system is in the middle of; empty outside of
/// the systems that are known (docs/join.md lists them).
std::string run_of(const Environment& environment);

/// "github job build on runner-7": for people who look at a join.
std::string whereabouts(const Environment& environment, const std::string& host);

}  // namespace slipway::joins
