#include "plan/key.h"

#include <fmt/core.h>

#include "hash/sha256.h"

namespace slipway::plan {

Key::Key(std::string_view kind) { parts_.emplace_back("step", kind); }

Key& Key::add(std::string label, std::string value) {
  parts_.emplace_back(std::move(label), std::move(value));
  return *this;
}

Key& Key::add(const std::vector<std::pair<std::string, std::string>>& parts) {
  parts_.insert(parts_.end(), parts.begin(), parts.end());
  return *this;
}

std::string Key::hex() const {
  hash::Sha256 hasher;
  hasher.update(fmt::format("slipway key {}\n", kVersion));
  for (const auto& [label, value] : parts_) {
    hasher.update(fmt::format("{}:{}={}:", label.size(), label, value.size()));
    hasher.update(value);
    hasher.update("\n");
  }
  return hasher.finish_hex();
}

}  // namespace slipway::plan
