// A compose file as its rules see it: the services that are built, and for which platforms.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "lint/source.h"
#include "yaml/yaml.h"

namespace slipway::lint {

struct ComposeService {
  std::string name;
  size_t begin = 0;  // of its name
  bool is_built = false;
  std::string context = ".", dockerfile = "Dockerfile";
  const yaml::Node* platform = nullptr;   // where it runs
  const yaml::Node* platforms = nullptr;  // build.platforms
  std::vector<std::string> built_for;
};

class ComposeView {
 public:
  explicit ComposeView(const SourceFile& file);
  ComposeView(const ComposeView&) = delete;

  const SourceFile& file() const { return file_; }
  const std::optional<Error>& mistake() const { return mistake_; }
  const std::vector<ComposeService>& services() const { return services_; }
  /// Whether a Dockerfile of this run is the one of the service, from the folder of the file.
  bool builds_file(const ComposeService& service, std::string_view dockerfile) const;

 private:
  const SourceFile& file_;
  std::optional<Error> mistake_;
  yaml::Document document_;
  std::vector<ComposeService> services_;
};

}  // namespace slipway::lint
