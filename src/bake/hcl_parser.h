// The parser of HCL: a recursive descent over bytes. parse_hcl.cc has bodies and expressions, parse_template.cc what stands
// in quotes and heredocs. Internal to bake/.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bake/syntax.h"

namespace slipway::bake {

class HclParser {
 public:
  /// `fixed`: where everything is said to stand, for text that is not in the file as it is parsed.
  explicit HclParser(const Text& text, std::optional<Span> fixed = {}) : text_(text), in_(text.bytes), fixed_(fixed) {}

  /// To the end of the text; mistakes are collected.
  Body body(std::vector<Error>& mistakes);
  ExprPtr lone_expression();
  /// The whole text as the inside of a string, without escapes of quotes.
  ExprPtr lone_template();

 private:
  /// Where a template ends.
  enum class End { Quote, Text };
  /// A piece of a template before its directives are matched.
  struct Piece {
    enum class Kind { Literal, Value, If, Else, EndIf, For, EndFor } kind = Kind::Literal;
    Span span;
    std::string literal;
    ExprPtr value;  // of Value and If; the collection of For
    std::string key, item;
    bool trims_before = false, trims_after = false;
  };

  // parse_hcl.cc
  void statements(Body& body, bool is_nested, std::vector<Error>& mistakes, int depth);
  void statement(Body& body, std::vector<Error>& mistakes, int depth);
  void skip_statement();
  ExprPtr expression();
  ExprPtr binary(int level);
  ExprPtr unary();
  ExprPtr postfix(ExprPtr object);
  ExprPtr term();
  ExprPtr call(std::string name, size_t begin);
  ExprPtr number();
  ExprPtr tuple();
  ExprPtr object();
  ExprPtr for_expression(size_t begin, bool is_object);
  void for_variables(std::string& key, std::string& item);

  // parse_template.cc
  ExprPtr quoted();
  ExprPtr heredoc();
  ExprPtr template_until(End end, size_t stop, size_t indent);
  std::vector<Piece> pieces(End end, size_t stop, size_t indent);
  std::string literal(End end, size_t stop, size_t indent, bool& at_line_start);
  void escape(std::string& out);
  Piece interpolation();
  Piece directive();
  ExprPtr assemble(std::vector<Piece>& all, size_t& next, Piece::Kind inside, const Span& opened);

  // Bytes
  char peek(size_t ahead = 0) const { return pos_ + ahead < in_.size() ? in_[pos_ + ahead] : '\0'; }
  bool at_end() const { return pos_ >= in_.size(); }
  bool starts(std::string_view word) const { return in_.compare(pos_, word.size(), word) == 0; }
  bool accept(std::string_view word);
  void expect(std::string_view word, const char* where);
  bool keyword(std::string_view word);
  void skip();            // blanks and comments; line ends where they do not count
  void skip_with_lines();
  bool line_end();        // a line end, or the end of the text or of the block
  std::string identifier(const char* what);
  bool at_identifier() const;
  Span span_from(size_t begin) const { return fixed_ ? *fixed_ : Span{&text_, begin, pos_}; }
  [[noreturn]] void fail(size_t begin, size_t end, std::string what, std::string hint = {}) const;
  [[noreturn]] void unexpected(const char* wanted) const;
  static std::shared_ptr<Expr> make(Expr::Kind kind, Span span, std::vector<ExprPtr> kids = {}, std::string name = {});

  /// Counts levels while it lives.
  class Level {
   public:
    explicit Level(HclParser& parser);
    ~Level() { --parser_.depth_; }

   private:
    HclParser& parser_;
  };
  /// Whether line ends are blanks, while it lives.
  class Lines {
   public:
    Lines(HclParser& parser, bool are_blanks) : parser_(parser), before_(parser.lines_are_blanks_) {
      parser.lines_are_blanks_ = are_blanks;
    }
    ~Lines() { parser_.lines_are_blanks_ = before_; }

   private:
    HclParser& parser_;
    bool before_;
  };

  const Text& text_;
  const std::string& in_;
  const std::optional<Span> fixed_;
  size_t pos_ = 0;
  bool lines_are_blanks_ = false;
  int depth_ = 0;
};

}  // namespace slipway::bake
