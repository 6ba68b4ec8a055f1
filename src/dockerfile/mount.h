// RUN --mount: the CSV of a mount becomes a checked Mount once its variables have values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/ast.h"
#include "dockerfile/expand.h"

namespace slipway::dockerfile {

/// Defaults that depend on the rest of the build (target of a secret, id of a cache, WORKDIR) are
/// the graph's.
struct Mount {
  enum class Type { Bind, Cache, Tmpfs, Secret, Ssh };
  enum class Sharing { Shared, Private, Locked };
  Type type = Type::Bind;
  std::string
      from;  // stage, image or named context; empty = the build context (bind) or nothing (cache)
  std::string source;  // for a secret the id, if `id` is empty
  std::string target;  // as written, may be relative or empty
  std::string id;
  Sharing sharing = Sharing::Shared;
  bool read_only = true;                   // bind: true unless rw; cache, tmpfs: false unless ro
  bool required = false;                   // secret, ssh
  std::optional<std::string> env;          // secret: name of the variable; "" = same as the id
  std::optional<uint32_t> mode, uid, gid;  // cache, secret, ssh
  uint64_t size = 0;                       // tmpfs, bytes; 0 = no limit
};

/// Splits the value of `--mount`. As in BuildKit only its form and a "$" in `from` are wrong at
/// once; a stage that is not built may have any other mistake. Throws Error without a place.
MountSpec parse_mount(std::string_view text);

/// Expands every value, `type` too, then checks the whole. Throws Error without a place, with a
/// suggestion for an unknown key, type or sharing. `words` gets the variables of each value.
Mount resolve_mount(const MountSpec& spec, const Lookup& env, char escape = '\\',
                    std::vector<Names>* words = nullptr);

/// The place of the mount in the file, for errors of resolve_mount and of the graph.
Span span_of(const Instruction& run, const MountSpec& spec);

std::string_view to_string(Mount::Type type);
std::string_view to_string(Mount::Sharing sharing);

}  // namespace slipway::dockerfile
