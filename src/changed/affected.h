// Which builds a change concerns, and why. Exact in what is read of the repository: it says yes when the files that a build's
// needed steps read, its Dockerfile, its ignore rules or its bake target differ in a way that the build can see.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "build/request.h"
#include "changed/repository.h"

namespace slipway::changed {

/// One build as it is now, and as it was.
struct Build {
  std::string name;  // of the target, or the Dockerfile's path
  build::BuildRequest request;
  std::optional<build::BuildRequest> before;  // nothing: it was not there
  std::vector<std::string> differs;           // attributes of the bake target that changed
  std::string bake_files;                     // for the reason
};

struct Verdict {
  std::string name;
  std::string dockerfile, context;   // as the build has them
  std::vector<std::string> reasons;  // empty: it need not be built
};

/// In the order of the builds. A build is also affected when one that it is made of is.
std::vector<Verdict> affected(const Repository& repository, const std::vector<Build>& builds);

/// For people: the affected builds with their reasons, then how many there are.
std::string as_text(const std::vector<Verdict>& verdicts);
/// {"include":[{"target":...,"dockerfile":...,"context":...,"reasons":[...]}]}: a matrix of GitHub Actions.
std::string as_json(const std::vector<Verdict>& verdicts);

}  // namespace slipway::changed
