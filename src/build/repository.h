// What the git repository around a context directory says of it, as buildx tells: for provenance, and as
// labels where BUILDX_GIT_LABELS asks for them. Nothing where there is no git or no repository.
#pragma once

#include <map>
#include <stop_token>
#include <string>

#include "build/request.h"

namespace slipway::build {

/// User and password of a URL go; nothing else changes.
std::string without_credentials(const std::string& url);

/// "revision" (with "-dirty" if BUILDX_GIT_CHECK_DIRTY asks and it is so) and "source" of the repository that
/// has `dir`; empty with BUILDX_GIT_INFO=0.
std::map<std::string, std::string> repository_of(const std::string& dir, std::stop_token stop);

/// Labels of the image: revision, source, and where in the repository the Dockerfile is. Empty unless
/// BUILDX_GIT_LABELS is set and the context is a directory.
std::map<std::string, std::string> git_labels(const BuildRequest& request, std::stop_token stop);

}  // namespace slipway::build
