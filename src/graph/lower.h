// Dockerfile x platforms -> step graph. Pure but for the resolver, which knows base images.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "dockerfile/ast.h"
#include "dockerfile/check.h"
#include "dockerfile/outline.h"
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
};

/// A --build-context: exactly one of them is set, or `targets` has something.
struct NamedContext {
  std::string dir;    // absolute
  std::string image;  // "docker-image://..." without the scheme ("scratch": no files), or "oci-layout://..." with it
  std::optional<dockerfile::GitUrl> git;
  std::string url;  // of one file
  std::vector<Target> targets;  // what another build of the same graph makes, for each of its platforms
};

struct Request {
  std::vector<oci::Platform> platforms;
  oci::Platform build_platform;
  std::string target;              // stage to build; empty = the last
  /// At most one of them is set; none = no context (Dockerfile from standard input).
  std::string context_dir;
  std::string context_snapshot;  // id of a layer in the store
  std::string context_name;      // where the snapshot is from, for people
  bool context_keeps_times = false;  // Snapshot::keeps_times
  std::map<std::string, std::string> build_args;
  /// By short name ("alpine:3"), or that and "::" and a platform for which alone it counts.
  std::map<std::string, NamedContext> named_contexts;
  std::map<std::string, std::string> labels;
  std::string default_network = "default";
  bool no_cache = false;
  std::vector<std::string> no_cache_stages;
  bool allow_insecure = false, allow_host_network = false;
  std::string created;  // RFC 3339 for history and config

  // Of several builds in one graph (Joint).
  uint32_t job = 0;          // which of them this is
  std::string job_name;      // for the names of its steps; empty if there is only one
  std::string surroundings;  // steps that run something are shared among builds that have these in common
  std::string context_rules; // what .dockerignore says of the main context, or its digest
};

/// The --build-context that stands for an image or stage of this name on the platform; nullptr if there is none.
const NamedContext* named_context(const Request& request, std::string_view name, const oci::Platform& platform);

/// What lower() notices on the way.
struct Survey {
  dockerfile::CheckOptions checks;
  const dockerfile::IgnoreFile* ignore = nullptr;  // of the main context
  bool all_stages = false;  // look at stages that the target does not need, too (as checks without a target do)

  std::vector<dockerfile::Finding> findings;  // for the first platform; complete also if lower() throws
  std::vector<Error> problems;                // what lower() throws as one
  dockerfile::Outline outline;                // of the target on the first platform
};

/// Throws Error with the place in the Dockerfile for everything that can be known before a step runs: undefined stages,
/// circular stages, mistakes in variables, images without the platform, entitlements that were not given. It lists all
/// mistakes that do not follow from each other.
Graph lower(const dockerfile::Dockerfile& file, const Request& request, Resolver& resolver, Survey* survey = nullptr);

/// A graph that several builds share: what they have in common is there, and done, once.
struct Joint {
  Graph graph;  // without targets
  std::map<std::string, StepId> by_identity;
};

/// The same with the steps added to those of other builds; the targets that this build makes of them. After an Error the
/// graph is no longer of use.
std::vector<Target> lower_into(Joint& joint, const dockerfile::Dockerfile& file, const Request& request,
                               Resolver& resolver, Survey* survey = nullptr);

/// The same mistakes of a file that has others already (ParseResult::file), found without asking for any image.
std::vector<Error> mistakes(const dockerfile::Dockerfile& file, const Request& request);

/// Names of images that the build will want for sure, with the platform, so that they can be fetched side by side before
/// lower() asks for them one by one. Best effort: mistakes are lower()'s to report.
std::vector<std::pair<std::string, oci::Platform>> images_ahead(const dockerfile::Dockerfile& file, const Request& request);

}  // namespace slipway::graph
