// Where the Dockerfile and its context are: paths, standard input, archives.
#pragma once

#include <optional>
#include <string>

#include "build/request.h"
#include "dockerfile/pattern.h"
#include "os/fs.h"

namespace slipway::build {

struct Inputs {
  std::string dockerfile_text;
  std::string dockerfile_name;  // for messages: as the user wrote it
  std::string dockerfile_key;   // tells one Dockerfile's use of a context from another's
  std::string context_dir;      // absolute; empty = none
  std::optional<dockerfile::IgnoreFile> ignore;
  std::optional<os::TempDir> unpacked;  // the context came as an archive
};

/// Reads what the build begins with; `scratch` is where an archive from standard input is unpacked. Throws Error for
/// contexts that are not there or of a kind that is not supported.
Inputs load_inputs(const BuildRequest& request, const std::string& scratch);

}  // namespace slipway::build
