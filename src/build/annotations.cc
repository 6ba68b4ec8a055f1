#include "build/annotations.h"

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"

namespace slipway::build {

LevelledAnnotations annotations_of(const std::vector<AnnotationSpec>& specs,
                                   const std::vector<graph::Target>& targets) {
  LevelledAnnotations out;
  out.images.resize(targets.size());
  for (const auto& spec : specs) {
    // An index is one for all platforms.
    if (spec.level == "index" || spec.level == "index-descriptor") {
      (spec.level == "index" ? out.index : out.index_descriptor)[spec.key] = spec.value;
      continue;
    }
    bool is_used = false;
    for (size_t i = 0; i < targets.size(); ++i) {
      if (spec.platform && *spec.platform != targets[i].platform) continue;
      ImageAnnotations& image = out.images[i];
      (spec.level == "manifest-descriptor" ? image.descriptor : image.manifest)[spec.key] =
          spec.value;
      is_used = true;
    }
    if (is_used) continue;
    std::vector<std::string> built;
    for (const auto& target : targets) built.push_back(target.platform.str());
    throw Error(fmt::format("the annotation {} is for {}, which is not built", spec.key,
                            spec.platform->str()),
                "--annotation", "the platforms of this build are: " + join(built, ", "));
  }
  return out;
}

}  // namespace slipway::build
