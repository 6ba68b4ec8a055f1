// What a target takes from outside: the answer to `--call outline` as plain data.
#pragma once

#include <string>
#include <vector>

#include "dockerfile/ast.h"

namespace slipway::dockerfile {

struct Outline {
  struct Arg {
    std::string name;
    std::string value;  // in this build; empty if it has none
    std::string doc;    // the comment above it
    Span span;
  };
  /// A secret or an ssh agent that a RUN mounts.
  struct Need {
    std::string id;
    bool required = false;
    Span span;
  };
  std::string name;  // of the stage, empty if it has none
  std::string doc;
  std::vector<Arg> args;
  std::vector<Need> secrets, ssh;
};

}  // namespace slipway::dockerfile
