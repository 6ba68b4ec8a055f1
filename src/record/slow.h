// Why a build was slow for foreign platforms, and the edit that makes it fast: the answer of
// `slipway why --slow`. A pure function from a record (which has the Dockerfile's text) to findings.
#pragma once

#include <string>
#include <vector>

#include "record/record.h"

namespace slipway::record {

/// What the programs that took most of an emulated step were there for. Each kind has its own way
/// out.
enum class Work {
  Go,        // go and its compile, link, asm, vet
  Rust,      // cargo, rustc
  C,         // gcc, g++, clang, as, ld, make, cmake ...
  Jvm,       // java, javac, mvn, gradle: the output is the same for every platform
  Node,      // node, npm ...: mostly the same for every platform
  Packages,  // apt, dpkg, apk, dnf and what their scripts call
  Python,
  Other,
};

struct SlowStep {
  const Step* step = nullptr;  // of the record
  Work work = Work::Other;
  Programs programs;        // the emulated ones, dearest first
  double saved_seconds = 0; // of CPU, about; 0 if nothing can be promised
  std::string reason;       // one sentence: why it was emulated
  std::vector<std::string> edits;  // what to change, in order; "Dockerfile:3: FROM ..." for lines
};

/// How many times as much CPU a program takes under QEMU user mode than natively: measured between
/// 8 and 12 for compilers and package installation (docs/architectures.md); the lower end, so that
/// savings are not promised too high.
constexpr double kQemuFactor = 8;

/// The emulated steps of `build`, dearest first. `build` must outlive them.
std::vector<SlowStep> slow_steps(const Build& build);

/// Text for people, one paragraph a step; says so when nothing was emulated.
std::string render_slow(const Build& build);
std::string slow_json(const Build& build);

}  // namespace slipway::record
