// The one exception type for failures that a user must read, and CHECK for bugs.
//
// Error says what failed, where, and what to try next. Whoever catches it to add meaning throws it on with
// `while_doing`; nobody catches it only to log it.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

class Error : public std::exception {
 public:
  /// `what`: one sentence without a full stop. `where`: "file:line:column", a path or a URL, or empty.
  /// `hint`: what to try next, or empty.
  explicit Error(std::string what, std::string where = {}, std::string hint = {});

  /// Adds an outer context line, such as "while resolving base image debian:12".
  Error& while_doing(std::string context);
  /// Sets place or hint where the thrower did not know them; a value that is there already stays.
  Error& at(std::string where);
  Error& hint(std::string hint);
  /// The source text that the error points into (may have several lines, with a caret line), printed as is.
  Error& excerpt(std::string text);

  const std::string& message() const { return what_; }
  const std::string& where() const { return where_; }
  const std::string& hint() const { return hint_; }
  const std::string& excerpt() const { return excerpt_; }
  const std::vector<std::string>& contexts() const { return contexts_; }  // innermost first

  /// Everything for a person: "where: what", excerpt, contexts, hint; several lines, no final newline.
  std::string render() const;
  const char* what() const noexcept override { return rendered_.c_str(); }

 private:
  void refresh();
  std::string what_, where_, hint_, excerpt_;
  std::vector<std::string> contexts_;
  std::string rendered_;
};

/// Thrown where work stops because the user or a failed sibling cancelled it. Never shown as a failure of its own.
class Cancelled : public std::exception {
 public:
  const char* what() const noexcept override { return "cancelled"; }
};

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

/// The errno text of a failed system call as an Error: "cannot open x: No such file or directory".
[[nodiscard]] Error errno_error(std::string_view doing, std::string_view path = {});

}  // namespace slipway

/// A bug if false: aborts with the place. Never for input, files or the network.
#define CHECK(cond) ((cond) ? (void)0 : ::slipway::check_failed(#cond, __FILE__, __LINE__))
