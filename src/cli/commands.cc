// The commands and the flags of all but `build`.
#include <algorithm>
#include <array>

#include "cli/flags.h"

namespace slipway::cli {
namespace {

using Kind = Flag::Kind;

constexpr std::string_view kStoreHelp =
    "Directory of images and cache (default SLIPWAY_HOME, else /var/lib/slipway or "
    "~/.local/share/slipway)";
constexpr Flag kStore = {.name = "store",
                         .kind = Kind::Value,
                         .value = "dir",
                         .help = kStoreHelp,
                         .complete = Complete::Directory};
constexpr Flag kFormat = {.name = "format",
                          .kind = Kind::Value,
                          .value = "table|json",
                          .help = "Form of the output (default table)",
                          .complete = Complete::Choice,
                          .choices = "table,json"};

constexpr Flag kCommon[] = {
    {.name = "help", .letter = 'h', .help = "Print this text"},
    {.name = "debug",
     .letter = 'D',
     .help = "Explain each warning of the build checks",
     .is_hidden = true},
    {.name = "builder",
     .kind = Kind::Value,
     .value = "string",
     .help = "Accepted for docker's sake; without effect: there are no builder instances",
     .is_hidden = true},
};

constexpr Flag kImages[] = {
    kFormat, {.name = "quiet", .letter = 'q', .help = "Print digests only"}, kStore};
constexpr Flag kUsage[] = {
    kFormat,
    {.name = "verbose", .help = "One line for each thing instead of one for each kind"},
    kStore};
constexpr Flag kPrune[] = {
    {.name = "all", .letter = 'a', .help = "Also what images and recent builds still use"},
    {.name = "filter",
     .kind = Kind::List,
     .value = "until=24h",
     .help = "Only what was not used for that long"},
    {.name = "force", .letter = 'f', .help = "Do not ask"},
    {.name = "max-used-space",
     .kind = Kind::Value,
     .value = "bytes",
     .help = "Remove the least valuable first until the store takes no more than this"},
    {.name = "min-free-space",
     .kind = Kind::Value,
     .value = "bytes",
     .help = "Remove the least valuable first until the disk has this much free"},
    {.name = "reserved-space",
     .kind = Kind::Value,
     .value = "bytes",
     .help = "Always leave the store this much"},
    {.name = "verbose", .help = "One line for each thing that was removed"},
    kStore,
    {.name = "keep-storage",
     .kind = Kind::Value,
     .value = "bytes",
     .help = "Old name of --reserved-space",
     .is_hidden = true,
     .warning = "--keep-storage is the old name of --reserved-space"},
    {.name = "timeout",
     .kind = Kind::Value,
     .value = "duration",
     .help = "Without effect",
     .is_hidden = true},
};
constexpr Flag kChanged[] = {
    {.name = "since", .kind = Kind::Value, .value = "revision", .help = "Commit, tag or branch to compare with"},
    {.name = "target",
     .kind = Kind::List,
     .value = "name",
     .help = "Target or group of the bake files, repeatable (default \"default\", else all)"},
    {.name = "context",
     .kind = Kind::Value,
     .value = "dir",
     .help = "Build context of the Dockerfiles (default the folder of each)",
     .complete = Complete::Directory},
    {.name = "set", .kind = Kind::List, .value = "target.key=value", .help = "Override a key of the bake targets"},
    {.name = "var", .kind = Kind::List, .value = "name=value", .help = "Value of a variable of the bake files"},
    {.name = "format",
     .kind = Kind::Value,
     .value = "text|json",
     .help = "Form of the output (default text); json is a matrix for GitHub Actions",
     .complete = Complete::Choice,
     .choices = "text,json"}};
constexpr Flag kHistory[] = {kFormat, kStore};
constexpr Flag kWhy[] = {
    {.name = "build",
     .kind = Kind::Value,
     .value = "id",
     .help = "The build in question (default the last one)"},
    {.name = "slow", .help = "What ran under emulation, what it cost and which edit removes it"},
    {.name = "format",
     .kind = Kind::Value,
     .value = "text|json",
     .help = "Form of the output (default text)",
     .complete = Complete::Choice,
     .choices = "text,json"},
    kStore};
constexpr Flag kVerify[] = {
    {.name = "platform",
     .kind = Kind::Value,
     .value = "os/arch[/variant]",
     .help = "Only the image of this platform (default all of them)"},
    {.name = "nodes",
     .kind = Kind::Value,
     .value = "file",
     .help = "Nodes of a cluster, as `kubectl get nodes -o json` prints them: which could not start "
             "the image",
     .complete = Complete::File},
    {.name = "verify",
     .kind = Kind::Value,
     .value = "error|warn|off",
     .help = "Whether what cannot run makes the exit code 1 (default error, or SLIPWAY_VERIFY)",
     .complete = Complete::Choice,
     .choices = "error,warn,off"},
    {.name = "allow",
     .kind = Kind::List,
     .value = "pattern",
     .help = "Files of the image that are foreign on purpose, as in .dockerignore"},
    {.name = "format",
     .kind = Kind::Value,
     .value = "text|json",
     .help = "Form of the output (default text)",
     .complete = Complete::Choice,
     .choices = "text,json"},
    kStore};
constexpr Flag kJoin[] = {
    {.name = "id",
     .kind = Kind::Value,
     .value = "id",
     .help = "The join that is meant (default all of the tag; to end one, that of this CI run or "
             "commit)"},
    {.name = "finish", .help = "Publish the tag; an error if a platform is missing"},
    {.name = "partial", .help = "With --finish: publish what is there"},
    {.name = "abandon", .help = "Forget the fragments; what was published stays"},
    {.name = "format",
     .kind = Kind::Value,
     .value = "text|json",
     .help = "Form of the output (default text)",
     .complete = Complete::Choice,
     .choices = "text,json"}};
constexpr Flag kIndex[] = {
    {.name = "tag",
     .letter = 't',
     .kind = Kind::List,
     .value = "name:tag",
     .help = "create: where the index goes, repeatable"},
    {.name = "append", .help = "create: keep what the first tag has, and add to it"},
    {.name = "dry-run", .help = "create: print the index instead of pushing it"},
    {.name = "file",
     .letter = 'f',
     .kind = Kind::List,
     .value = "file",
     .help = "create: a source as the JSON of a descriptor, \"-\" for standard input",
     .complete = Complete::File},
    {.name = "annotation",
     .kind = Kind::List,
     .value = "type:key=value",
     .help = "create: annotation; types are index and manifest-descriptor, the latter with an "
             "optional [platform]"},
    {.name = "platform",
     .letter = 'p',
     .kind = Kind::List,
     .value = "os/arch,...",
     .help = "create: only these platforms of the sources"},
    {.name = "prefer-index",
     .help = "create: also a single image becomes an index (default true)"},
    {.name = "raw", .help = "inspect: print the document as it is"},
    {.name = "format",
     .kind = Kind::Value,
     .value = "text|json",
     .help = "inspect: form of the output (default text)",
     .complete = Complete::Choice,
     .choices = "text,json"},
    {.name = "progress",
     .kind = Kind::Value,
     .value = "mode",
     .help = "Without effect",
     .is_hidden = true}};
constexpr Flag kVersion[] = {kFormat};
constexpr Flag kParse[] = {{.name = "format",
                            .kind = Kind::Value,
                            .value = "sexp|json|dockerfile",
                            .help = "Form of the output (default sexp)",
                            .complete = Complete::Choice,
                            .choices = "sexp,json,dockerfile"}};
constexpr Flag kLint[] = {
    {.name = "fix", .help = "Print a patch that repairs what can be repaired safely"},
    {.name = "write", .help = "With --fix: change the files"},
    {.name = "format",
     .kind = Kind::Value,
     .value = "text|json|sarif",
     .help = "Form of the output (default text)",
     .complete = Complete::Choice,
     .choices = "text,json,sarif"},
    {.name = "fail-on",
     .kind = Kind::Value,
     .value = "error|warning|note|never",
     .help = "The least severity that makes the exit code 1 (default warning)",
     .complete = Complete::Choice,
     .choices = "error,warning,note,never"},
    {.name = "rule", .kind = Kind::CommaList, .value = "id", .help = "Only these rules"},
    {.name = "ignore", .kind = Kind::CommaList, .value = "id", .help = "All but these rules"},
    {.name = "nodes",
     .kind = Kind::Value,
     .value = "file",
     .help = "The cluster's nodes, from `kubectl get nodes -o json`; \"-\" is standard input",
     .complete = Complete::File},
    {.name = "platform",
     .kind = Kind::CommaList,
     .value = "os/arch",
     .help = "Platforms that every Dockerfile is built for, besides those that workflows name"},
    {.name = "log-platform",
     .kind = Kind::Value,
     .value = "os/arch",
     .help = "The machine on which logs were written (default: what they tell)"},
    {.name = "rules", .help = "List the rules"},
};
constexpr Flag kExpand[] = {
    {.name = "env",
     .letter = 'e',
     .kind = Kind::List,
     .value = "name[=value]",
     .help = "A variable; without a value it is taken from the environment"},
    {.name = "words", .help = "Split into words and print one a line"},
    {.name = "escape",
     .kind = Kind::Value,
     .value = "char",
     .help = "The escape character (default \\)"},
};

constexpr std::string_view kBuildText =
    R"(Builds a Dockerfile for one or more platforms. PATH is the directory that COPY and ADD read from; "-" reads a Dockerfile or a tar archive from standard input. The flags are those of docker buildx build; `slipway buildx build` is the same command.

Without --output, --load and --push the image goes into the store under the names of --tag; `slipway images` lists it.

