// Cache keys: a hash of labelled parts. The parts are kept beside the result, so that a miss can be explained by the part
// that differs.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::plan {

class Key {
 public:
  /// Raised whenever a key of the same parts would mean something else than before; old records are then never found.
  static constexpr int kVersion = 1;

  explicit Key(std::string_view kind);
  Key& add(std::string label, std::string value);
  Key& add(const std::vector<std::pair<std::string, std::string>>& parts);

  /// 64 hex digits over version, labels and values, each length-prefixed: no two lists of parts collide by concatenation.
  std::string hex() const;
  const std::vector<std::pair<std::string, std::string>>& parts() const { return parts_; }

 private:
  std::vector<std::pair<std::string, std::string>> parts_;
};

}  // namespace slipway::plan
