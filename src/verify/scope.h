// What the checks of one image share.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dockerfile/pattern.h"
#include "verify/finding.h"
#include "verify/image.h"

namespace slipway::verify {

struct Scope {
  explicit Scope(const Image& checked) : image(checked), files(checked) {}

  const Image& image;
  const Files files;
  dockerfile::IgnoreFile allowed;
  std::vector<Finding> findings;
  std::set<std::pair<size_t, std::string>> done;  // layer and path of files that were judged as programs

  bool is_allowed(std::string_view path) const { return allowed.excludes(path); }

  /// A finding about the file at `place`, whose layer and author it names.
  Finding about(const Place& place, std::string rule, Severity severity) const {
    Finding out{.rule = std::move(rule), .severity = severity, .platform = image.platform, .path = "/" + place.path};
    const Layer& layer = image.layers[place.layer];
    out.layer = place.layer;
    out.layer_digest = layer.digest;
    out.written_by = layer.written_by;
    out.location = layer.location;
    return out;
  }
};

}  // namespace slipway::verify