  slipway build -t app:1 .
  slipway build --platform linux/amd64,linux/arm64 -t registry.example/app:1 --push .
  slipway build -o out .
  slipway build -o type=oci,dest=app.tar .
)";

constexpr std::string_view kBakeText =
    R"(Reads compose.yaml, docker-bake.json, docker-bake.hcl and their overrides, or the files of -f, and builds the targets in one graph: what they have in common is done once. TARGET is a target, a group or a pattern; without one it is the group or target "default". docs/bake.md says what the files may say.

  slipway bake --print
  slipway bake --set '*.platform=linux/amd64,linux/arm64' --push
  slipway bake -f compose.yaml api worker
  TAG=1.2 slipway bake release
)";

constexpr std::string_view kChangedText =
    R"(Compares REVISION with the working tree, and says for each build whether that reaches anything it is made of: the files that the needed steps copy or mount after .dockerignore, the Dockerfile, the ignore file, the attributes of the bake target, and the targets it is made of. Nothing is built and no registry is asked.

FILE is a Dockerfile, a compose or a bake file; without one the bake files here count, else every Dockerfile of the repository. With "..." behind REVISION the commit counts at which HEAD parted from it.

  slipway changed --since HEAD~1
  slipway changed --since origin/main... --format json docker-bake.hcl
)";

