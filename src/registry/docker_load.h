// `--load`: streams an image archive to the engine of this machine, docker (its socket API) or
// podman (a subprocess), whichever answers.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "registry/client.h"

namespace slipway::registry {

/// Writes the whole archive (docker's or OCI's tar) into the sink. Called once, on the caller's
/// thread.
using ArchiveWriter = std::function<void(const Sink&)>;

struct LoadOptions {
  /// Where docker listens: "unix:///path" or "tcp://host:port". Default: $DOCKER_HOST, else
  /// docker's current context
  /// ($DOCKER_CONTEXT or config.json), else /var/run/docker.sock and $XDG_RUNTIME_DIR/docker.sock.
  std::string docker_host;
  std::string podman = "podman";  // program to try when no docker answers; empty: none
};

/// Loads the archive and returns into what: "docker" or "podman". An engine that was named
/// ($DOCKER_HOST, a context) must answer; otherwise docker is tried first. Streams to docker with a
/// quarter of a megabyte in between; podman reads a file, which is written to $TMPDIR (else
/// /var/tmp) first. Throws Error with the engine's own message when it refuses the archive, Error
/// naming both engines when none answers, Cancelled, and what `write` throws.
std::string load_archive(const ArchiveWriter& write, std::stop_token stop,
                         const LoadOptions& options = {});

}  // namespace slipway::registry
