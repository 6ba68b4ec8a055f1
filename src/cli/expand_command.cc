// `slipway expand`: one word of a Dockerfile with its variables replaced.
#include <fmt/core.h>

#include <map>

#include "cli/handlers.h"
#include "dockerfile/expand.h"

namespace slipway::cli {

int expand_command(const ParsedArgs& args, const Io& io) {
  std::map<std::string, std::string, std::less<>> variables;
  for (const auto& text : args.list("env")) {
    const size_t equals = text.find('=');
    if (equals == 0 || text.empty())
      throw Error(fmt::format("\"{}\" has no name before the value", text), "--env",
                  "write name=value");
    const std::string name = text.substr(0, equals);
    if (equals != text.npos)
      variables[name] = text.substr(equals + 1);
    else if (const auto value = io.environment(name))
      variables[name] = *value;
  }
  dockerfile::ExpandOptions options;
  const std::string escape = args.value_or("escape", "\\");
  if (escape != "\\" && escape != "`")
    throw Error(fmt::format("\"{}\" cannot be the escape character", escape), "--escape",
                "it is \\ or `");
  options.escape = escape[0];
  const dockerfile::Lookup lookup = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  const std::string& word = args.arguments.at(0);
  try {
    if (!args.flag("words")) {
      io.out(dockerfile::expand_word(word, lookup, options) + "\n");
    } else {
      for (const auto& one : dockerfile::expand_words(word, lookup, options)) io.out(one + "\n");
    }
  } catch (const dockerfile::ExpandError& e) {
    Error error(e.message(), fmt::format("byte {}", e.offset() + 1), e.hint());
    throw error.excerpt(fmt::format("  {}\n  {}^", word, std::string(e.offset(), ' ')));
  }
  return 0;
}

}  // namespace slipway::cli