constexpr std::string_view kLintText =
    R"(Reads Dockerfiles, GitHub Actions workflows, compose files and logs of BuildKit. A folder is searched for files with their names; without PATH it is the current one. docs/rules/ has a page for each rule.

The exit code is 0 if nothing of the severity of --fail-on was found, else 1. A comment "# slipway: ignore=ID" above an instruction or step suppresses a rule there, "# slipway: ignore-file=ID" in the whole file.

  slipway lint
  slipway lint --fix | git apply
  slipway lint --fix --write Dockerfile
  kubectl get nodes -o json | slipway lint --nodes -
)";

constexpr std::string_view kVerifyText =
    R"(Looks at every program and library of the image: is it for the platform that the image is published as? What ENTRYPOINT and CMD start is followed through scripts and links to its loader and libraries. Builds do the same before they publish anything.

IMAGE is a name in the store or a registry, an OCI layout (oci:DIR[:TAG]) or an archive of type oci or docker.

  slipway verify app:1
  slipway verify --platform linux/arm64 oci:out
  kubectl get nodes -o json > nodes.json && slipway verify --nodes nodes.json registry.example/app:1

The exit code is 1 if something that the image starts, or a node of --nodes, cannot run it.
)";

constexpr std::string_view kJoinText =
    R"(Several machines build one tag together: each runs `slipway build --join --push` for its platforms, and the one that brings the last platform publishes the tag. No job has to wait for others or merge anything. docs/join.md has workflows to copy.

  slipway build --join --join-expect linux/amd64,linux/arm64 --platform linux/arm64 -t registry.example/app:1 --push .
  slipway join registry.example/app:1
  slipway join --finish registry.example/app:1
)";

