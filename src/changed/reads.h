// What one build reads of its contexts, found without building anything: its Dockerfile is lowered with base images of which
// nothing is known, and the steps that the target needs name their sources.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "build/request.h"
#include "dockerfile/pattern.h"

namespace slipway::changed {

/// One source of COPY or ADD, or a bind mount.
struct Source {
  std::string pattern;                  // inside the context; "" is all of it
  bool with_parents = false;            // of COPY --parents: "**" has a meaning
  dockerfile::IgnoreFile excludes;      // --exclude
  std::string location;                 // "Dockerfile:12"
};

struct ContextReads {
  std::string name;  // "context", or of a named one
  std::string dir;   // absolute
  std::vector<Source> sources;
};

/// A step as far as its Dockerfile says it, for comparing two versions of it.
struct StepText {
  std::string text;      // equal for steps that do the same
  std::string location;  // "Dockerfile:12"
};

struct Reads {
  std::vector<ContextReads> contexts;
  std::vector<StepText> steps;  // that the target needs, in order
  std::string configs;          // of the images, history included
};

/// `dockerfile`: its text. Throws Error for a Dockerfile with mistakes.
Reads reads_of(const build::BuildRequest& request, const std::string& dockerfile, const std::string& name);

/// Whether a change at `path` (inside the context) can reach the source: it is among what the pattern matches, below it, or on
/// the way to it.
bool concerns(const Source& source, const std::string& dir, const std::string& path);

}  // namespace slipway::changed
