// Whether a rule's conditions hold for one execution: a pure function of what the process is about to do.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "exec/substitutes.h"
#include "twins/rules.h"

namespace slipway::twins {

/// What a decision may ask about other files of the step.
struct Surroundings {
  /// Text of a script by the path that the process would open; nullopt if it cannot be read, or is too long to look at.
  std::function<std::optional<std::string>(const std::string& path)> text;
  /// The package that brought the file, if it is unchanged since.
  std::function<std::optional<std::string>(const std::string& path)> owner;
};

/// Variables that change how programs of any package run in ways that the two sides do not share.
bool has_doubtful_environment(const exec::Execution& execution);

/// Whether an argument reaches into /proc, where a program can find its own file: the emulator shows it the foreign one.
bool may_look_at_itself(const exec::Execution& execution);

/// The first argument that is no option, as shells and interpreters find their script; empty without one.
std::string script_of(const exec::Execution& execution);

bool holds(const Condition& condition, const exec::Execution& execution, const Surroundings& surroundings);
bool hold(const Rule& rule, const exec::Execution& execution, const Surroundings& surroundings);

}  // namespace slipway::twins
