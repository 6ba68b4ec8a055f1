#include "bake/text.h"

#include <algorithm>

#include <fmt/core.h>

namespace slipway::bake {
namespace {

struct Line {
  size_t number = 1, start = 0, end = 0;
};

Line line_of(const Span& span) {
  const std::string& bytes = span.text->bytes;
  const size_t at = std::min(span.begin, bytes.size());
  Line line;
  for (size_t i = 0; i < at; ++i)
    if (bytes[i] == '\n') {
      ++line.number;
      line.start = i + 1;
    }
  line.end = std::min(bytes.find_first_of("\r\n", line.start), bytes.size());
  return line;
}

}  // namespace

std::string place(const Span& span) {
  if (!span.text) return {};
  const Line line = line_of(span);
  return fmt::format("{}:{}:{}", span.text->name, line.number, std::min(span.begin, span.text->bytes.size()) - line.start + 1);
}

void locate(Error& error, const Span& span) {
  if (!span.text || !error.where().empty()) return;
  error.at(place(span));
  const Line line = line_of(span);
  const size_t begin = std::min(span.begin, line.end);
  const size_t width = std::max<size_t>(1, std::min(span.end, line.end) - std::min(begin, std::min(span.end, line.end)));
  std::string below;
  for (size_t i = line.start; i < begin; ++i) below += span.text->bytes[i] == '\t' ? '\t' : ' ';
  error.excerpt(fmt::format("{:4} | {}\n     | {}{}", line.number,
                            span.text->bytes.substr(line.start, line.end - line.start), below, std::string(width, '^')));
}

Error error_at(const Span& span, std::string what, std::string hint) {
  Error error(std::move(what), {}, std::move(hint));
  locate(error, span);
  return error;
}

}  // namespace slipway::bake