constexpr std::string_view kIndexText =
    R"(create makes an index of images that registries have; a SOURCE is a name, a digest in the repository of the tag, or (with --file) a descriptor. What another repository has is copied, by mounting where that is possible. An index alone is copied as it is.

  slipway index create -t registry.example/app:1 registry.example/app@sha256:... registry.example/app@sha256:...
  slipway index create -t registry.example/app:stable registry.example/app:1
  slipway index inspect --raw registry.example/app:1
)";

constexpr std::string_view kWhyText =
    R"(Answers from the records of builds. Without an argument: which steps of the last build ran, and what had changed since the nearest build before it. A STEP is named by its line (Dockerfile:7, or 7) or by words of its name; a PATH is one of the build context.

  slipway why
  slipway why Dockerfile:7
  slipway why 'go build'
  slipway why node_modules/left-pad
  slipway why --slow

A build is named by its id in `slipway history`, or the begin of it.
)";

constexpr std::string_view kEnvironmentHint =
    "\nEvery command has --help. `slipway man` prints the manual page.\n";

constexpr std::array<Command, 18> kCommands = {{
    {.name = "build",
     .aliases = "b",
     .arguments = "[OPTIONS] PATH | URL | -",
     .summary = "Build an image from a Dockerfile",
     .text = kBuildText,
     .flags = {},
     .min_arguments = 1,
     .max_arguments = 1,
     .complete = Complete::Directory},
    {.name = "bake",
     .arguments = "[OPTIONS] [TARGET...]",
     .summary = "Build the targets of bake and compose files together",
     .text = kBakeText,
     .flags = {},
     .max_arguments = 10000},
    {.name = "changed",
     .arguments = "[OPTIONS] --since REVISION [FILE...]",
     .summary = "Say which builds of a repository a change concerns, and why",
     .text = kChangedText,
     .flags = kChanged,
     .max_arguments = 10000,
     .complete = Complete::File},
    {.name = "images",
     .aliases = "ls",
     .arguments = "[OPTIONS]",
     .summary = "List the images in the store",
     .flags = kImages},
    {.name = "du",
     .arguments = "[OPTIONS]",
     .summary = "Show what the store takes on disk",
     .text = "Sizes are disk blocks, as du counts them.\n",
     .flags = kUsage},
    {.name = "prune",
     .arguments = "[OPTIONS]",
     .summary = "Remove what builds left and nobody uses",
     .text = "Never touches what a running build uses. Without --all, images with a name and what "
             "they are made of stay.\n",
     .flags = kPrune},
    {.name = "history",
     .arguments = "[OPTIONS]",
     .summary = "List the builds of this store with what they took",
     .flags = kHistory},
    {.name = "why",
     .arguments = "[OPTIONS] [STEP | PATH]",
     .summary = "Explain a build: why steps ran, why a file is in the context, what was slow",
     .text = kWhyText,
     .flags = kWhy,
     .max_arguments = 1},
    {.name = "join",
     .arguments = "[OPTIONS] NAME:TAG",
     .summary = "Show which machines have joined a tag, publish or abandon it",
     .text = kJoinText,
     .flags = kJoin,
     .min_arguments = 1,
     .max_arguments = 1},
    {.name = "index",
     .aliases = "imagetools",
     .arguments = "create [OPTIONS] SOURCE... | inspect [OPTIONS] NAME",
     .summary = "Make an index of images in a registry, or look at one",
     .text = kIndexText,
     .flags = kIndex,
     .min_arguments = 1,
     .max_arguments = 1000,
     .complete = Complete::Choice,
     .choices = "create,inspect"},
    {.name = "lint",
     .arguments = "[OPTIONS] [PATH...]",
     .summary = "Find what makes images wrong or builds slow, and repair it",
     .text = kLintText,
     .flags = kLint,
     .max_arguments = 10000,
     .complete = Complete::File},
    {.name = "verify",
     .arguments = "[OPTIONS] IMAGE",
     .summary = "Check that the programs of an image run on its platforms",
     .text = kVerifyText,
     .flags = kVerify,
     .min_arguments = 1,
     .max_arguments = 1,
     .complete = Complete::File},
    {.name = "parse",
     .arguments = "[OPTIONS] FILE",
     .summary = "Print a Dockerfile as it was understood",
     .text = "FILE \"-\" is standard input. sexp prints one line an instruction, json everything "
             "that is known of the file, "
             "dockerfile a Dockerfile of the same meaning.\n",
     .flags = kParse,
     .min_arguments = 1,
     .max_arguments = 1,
     .complete = Complete::File},
    {.name = "expand",
     .arguments = "[OPTIONS] -- WORD",
     .summary = "Print the expansion of one word of a Dockerfile",
     .text = "  slipway expand --env TAG=1.2.3 -- '${TAG%.*}'\n",
     .flags = kExpand,
     .min_arguments = 1,
     .max_arguments = 1},
    {.name = "version",
     .arguments = "[OPTIONS]",
     .summary = "Print the version",
     .flags = kVersion},
    {.name = "completion",
     .arguments = "bash | zsh | fish",
     .summary = "Print a completion script for a shell",
     .text = "  source <(slipway completion bash)\n  slipway completion zsh > "
             "\"${fpath[1]}/_slipway\"\n"
             "  slipway completion fish > ~/.config/fish/completions/slipway.fish\n",
     .min_arguments = 1,
     .max_arguments = 1,
     .complete = Complete::Choice,
     .choices = "bash,zsh,fish"},
    {.name = "man",
     .arguments = "",
     .summary = "Print the manual page",
     .text = "  slipway man | man -l -\n"},
    {.name = "help",
     .arguments = "[COMMAND]",
     .summary = "Print help on a command",
     .text = kEnvironmentHint,
     .max_arguments = 1,
     .complete = Complete::Choice,
     .choices = "build,bake,changed,images,du,prune,verify,lint,history,why,join,index,parse,expand,version,completion,man"},
}};

