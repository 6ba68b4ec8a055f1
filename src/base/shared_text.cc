#include "base/shared_text.h"

#include <fmt/format.h>

#include "base/error.h"

namespace slipway {

SharedText::Block* SharedText::make(std::string_view text) {
  if (text.empty()) return nullptr;
  CHECK(text.size() < UINT32_MAX);
  auto* block = new (::operator new(sizeof(Block) + text.size() + 1)) Block;
  block->size = static_cast<uint32_t>(text.size());
  std::memcpy(block->text(), text.data(), text.size());
  block->text()[text.size()] = '\0';
  return block;
}

}  // namespace slipway

fmt::format_context::iterator fmt::formatter<slipway::SharedText>::format(
    const slipway::SharedText& text, fmt::format_context& context) const {
  return fmt::formatter<std::string_view>::format(text.view(), context);
}
