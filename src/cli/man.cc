// slipway.1 from the table of flags.
#include <fmt/core.h>

#include "base/text.h"
#include "cli/help.h"

namespace slipway::cli {
namespace {

/// Text as roff shows it: backslashes and dashes kept, no line taken for a request.
std::string roff(std::string_view text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    at_start = c == '\n';
  }
  return out;
}

std::string flag_entry(const Flag& flag) {
  std::string out = ".TP\n";
  if (flag.letter) out += fmt::format("\\fB\\-{}\\fR, ", flag.letter);
  out += fmt::format("\\fB\\-\\-{}\\fR", roff(flag.name));
  if (flag.kind == Flag::Kind::Optional)
    out += fmt::format("[=\\fI{}\\fR]", roff(flag.value));
  else if (!flag.value.empty())
    out += fmt::format(" \\fI{}\\fR", roff(flag.value));
  return out + "\n" + roff(flag.help) + ".\n";
}

/// Paragraphs; lines that begin with a blank are shown as they are.
std::string paragraphs(std::string_view text) {
  std::string out;
  bool is_example = false;
  for (const auto& line : split(text, '\n')) {
    const bool wants_example = line.starts_with(' ');
    if (wants_example != is_example) out += wants_example ? ".PP\n.nf\n" : ".fi\n";
    is_example = wants_example;
    if (line.empty())
      out += ".PP\n";
    else
      out += roff(line) + "\n";
  }
  if (is_example) out += ".fi\n";
  return out;
}

struct Variable {
  const char *name, *help;
};
constexpr Variable kVariables[] = {
    {"SLIPWAY_HOME", "Directory of images and cache."},
    {"SLIPWAY_VERIFY", "Mode of --verify where it is not given: error, warn or off."},
    {"DOCKER_DEFAULT_PLATFORM", "Platforms to build for where --platform is not given."},
    {"SOURCE_DATE_EPOCH",
     "Seconds since 1970: no time in the image is later. Also \"context\", or the name of a context "
     "or stage whose time it shall be. The build argument of that name goes before it."},
    {"BUILDKIT_PROGRESS", "Mode of --progress where it is auto."},
    {"BUILDKIT_COLORS",
     "Colours of the terminal view: run=green:error=255,0,0:cancel=yellow:warning=yellow."},
    {"BUILDKIT_TTY_LOG_LINES",
     "Lines of output under each running step of the terminal view, 6 if not set."},
    {"NO_COLOR", "No colours at all."},
    {"DOCKER_CONFIG", "Directory of config.json: credentials, credential helpers, proxies."},
    {"BUILDX_NO_DEFAULT_ATTESTATIONS", "No attestation that was not asked for."},
    {"BUILDX_NO_DEFAULT_OCI_ARTIFACT",
     "Attestations are plain manifests unless an output says oci-artifact=true."},
    {"BUILDX_NO_DEFAULT_LOAD", "Without an output, the image gets no name in the store."},
    {"BUILDX_GIT_LABELS, BUILDX_GIT_INFO, BUILDX_GIT_CHECK_DIRTY",
     "Whether the image has labels of the repository that the context is in, whether provenance "
     "tells of it, and whether both tell of changes that were not committed."},
    {"BUILDX_METADATA_PROVENANCE, BUILDX_METADATA_WARNINGS",
     "What --metadata-file has besides digests."},
};

}  // namespace

std::string man_page(std::string_view version) {
  std::string out = fmt::format(
      ".TH SLIPWAY 1 \"\" \"slipway {}\" \"User Commands\"\n"
      ".SH NAME\nslipway \\- build container images for every architecture, without a daemon and "
      "without root\n"
      ".SH SYNOPSIS\n",
      roff(version));
  for (const Command& command : commands())
    out += fmt::format(".B slipway {}\n{}\n.br\n", command.name, roff(command.arguments));
  out += ".SH COMMANDS\n";
  for (const Command& command : commands()) {
    out += fmt::format(".SS {} {}\n{}.\n", command.name, roff(command.arguments),
                       roff(command.summary));
    if (!command.aliases.empty()) out += fmt::format("Also: {}.\n", command.aliases);
    if (!command.text.empty()) out += ".PP\n" + paragraphs(command.text);
    for (const Flag& flag : command.flags)
      if (!flag.is_hidden) out += flag_entry(flag);
  }
  out += ".SH ENVIRONMENT\n";
  for (const Variable& variable : kVariables)
    out += fmt::format(".TP\n.B {}\n{}\n", variable.name, roff(variable.help));
  out +=
      ".SH EXIT STATUS\n0 when everything was done, 1 after an error, 130 after an interrupt "
      "(Ctrl\\-C), 143 after SIGTERM.\n";
  return out;
}

}  // namespace slipway::cli
