// --chmod of COPY and ADD: octal (0-7777) or symbolic as chmod(1) takes it, X included.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::tree {

class ModeChange {
 public:
  /// Throws Error showing valid spellings.
  static ModeChange parse(std::string_view text);
  uint32_t apply(uint32_t mode, bool is_dir) const;
  bool is_octal() const { return is_octal_; }

 private:
  struct Clause {
    uint32_t who = 0;  // bits of u, g, o that are affected
    char op = '=';
    std::string perms;  // of "rwxXstugo"
  };
  bool is_octal_ = false;
  uint32_t octal_ = 0;
  std::vector<Clause> clauses_;
};

}  // namespace slipway::tree
