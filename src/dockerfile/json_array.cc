// The exec form's JSON. A reader of its own, because the grammar asks three questions at once: is
// the text JSON at all (else it is a shell command), are all elements strings (else it is an
// error), and where does each one stand.
#include <cstdint>

#include "dockerfile/unicode.h"
#include "dockerfile/words.h"

namespace slipway::dockerfile {
namespace {

constexpr size_t kMaxNesting = 1000;  // deeper text is not an exec form that anybody wrote

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  JsonArray read(size_t base) {
    JsonArray array;
    skip_space();
    if (!eat('[')) return {};
    bool all_strings = true;
    skip_space();
    if (!eat(']')) {
      do {
        skip_space();
        const size_t begin = at_;
        if (peek() == '"') {
          std::string value;
          if (!string(&value)) return {};
          array.words.push_back({std::move(value), base + begin});
        } else {
          if (!skip_value()) return {};
          if (all_strings) array.bad_offset = base + begin;
          all_strings = false;
        }
        skip_space();
      } while (eat(','));
      if (!eat(']')) return {};
    }
    skip_space();
    if (at_ != text_.size()) return {};
    array.kind = all_strings ? JsonArray::Kind::Strings : JsonArray::Kind::NotStrings;
    return array;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool eat(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool eat(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }

  bool hex4(uint32_t* value) {
    *value = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return false;
      *value = *value * 16 + static_cast<uint32_t>(digit);
      ++at_;
    }
    return true;
  }

  // A string; broken UTF-8 and lone surrogates become U+FFFD as in Go's encoding/json.
  bool string(std::string* out) {
    if (!eat('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') return eat('"');
      if (static_cast<uint8_t>(c) < 0x20) return false;
      if (c == '\\') {
        ++at_;
        if (!escape(out)) return false;
        continue;
      }
      const Rune rune = decode_rune(text_, at_);
      append_rune(*out, rune.value);
      at_ += rune.size;
    }
    return false;
  }

  bool escape(std::string* out) {
    static constexpr std::string_view kNames = "\"\\/bfnrt";
    static constexpr std::string_view kValues = "\"\\/\b\f\n\r\t";
    const char c = peek();
    if (c == 'u') {
      ++at_;
      uint32_t value = 0;
      if (!hex4(&value)) return false;
      const size_t after = at_;
      uint32_t low = 0;
      if (value >= 0xd800 && value < 0xdc00 && eat("\\u") && hex4(&low) && low >= 0xdc00 &&
          low < 0xe000) {
        append_rune(*out, 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00));
      } else {
        at_ = after;
        append_rune(*out, value);
      }
      return true;
    }
    const size_t at = kNames.find(c);
    if (c == '\0' || at == kNames.npos) return false;
    *out += kValues[at];
    ++at_;
    return true;
  }

  bool digits() {
    const size_t begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ > begin;
  }

  bool number() {
    eat('-');
    if (!eat('0') && !digits()) return false;
    if (eat('.') && !digits()) return false;
    if (eat('e') || eat('E')) {
      if (!eat('+')) eat('-');
      return digits();
    }
    return true;
  }

  // Any value, not kept. The stack of open brackets stands in for recursion.
  bool skip_value() {
    std::string open;
    std::string ignored;
    while (true) {
      skip_space();
      // A value begins here.
      if (eat('[')) {
        skip_space();
        if (!eat(']')) {
          open += '[';
          if (open.size() > kMaxNesting) return false;
          continue;
        }
      } else if (eat('{')) {
        skip_space();
        if (!eat('}')) {
          open += '{';
          if (open.size() > kMaxNesting || !key()) return false;
          continue;
        }
      } else if (peek() == '"') {
        ignored.clear();
        if (!string(&ignored)) return false;
      } else if (!eat("true") && !eat("false") && !eat("null") && !number()) {
        return false;
      }
      // A value ended here.
      while (true) {
        if (open.empty()) return true;
        skip_space();
        if (eat(',')) {
          if (open.back() == '{' && !key()) return false;
          break;
        }
        if (!eat(open.back() == '{' ? '}' : ']')) return false;
        open.pop_back();
      }
    }
  }

  bool key() {
    std::string ignored;
    skip_space();
    if (!string(&ignored)) return false;
    skip_space();
    return eat(':');
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

JsonArray parse_json_array(std::string_view text, size_t base) { return Reader(text).read(base); }

}  // namespace slipway::dockerfile
