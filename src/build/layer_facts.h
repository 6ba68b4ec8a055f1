// What machine code each layer has (verify/facts.h), collected when its bytes passed by for another reason and kept: in this
// process, and in the store where collecting it again would take time.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "store/store.h"
#include "tree/tree.h"
#include "verify/collect.h"

namespace slipway::build {

class LayerFacts {
 public:
  /// A record costs a transaction, reading fewer files again does not.
  static constexpr uint64_t kManyFiles = 200, kManyBytes = 8 << 20;

  explicit LayerFacts(store::Store& store) : store_(store) {}

  /// Whether anybody will ask: without, nothing is collected. Set before the first layer is made.
  void enable() { is_enabled_ = true; }
  bool is_enabled() const { return is_enabled_; }

  /// nullptr if nobody has collected them.
  std::shared_ptr<const verify::Facts> find(const std::string& id);
  /// What `collector` has seen of the layer that `listing` lists.
  void put(const std::string& id, verify::Collector& collector, const tree::Tree& listing);
  std::shared_ptr<const verify::Facts> put(const std::string& id, verify::Facts facts, bool is_worth_keeping);

 private:
  store::Store& store_;
  bool is_enabled_ = false;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const verify::Facts>> known_;
};

}  // namespace slipway::build
