// A text that never changes and that its copies share: eight bytes each, none on the heap when it is
// empty. For values of which there are tens of thousands, mostly empty or copied as they are (the
// places of files in trees).
#pragma once

#include <fmt/core.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace slipway {

class SharedText {
 public:
  SharedText() = default;
  SharedText(std::string_view text) : block_(make(text)) {}    // NOLINT(google-explicit-constructor)
  SharedText(const std::string& text) : block_(make(text)) {}  // NOLINT(google-explicit-constructor)
  SharedText(const char* text) : block_(make(text)) {}         // NOLINT(google-explicit-constructor)
  SharedText(const SharedText& other) : block_(other.block_) {
    if (block_) block_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  SharedText(SharedText&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  SharedText& operator=(SharedText other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SharedText() { clear(); }

  bool empty() const { return !block_; }
  size_t size() const { return block_ ? block_->size : 0; }
  /// Ends with a zero byte.
  const char* data() const { return block_ ? block_->text() : ""; }
  const char* c_str() const { return data(); }
  std::string_view view() const { return {data(), size()}; }
  std::string str() const { return std::string(view()); }
  operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor)
  operator std::string() const { return str(); }        // NOLINT(google-explicit-constructor)

  void clear() {
    if (block_ && block_->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      block_->~Block();
      ::operator delete(block_);
    }
    block_ = nullptr;
  }

  friend bool operator==(const SharedText& a, const SharedText& b) {
    return a.block_ == b.block_ || a.view() == b.view();
  }
  friend bool operator==(const SharedText& a, std::string_view b) { return a.view() == b; }
  friend bool operator==(const SharedText& a, const std::string& b) { return a.view() == b; }
  friend bool operator==(const SharedText& a, const char* b) { return a.view() == b; }
  friend std::string operator+(std::string_view front, const SharedText& back) {
    return std::string(front).append(back.view());
  }

 private:
  // The characters and a zero byte follow it.
  struct Block {
    std::atomic<uint32_t> owners{1};
    uint32_t size = 0;
    char* text() { return reinterpret_cast<char*>(this + 1); }
  };
  static Block* make(std::string_view text);

  Block* block_ = nullptr;
};

}  // namespace slipway

template <>
struct fmt::formatter<slipway::SharedText> : fmt::formatter<std::string_view> {
  fmt::format_context::iterator format(const slipway::SharedText& text,
                                       fmt::format_context& context) const;
};
