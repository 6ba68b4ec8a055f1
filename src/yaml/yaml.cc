// libyaml's events -> nodes. The stack in Reader holds the collections that are open.
#include "yaml/yaml.h"

#include <fmt/core.h>
#include <yaml.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace slipway::yaml {
namespace {

constexpr size_t kMaxDepth = 200;
constexpr int kMaxMerges = 20;  // `<<` of `<<` of ...

// libyaml counts characters; we count bytes.
class Offsets {
 public:
  explicit Offsets(std::string_view text, size_t skipped) : size_(text.size()), skipped_(skipped) {
    const auto is_wide = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
    if (std::none_of(text.begin(), text.end(), is_wide)) return;
    for (size_t i = 0; i < text.size(); ++i)
      if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) starts_.push_back(i);
  }
  size_t byte_of(size_t character) const {
    if (starts_.empty()) return skipped_ + std::min(character, size_);
    return skipped_ + (character < starts_.size() ? starts_[character] : size_);
  }

 private:
  size_t size_, skipped_;
  std::vector<size_t> starts_;
};

Error error_at(std::string_view text, std::string_view origin, size_t offset, std::string what,
               std::string hint = {}) {
  offset = std::min(offset, text.size());
  const size_t before = offset == 0 ? text.npos : text.rfind('\n', offset - 1);
  const size_t start = before == text.npos ? 0 : before + 1;
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<long>(start), '\n');
  const std::string_view shown = text.substr(start, text.find_first_of("\r\n", start) - start);
  Error error(std::move(what), fmt::format("{}:{}:{}", origin, line, offset - start + 1),
              std::move(hint));
  return error.excerpt(
      fmt::format("{:4} | {}\n     | {}^", line, shown, std::string(offset - start, ' ')));
}

}  // namespace

