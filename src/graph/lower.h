// Dockerfile x platforms -> step graph. Pure but for the resolver, which knows base images.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dockerfile/ast.h"
#include "graph/graph.h"
#include "image/config.h"

namespace slipway::graph {

struct ResolvedImage {
  BaseImage image;
  image::Config config;
};

/// What the graph needs from outside. Implemented by build/.
class Resolver {
 public:
  virtual ~Resolver() = default;
  /// An image by name for one platform. Throws Error when there is none (listing the platforms it has).
  virtual ResolvedImage image(const std::string& name, const oci::Platform& platform) = 0;
  virtual void warn(const std::string& text, const std::string& location) = 0;
};

/// A --build-context: exactly one of dir and image is set.
struct NamedContext {
  std::string dir;
  std::string image;  // "docker-image://..." without the scheme, or "oci-layout://..." with it
};

struct Request {
  std::vector<oci::Platform> platforms;
  oci::Platform build_platform;
  std::string target;              // stage to build; empty = the last
  std::string context_dir;         // empty = no context (Dockerfile from standard input)
  std::map<std::string, std::string> build_args;
  std::map<std::string, NamedContext> named_contexts;
  std::map<std::string, std::string> labels;
  std::string default_network = "default";
  bool no_cache = false;
  std::vector<std::string> no_cache_stages;
  bool allow_insecure = false, allow_host_network = false;
  std::string created;  // RFC 3339 for history and config
  std::optional<int64_t> source_date_epoch;
};

/// Throws Error with the place in the Dockerfile for everything that can be known before a step runs: undefined stages,
/// circular stages, mistakes in variables, images without the platform, entitlements that were not given.
Graph lower(const dockerfile::Dockerfile& file, const Request& request, Resolver& resolver);

/// Names of images that the build will want for sure, with the platform, so that they can be fetched side by side before
/// lower() asks for them one by one. Best effort: mistakes are lower()'s to report.
std::vector<std::pair<std::string, oci::Platform>> images_ahead(const dockerfile::Dockerfile& file, const Request& request);

}  // namespace slipway::graph
