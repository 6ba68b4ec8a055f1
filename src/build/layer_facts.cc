#include "build/layer_facts.h"

#include "base/error.h"

namespace slipway::build {
namespace {

std::string key_of(const std::string& id) { return "verify facts 1 " + id; }

}  // namespace

std::shared_ptr<const verify::Facts> LayerFacts::find(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = known_.find(id); it != known_.end()) return it->second;
  }
  const auto record = store_.find_record(key_of(id));
  if (!record) return nullptr;
  // The value begins with the layer's id, so that the record goes when the layer goes.
  const size_t line = record->value.find('\n');
  std::shared_ptr<const verify::Facts> facts;
  try {
    if (line != std::string::npos)
      facts = std::make_shared<const verify::Facts>(verify::parse_facts(std::string_view(record->value).substr(line + 1), key_of(id)));
  } catch (const Error&) {
    return nullptr;  // they are collected again
  }
  const std::lock_guard lock(mutex_);
  return known_[id] = std::move(facts);
}

void LayerFacts::put(const std::string& id, verify::Collector& collector, const tree::Tree& listing) {
  const bool is_large = collector.seen_files() > kManyFiles || collector.seen_bytes() > kManyBytes;
  put(id, collector.finish(listing), is_large);
}

std::shared_ptr<const verify::Facts> LayerFacts::put(const std::string& id, verify::Facts facts, bool is_worth_keeping) {
  if (is_worth_keeping) store_.put_record(key_of(id), id + "\n" + verify::print_facts(facts), {{"kind", "verify facts"}});
  auto shared = std::make_shared<const verify::Facts>(std::move(facts));
  const std::lock_guard lock(mutex_);
  return known_[id] = std::move(shared);
}

}  // namespace slipway::build