class Reader {
 public:
  Reader(std::string_view text, std::string_view origin)
      : text_(text),
        origin_(origin),
        body_(text.substr(text.starts_with("\xef\xbb\xbf") ? 3 : 0)),
        offsets_(body_, text.size() - body_.size()) {
    CHECK(yaml_parser_initialize(&parser_));
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(body_.data()),
                                 body_.size());
  }
  Reader(const Reader&) = delete;
  ~Reader() { yaml_parser_delete(&parser_); }

  std::vector<Document> read() {
    std::vector<Document> documents;
    for (bool more = true; more;) {
      yaml_event_t event;
      if (!yaml_parser_parse(&parser_, &event)) throw syntax_error();
      const std::unique_ptr<yaml_event_t, void (*)(yaml_event_t*)> guard(&event, yaml_event_delete);
      if (event.type == YAML_DOCUMENT_START_EVENT) {
        documents.emplace_back();
        document_ = &documents.back();
        anchors_.clear();
      } else if (event.type == YAML_STREAM_END_EVENT) {
        more = false;
      } else {
        take(event);
      }
    }
    return documents;
  }

 private:
  struct Open {
    Node* node;
    const Node* key = nullptr;  // of a mapping: its value comes next
    std::set<std::string> seen;
  };

  void take(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_SCALAR_EVENT: {
        Node& node = make(event, Node::Kind::Scalar, event.data.scalar.anchor);
        node.text.assign(reinterpret_cast<const char*>(event.data.scalar.value),
                         event.data.scalar.length);
        const auto style = event.data.scalar.style;
        node.is_plain = style == YAML_PLAIN_SCALAR_STYLE;
        node.is_block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
        add(node);
        return;
      }
      case YAML_SEQUENCE_START_EVENT: {
        Node& node = make(event, Node::Kind::Sequence, event.data.sequence_start.anchor);
        node.is_flow = event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
        open(node);
        return;
      }
      case YAML_MAPPING_START_EVENT: {
        Node& node = make(event, Node::Kind::Mapping, event.data.mapping_start.anchor);
        node.is_flow = event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
        open(node);
        return;
      }
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        open_.back().node->end = offsets_.byte_of(event.end_mark.index);
        open_.pop_back();
        return;
      case YAML_ALIAS_EVENT: {
        const std::string name = reinterpret_cast<const char*>(event.data.alias.anchor);
        const auto found = anchors_.find(name);
        const size_t at = offsets_.byte_of(event.start_mark.index);
        if (found == anchors_.end())
          throw error_at(text_, origin_, at, fmt::format("*{} names no anchor above it", name));
        for (const Open& open : open_)
          if (open.node == found->second)
            throw error_at(text_, origin_, at, fmt::format("*{} is inside of itself", name));
        add(*found->second);
        return;
      }
      default:
        return;
    }
  }

  Node& make(const yaml_event_t& event, Node::Kind kind, const unsigned char* anchor) {
    Node& node = document_->nodes_.emplace_back();
    node.kind = kind;
    node.begin = offsets_.byte_of(event.start_mark.index);
    node.end = offsets_.byte_of(event.end_mark.index);
    if (anchor) anchors_[reinterpret_cast<const char*>(anchor)] = &node;
    return node;
  }

  void open(Node& node) {
    add(node);
    if (open_.size() >= kMaxDepth)
      throw error_at(text_, origin_, node.begin,
                     fmt::format("nested deeper than {} levels", kMaxDepth));
    open_.push_back({&node, nullptr, {}});
  }

  void add(const Node& node) {
    if (open_.empty()) {
      document_->root_ = &node;
      return;
    }
    Open& open = open_.back();
    if (open.node->is_sequence()) {
      open.node->items.push_back(&node);
    } else if (!open.key) {
      if (node.is_scalar() && node.text != "<<" && !open.seen.insert(node.text).second)
        throw error_at(text_, origin_, node.begin,
                       fmt::format("the key {} is there twice", node.text),
                       "only one of them would count");
      open.key = &node;
    } else {
      open.node->members.emplace_back(open.key, &node);
      open.key = nullptr;
    }
  }

  Error syntax_error() const {
    const auto& mark = parser_.problem_mark;
    std::string what = parser_.problem ? parser_.problem : "not valid YAML";
    if (parser_.context) what += fmt::format(" ({})", parser_.context);
    if (parser_.error == YAML_READER_ERROR)
      return Error(std::move(what),
                   fmt::format("{}: byte {}", origin_, parser_.problem_offset + 1));
    return error_at(text_, origin_, offsets_.byte_of(mark.index), std::move(what));
  }

  const std::string_view text_, origin_, body_;
  const Offsets offsets_;
  yaml_parser_t parser_;
  Document* document_ = nullptr;
  std::map<std::string, const Node*, std::less<>> anchors_;
  std::vector<Open> open_;
};

namespace {

const Node* find_merged(const Node& node, std::string_view key, int merges_left) {
  if (!node.is_mapping()) return nullptr;
  for (const auto& [name, value] : node.members)
    if (name->is_scalar() && name->text == key) return value;
  if (merges_left == 0) return nullptr;
  for (const auto& [name, value] : node.members) {
    if (!name->is_scalar() || name->text != "<<") continue;
    if (value->is_mapping())
      if (const Node* found = find_merged(*value, key, merges_left - 1)) return found;
    for (const Node* item : value->items)
      if (const Node* found = find_merged(*item, key, merges_left - 1)) return found;
  }
  return nullptr;
}

}  // namespace

std::vector<Document> parse_all(std::string_view text, std::string_view origin) {
  return Reader(text, origin).read();
}

Document parse(std::string_view text, std::string_view origin) {
  auto documents = parse_all(text, origin);
  if (documents.empty()) documents = parse_all("''", origin);
  if (documents.size() > 1)
    throw Error("more than one document", std::string(origin), "nothing may follow a second ---");
  return std::move(documents.front());
}

const Node* find(const Node& node, std::string_view key) {
  return find_merged(node, key, kMaxMerges);
}

const Node* find_path(const Node& node, std::initializer_list<std::string_view> keys) {
  const Node* at = &node;
  for (const auto key : keys)
    if (at) at = find(*at, key);
  return at;
}

std::string string_or(const Node& node, std::string_view key, std::string fallback) {
  const Node* found = find(node, key);
  return found && found->is_scalar() ? found->text : fallback;
}

}  // namespace slipway::yaml
