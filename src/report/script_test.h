// Test support of this room: an observer of a given mode with a clock that the test turns and its
// output as a string.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "report/observer.h"

namespace slipway::report {

struct Script {
  double now = 1000;
  std::string out;
  Size size{60, 12};
  std::unique_ptr<seams::Observer> observer;

  explicit Script(Mode mode, Palette palette = {}) {
    Options options;
    options.clock = [this] { return now; };
    options.write = [this](std::string_view bytes) { out += bytes; };
    options.terminal_size = [this] { return size; };
    options.own_thread = false;
    options.palette = std::move(palette);
    observer = make_observer(mode, std::move(options));
  }

  std::string take() { return std::exchange(out, {}); }

  static seams::StepInfo step(std::string name, seams::StepKind kind = seams::StepKind::Run,
                              std::string platform = {}) {
    seams::StepInfo info;
    info.name = std::move(name);
    info.kind = kind;
    info.platform = std::move(platform);
    return info;
  }
  static seams::StepCost native(double wall, double cpu) {
    return {.wall_seconds = wall,
            .cpu_seconds = cpu,
            .emulated_seconds = 0,
            .how = seams::HowRun::Native};
  }
  static seams::StepCost emulated(double wall, double cpu, double in_emulator) {
    return {.wall_seconds = wall,
            .cpu_seconds = cpu,
            .emulated_seconds = in_emulator,
            .how = seams::HowRun::Emulated};
  }
};

}  // namespace slipway::report
