// For tests: a request for nothing special, and a resolver that knows every image.
#pragma once

#include <string>
#include <vector>

#include "graph/lower.h"

namespace slipway::graph {

/// Knows every image; remembers which were wanted.
class AnyImage : public Resolver {
 public:
  std::vector<std::string> asked;

  ResolvedImage image(const std::string& name, const oci::Platform& platform) override {
    asked.push_back(name);
    ResolvedImage out;
    out.image.reference = name;
    out.image.diff_ids = {oci::Digest::of(name)};
    out.image.layers.resize(1);
    out.config.platform = platform;
    return out;
  }
};

inline Request request(const std::string& platforms = "linux/amd64") {
  Request r;
  r.platforms = oci::parse_platforms(platforms);
  r.build_platform = oci::parse_platform("linux/amd64");
  r.context_dir = "/context";
  r.created = "1980-01-01T00:00:00Z";
  return r;
}

}  // namespace slipway::graph