bool has_name(const Command& command, std::string_view name) {
  if (command.name == name) return true;
  for (std::string_view rest = command.aliases; !rest.empty();) {
    const size_t comma = std::min(rest.find(','), rest.size());
    if (rest.substr(0, comma) == name) return true;
    rest.remove_prefix(std::min(rest.size(), comma + 1));
  }
  return false;
}

template <class Matches>
const Flag* find(const Command& command, Matches matches) {
  for (const auto& flags : {command.flags, common_flags()})
    if (const auto it = std::find_if(flags.begin(), flags.end(), matches); it != flags.end())
      return &*it;
  return nullptr;
}

}  // namespace

std::span<const Command> commands() {
  static const auto all = [] {
    auto copy = kCommands;
    copy[0].flags = build_flags();
    copy[1].flags = bake_flags();
    return copy;
  }();
  return all;
}

const Command* find_command(std::string_view name) {
  for (const Command& command : commands())
    if (has_name(command, name)) return &command;
  return nullptr;
}

std::span<const Flag> common_flags() { return kCommon; }

const Flag* find_flag(const Command& command, std::string_view name) {
  return find(command, [&](const Flag& flag) { return flag.name == name; });
}

const Flag* find_flag(const Command& command, char letter) {
  return find(command, [&](const Flag& flag) { return flag.letter == letter; });
}

}  // namespace slipway::cli
