// The table of rules.
#include "lint/rules.h"

#include <algorithm>
#include <array>

namespace slipway::lint {
namespace {

constexpr Severity kNote = Severity::Note, kWarning = Severity::Warning, kError = Severity::Error;

const std::array kRules = {
    // Dockerfiles
    Rule{"AptGetWithoutCleaning",
         kWarning,
         true,
         "`apt-get` that leaves its package lists in a layer of the image",
         {.dockerfile = check_apt_cleaning}},
    Rule{"BuildPlatformOutput",
         kError,
         true,
         "A Go program compiled on `$BUILDPLATFORM` without `GOARCH`, which every image gets",
         {.dockerfile = check_build_platform_output}},
    Rule{"CompilerInImage",
         kNote,
         false,
         "An image that ships the compiler it was made with",
         {.dockerfile = check_compiler_in_image}},
    Rule{"CopyFromAncestor",
         kWarning,
         true,
         "`COPY --from` a stage on which the stage itself stands",
         {.dockerfile = check_copy_from_ancestor},
         true},
    Rule{"DownloadAfterCopyAll",
         kWarning,
         true,
         "Models, packages or dependencies fetched after `COPY . .`",
         {.dockerfile = check_download_after_copy}},
    Rule{"EmulatedCompiler",
         kWarning,
         true,
         "A stage that only compiles, without `--platform=$BUILDPLATFORM`",
         {.dockerfile = check_emulated_compiler},
         true},
    Rule{"HardCodedArchitecture",
         kWarning,
         true,
         "The name of an architecture in a `RUN`, a download or the source of an `ADD` or `COPY`",
         {.dockerfile = check_hard_coded_architecture},
         true},
    Rule{"HardCodedGoarch",
         kError,
         true,
         "A fixed `GOARCH`",
         {.dockerfile = check_hard_coded_goarch},
         true},
    Rule{"LostContinuation",
         kError,
         true,
         "A line that belongs to the instruction above it, which does not end in a backslash",
         {.dockerfile = check_lost_continuation},
         true},
    Rule{"SharedCacheMount",
         kWarning,
         true,
         "A cache mount whose files belong to one architecture and that all platforms share",
         {.dockerfile = check_shared_cache_mount}},
    Rule{"UndeclaredPlatformArg",
         kError,
         true,
         "`$TARGETARCH` or one of its kind in a `RUN` of a stage that does not declare it",
         {.dockerfile = check_undeclared_platform_arg}},
    Rule{"WrongSyntax",
         kError,
         false,
         "A file that cannot be read as what it is",
         {.dockerfile = check_syntax,
          .workflow = check_workflow_syntax,
          .compose = check_compose_syntax},
         true},
    // Workflows
    Rule{"CacheNeverSaved",
         kWarning,
         true,
         "A build cache that is written to another folder than the one that is saved",
         {.workflow = check_cache_never_saved}},
    Rule{"MatrixAndMerge",
         kNote,
         false,
         "A job for each platform and another one that merges, where one command does",
         {.workflow = check_matrix_and_merge}},
    Rule{"NoCacheBetweenRuns",
         kNote,
         true,
         "An image built on an empty runner without a cache",
         {.workflow = check_no_cache_between_runs}},
    Rule{"PlatformWithoutNode",
         kWarning,
         true,
         "With `--nodes`: a platform that no node runs, or nodes for which nothing is built",
         {.workflow = check_workflow_nodes, .compose = check_compose_nodes}},
    Rule{"SharedCacheScope",
         kWarning,
         true,
         "Jobs of a matrix that overwrite each other's cache",
         {.workflow = check_shared_cache_scope}},
    Rule{"UnneededQemu",
         kWarning,
         true,
         "An emulator that is set up and not used",
         {.workflow = check_unneeded_qemu}},
    Rule{"WrongRunner",
         kWarning,
         true,
         "A foreign platform built alone on a runner of another architecture",
         {.workflow = check_wrong_runner}},
    // Compose files
    Rule{"ComposeFixedPlatform",
         kNote,
         false,
         "`platform:` of a service that is built, which fixes it on every machine",
         {.compose = check_compose_fixed_platform}},
    // Logs
    Rule{"EmulatedStep",
         kWarning,
         false,
         "A step that ran under emulation, and what it cost",
         {.log = check_emulated_steps}},
    Rule{"WrongGoarchInLog",
         kError,
         false,
         "A step that made a program of another architecture than its image's",
         {.log = check_logged_architecture}},
};

}  // namespace

std::span<const Rule> rules() { return kRules; }

const Rule* find_rule(std::string_view id) {
  const auto it =
      std::find_if(kRules.begin(), kRules.end(), [&](const Rule& rule) { return rule.id == id; });
  return it == kRules.end() ? nullptr : &*it;
}

std::string_view severity_name(Severity severity) {
  return severity == Severity::Error ? "error" : severity == Severity::Warning ? "warning" : "note";
}

}  // namespace slipway::lint
