// Texts for what registries answer: turns statuses, error documents and failures into Errors that
// say which registry, what it said, and what to do.
#pragma once

#include <string>

#include "base/error.h"
#include "http/client.h"
#include "registry/credentials.h"
#include "registry/settings.h"

namespace slipway::registry {

/// The message of an error document ({"errors":[{"code","message"}]}), else the first line of a
/// plain text; may be empty.
std::string message_of(const http::Response& response);

/// "the registry HOST answered 503: message", with the hint that fits the status.
Error answer_error(const Endpoint& endpoint, const http::Response& response);
/// "cannot reach the registry HOST: connection refused".
Error failure_error(const Endpoint& endpoint, const http::Failure& failure);
/// For 401 and 403. `login` is who we said we are; nullptr when anonymous.
Error not_allowed_error(const Endpoint& endpoint, const std::string& action,
                        const Credential* login, const std::string& said);

}  // namespace slipway::registry
