#include "base/error.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace slipway {

Error::Error(std::string what, std::string where, std::string hint)
    : what_(std::move(what)), where_(std::move(where)), hint_(std::move(hint)) {
  refresh();
}

Error& Error::while_doing(std::string context) {
  contexts_.push_back(std::move(context));
  refresh();
  return *this;
}

Error& Error::at(std::string where) {
  if (where_.empty()) where_ = std::move(where);
  refresh();
  return *this;
}

Error& Error::hint(std::string hint) {
  if (hint_.empty()) hint_ = std::move(hint);
  refresh();
  return *this;
}

Error& Error::excerpt(std::string text) {
  if (excerpt_.empty()) excerpt_ = std::move(text);
  refresh();
  return *this;
}

void Error::refresh() { rendered_ = render(); }

std::string Error::render() const {
  std::string out = where_.empty() ? what_ : where_ + ": " + what_;
  if (!excerpt_.empty()) out += "\n" + excerpt_;
  for (const auto& context : contexts_) out += "\n  " + context;
  if (!hint_.empty()) out += "\n  hint: " + hint_;
  return out;
}

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "slipway: %s:%d: CHECK(%s) failed: this is a bug, please report it\n", file, line,
               condition);
  std::abort();
}

Error errno_error(std::string_view doing, std::string_view path) {
  const int saved = errno;
  std::string what = "cannot " + std::string(doing);
  if (!path.empty()) what += " " + std::string(path);
  what += ": ";
  what += std::strerror(saved);
  Error error(std::move(what));
  if (saved == ENOSPC || saved == EDQUOT) error.hint("free some disk space; `slipway prune` removes what builds left");
  if (saved == EMFILE || saved == ENFILE) error.hint("raise the limit of open files (ulimit -n)");
  return error;
}

}  // namespace slipway
