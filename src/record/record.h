// What one build did, as plain data: the answer to later questions (`slipway history`, `slipway
// why`). One JSON file a build, docs/formats/build-record.md. Nothing in here reaches an image, so
// clock and machine may.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "seams/observer.h"

namespace slipway::record {

struct Step {
  std::string name;      // "[linux/arm64 build 3/7] RUN go build"
  std::string kind;      // "source", "run", "file", "export", "other"
  std::string platform;  // "linux/arm64", or empty
  std::string location;  // "Dockerfile:12", or empty
  std::string state;     // "done", "cached", "failed", "cancelled", "waiting", "running"
  seams::StepCost cost;
  std::string error;
  seams::StepKey key;    // empty for steps that have none
  std::string imported;  // which cache elsewhere the result came from, or empty
};

struct Build {
  std::string id;           // sorts by time: "20261121T175400-3f9a2c"
  int64_t started = 0;      // seconds since the epoch
  double wall_seconds = 0;  // of the whole build
  bool ok = false;
  std::string error;                             // of a build that failed
  std::string context;                           // as it was given
  std::string context_dir;                       // of this machine, absolute; or empty
  std::string ignore_name, ignore_text;          // the context's .dockerignore, if it has one
  std::string dockerfile_name, dockerfile_text;  // the text, so that advice can name its lines
  std::string target;
  std::string build_platform;
  std::vector<std::string> platforms;
  std::vector<std::string> names;                // of --tag
  uint64_t image_bytes = 0;                      // of the layers' blobs, each once
  uint64_t context_bytes = 0;                    // of the context files that the build read
  std::map<std::string, std::string> emulators;  // by platform: "qemu-aarch64 version 7.2.22"
  std::vector<Step> steps;

  double cpu_seconds() const;
  double emulated_seconds() const;
  /// Steps that are the build's work, and how many of them came from the cache.
  size_t counted() const;
  size_t cached() const;
};

std::string to_json(const Build& build);
/// Members that it does not know are skipped. Throws Error naming `origin` for anything that is not
/// a record.
Build from_json(std::string_view text, std::string_view origin);

using Programs = std::vector<seams::ProgramCost>;
/// The programs of several steps together, dearest first; the same executable is one entry.
Programs together(const std::vector<const Step*>& steps, bool emulated_only);

}  // namespace slipway::record
