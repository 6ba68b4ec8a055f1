// Bake files as text, and places in them. Everything that is read keeps its place, so that whatever turns out to be wrong
// later can be shown where it stands.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"

namespace slipway::bake {

struct Text {
  std::string name;  // as the user gave it
  std::string bytes;
};

/// Bytes [begin, end) of a text, which must live longer.
struct Span {
  const Text* text = nullptr;
  size_t begin = 0, end = 0;
};

/// "file:line:column", or empty without a text.
std::string place(const Span& span);
/// An Error with the place, the line and carets below the span.
Error error_at(const Span& span, std::string what, std::string hint = {});
/// Sets place and excerpt of an error that has none yet.
void locate(Error& error, const Span& span);

}  // namespace slipway::bake
