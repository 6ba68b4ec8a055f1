#include "cli/bake_files.h"

#include <fmt/core.h>

#include "bake/compose.h"
#include "base/error.h"
#include "base/text.h"
#include "oci/platform.h"
#include "os/fs.h"

namespace slipway::cli {
namespace {

std::vector<std::string> file_names(const ParsedArgs& args, const Environment& environment) {
  std::vector<std::string> out = args.list("file");
  if (!out.empty()) return out;
  if (const auto text = environment("BUILDX_BAKE_FILE"); text && !text->empty()) {
    const std::string separator = environment("BUILDX_BAKE_FILE_SEPARATOR").value_or(":");
    for (size_t at = 0; at <= text->size();) {
      const size_t end = separator.empty() ? text->size() : std::min(text->find(separator, at), text->size());
      if (end > at) out.push_back(text->substr(at, end - at));
      at = end + std::max<size_t>(1, separator.size());
    }
  }
  return out;
}

bake::Text read(const std::string& name, const Io& io) {
  if (name == "-") return {"standard input", io.read_input()};
  if (name.starts_with("http://") || name.starts_with("https://"))
    throw Error("bake files are not read from web servers", name, "download it, and name the file");
  if (!os::exists(name)) throw Error("there is no such bake file", name);
  return {name, os::read_file(name)};
}

}  // namespace

bake::Overrides bake_variables(const ParsedArgs& args, const Environment& environment) {
  std::map<std::string, std::string> given;
  for (const auto& text : args.list("var")) {
    const size_t equals = text.find('=');
    if (equals == text.npos || equals == 0) throw Error(fmt::format("\"{}\" is no NAME=VALUE", text), "--var");
    given[text.substr(0, equals)] = text.substr(equals + 1);
  }
  const bool asks_environment = !parse_bool(environment("BUILDX_BAKE_DISABLE_VARS_ENV_LOOKUP").value_or("")).value_or(false);
  return [given, environment, asks_environment](const std::string& name) -> std::optional<std::string> {
    if (const auto it = given.find(name); it != given.end()) return it->second;
    return asks_environment ? environment(name) : std::nullopt;
  };
}

std::vector<bake::Text> bake_texts(const std::vector<std::string>& names, const Io& io) {
  std::vector<bake::Text> out;
  for (const auto& name : names) out.push_back(read(name, io));
  return out;
}

bake::Project load_project(const ParsedArgs& args, const Io& io) {
  const auto named = file_names(args, io.environment);
  std::vector<bake::Text> files = bake_texts(named, io);
  if (named.empty())
    for (const auto& name : bake::default_files())
      if (os::exists(name) && !os::is_directory(name)) files.push_back({name, os::read_file(name)});
  if (files.empty())
    throw Error("there is no bake file here", {},
                "name one with -f, or write one of: " + join(bake::default_files(), ", "));
  return bake::load(files, bake_options(args, io));
}

bake::Options bake_options(const ParsedArgs& args, const Io& io) {
  bake::Options options;
  options.builtins = {{"BAKE_CMD_CONTEXT", "cwd://"}, {"BAKE_LOCAL_PLATFORM", oci::host_platform().str()}};
  options.overrides = bake_variables(args, io.environment);
  std::map<std::string, std::string> dotenv;
  if (const auto text = os::is_directory(".env") ? std::nullopt : os::read_file_if_exists(".env")) {
    const bake::Text file{".env", *text};
    dotenv = bake::parse_dotenv(file, options.overrides);
  }
  options.compose_variables = [outer = options.overrides, dotenv](const std::string& name) -> std::optional<std::string> {
    if (auto value = outer(name)) return value;
    const auto it = dotenv.find(name);
    return it == dotenv.end() ? std::nullopt : std::optional(it->second);
  };
  return options;
}

std::vector<std::string> bake_overrides(const ParsedArgs& args) {
  std::vector<std::string> out = args.list("set");
  if (args.flag("push")) out.push_back("*.push=true");
  if (args.flag("load")) out.push_back("*.load=true");
  if (args.flag("check")) out.push_back("*.call=lint");
  else if (const auto call = args.value("call"); call && !call->empty() && *call != "build") out.push_back("*.call=" + *call);
  for (const char* flag : {"no-cache", "pull"})
    if (args.is_set(flag)) out.push_back(fmt::format("*.{}={}", flag, args.flag(flag)));
  for (const char* type : {"sbom", "provenance"})
    if (const auto text = args.value(type); text && !text->empty()) {
      const auto wanted = parse_bool(*text);
      out.push_back(wanted ? fmt::format("*.attest=type={},disabled={}", type, !*wanted)
                           : fmt::format("*.attest=type={},{}", type, *text));
    }
  return out;
}

}  // namespace slipway::cli
