// YAML behind one adapter: documents as trees of nodes that know their place in the file.
//
// Compose files, workflows and bake files are read with it. Scalars stay text: whoever reads a
// document knows what a member should be, and so `no` or `1.10` never turn into something else.
// Aliases are the node they name, not a copy of it, so that a small file cannot grow; merge keys
// (`<<`) count in find().
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::yaml {

struct Node {
  enum class Kind { Scalar, Sequence, Mapping };
  Kind kind = Kind::Scalar;
  std::string text;                // of a scalar, without quotes
  bool is_plain = false;           // a scalar without quotes and not in a block
  bool is_block = false;           // a scalar behind `|` or `>`
  bool is_flow = false;            // a sequence in brackets, a mapping in braces
  std::vector<const Node*> items;  // of a sequence
  std::vector<std::pair<const Node*, const Node*>>
      members;  // of a mapping, in the order of the file
  /// Bytes of the source. For a scalar they hold its quotes; a block collection ends where the next
  /// token begins.
  size_t begin = 0, end = 0;

  bool is_scalar() const { return kind == Kind::Scalar; }
  bool is_sequence() const { return kind == Kind::Sequence; }
  bool is_mapping() const { return kind == Kind::Mapping; }
};

/// Owns its nodes; may be moved, not copied.
class Document {
 public:
  /// Never null: an empty document is an empty scalar.
  const Node& root() const { return *root_; }

  Document() = default;
  Document(Document&&) = default;
  Document& operator=(Document&&) = default;
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

 private:
  friend class Reader;
  std::deque<Node> nodes_;
  const Node* root_ = nullptr;
};

/// All documents of a stream. Throws Error that points at the mistake ("origin:line:column", the
/// line with a caret): bad syntax, a key twice, an alias of nothing or of itself, more than 200
/// levels.
std::vector<Document> parse_all(std::string_view text, std::string_view origin);
/// The only document of a file; an empty file is an empty scalar. Throws Error for several, too.
Document parse(std::string_view text, std::string_view origin);

/// The value of a key, merged ones included (an own key goes before a merged one); nullptr if it is
/// not there or `node` is no mapping.
const Node* find(const Node& node, std::string_view key);
/// find() through several mappings; nullptr as soon as one is missing.
const Node* find_path(const Node& node, std::initializer_list<std::string_view> keys);
/// The text of a scalar member, else `fallback`.
std::string string_or(const Node& node, std::string_view key, std::string fallback = {});

}  // namespace slipway::yaml
