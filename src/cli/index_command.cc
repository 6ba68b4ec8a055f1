// `slipway index create|inspect`: indexes in registries, with the flags of docker buildx imagetools.
#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/handlers.h"
#include "cli/signals.h"
#include "cli/specs.h"
#include "joins/compose.h"
#include "json/json.h"
#include "oci/media_types.h"
#include "os/fs.h"

namespace slipway::cli {
namespace {

std::vector<joins::Note> notes_of(const ParsedArgs& args) {
  std::vector<joins::Note> out;
  for (const auto& text : args.list("annotation"))
    for (const auto& spec : parse_annotation(text)) {
      if (spec.level != "index" && spec.level != "manifest-descriptor")
        throw Error(fmt::format("an annotation of {} would change manifests, which stay as they are",
                                spec.level.empty() ? "no level" : "level " + spec.level),
                    "--annotation", "write index:KEY=VALUE or manifest-descriptor:KEY=VALUE");
      out.push_back({.is_of_index = spec.level == "index",
                     .platform = spec.platform,
                     .key = spec.key,
                     .value = spec.value});
    }
  return out;
}

/// The one repository that tags and sources name, for sources that name none.
std::optional<registry::Reference> home_of(const std::vector<registry::Reference>& tags,
                                           const std::vector<joins::Source>& sources) {
  std::optional<registry::Reference> home;
  const auto is_other = [&](const registry::Reference& ref) {
    if (!home) home = ref;
    return home->host != ref.host || home->repository != ref.repository;
  };
  for (const auto& tag : tags)
    if (is_other(tag)) return std::nullopt;
  for (const auto& source : sources)
    if (source.ref && is_other(*source.ref)) return std::nullopt;
  return home;
}

int create(const ParsedArgs& args, const std::vector<std::string>& words, const Io& io) {
  std::vector<registry::Reference> tags;
  for (const auto& text : args.list("tag")) {
    tags.push_back(registry::parse_reference(text));
    if (!tags.back().digest.empty() || tags.back().tag.empty())
      throw Error(fmt::format("\"{}\" is no tag", text), "--tag", "write REPOSITORY:TAG");
  }
  const bool is_dry = args.flag("dry-run");
  if (tags.empty() && !is_dry)
    throw Error("there is no name to publish the index under", "--tag",
                "give one with -t, or use --dry-run");
  std::vector<joins::Source> sources;
  if (args.flag("append")) {
    if (tags.empty()) throw Error("nothing to append to", "--append", "name the index with -t");
    sources.push_back({tags.front(), {}});
  }
  for (const auto& file : args.list("file"))
    sources.push_back(joins::parse_source(file == "-" ? io.read_input() : os::read_file(file)));
  for (const auto& word : words) sources.push_back(joins::parse_source(word));
  if (sources.empty() || (args.flag("append") && sources.size() == 1))
    throw Error("there are no sources", {}, "name images: slipway index create -t NAME SOURCE...");
  joins::ComposeOptions options;
  options.notes = notes_of(args);
  for (const auto& text : args.list("platform"))
    for (const auto& platform : oci::parse_platforms(text)) options.platforms.push_back(platform);
  if (const auto prefer = args.value("prefer-index"))
    options.prefer_index = parse_bool(*prefer).value_or(true);

  Signals signals;
  registry::Client client;
  const joins::Composed composed =
      joins::compose(client, sources, home_of(tags, sources), options, signals.token());
  if (is_dry) {
    io.out(composed.bytes + "\n");
    return 0;
  }
  for (const auto& tag : tags) {
    joins::publish(client, composed, tag, [&](const std::string& line) { io.err(line + "\n"); },
                   signals.token());
    io.err(fmt::format("pushed {} ({})\n", tag.familiar(), oci::Digest::of(composed.bytes).str()));
  }
  return 0;
}

std::string as_text(const registry::Reference& ref, const registry::Document& document) {
  std::string out = fmt::format("Name:      {}\nMediaType: {}\nDigest:    {}\n", ref.str(),
                                document.media_type, document.digest.str());
  if (!oci::is_index(document.media_type)) return out;
  registry::Reference part = ref;
  part.digest = {};
  out += "\nManifests:\n";
  for (const auto& entry : joins::entries_of(document.bytes, ref.familiar())) {
    const oci::Descriptor& descriptor = entry.descriptor;
    out += fmt::format("  Name:      {}@{}\n  MediaType: {}\n", part.str(),
                       descriptor.digest.str(), descriptor.media_type);
    if (descriptor.platform) out += fmt::format("  Platform:  {}\n", descriptor.platform->str());
    if (!descriptor.annotations.empty()) {
      out += "  Annotations:\n";
      for (const auto& [key, value] : descriptor.annotations)
        out += fmt::format("    {}: {}\n", key, value);
    }
    out += "\n";
  }
  out.pop_back();
  return out;
}

int inspect(const ParsedArgs& args, const std::vector<std::string>& words, const Io& io) {
  if (words.size() != 1)
    throw Error("one image is inspected at a time", {}, "usage: slipway index inspect NAME");
  const auto ref = registry::parse_reference(words[0]);
  Signals signals;
  registry::Client client;
  const auto document = client.fetch_manifest(ref, signals.token());
  if (!document) throw Error(fmt::format("{} is not there", ref.familiar()));
  // The two templates of docker buildx that scripts use.
  const std::string format = args.value_or("format", "text");
  if (args.flag("raw")) {
    io.out(document->bytes);
  } else if (format == "json" || format == "{{json .Manifest}}") {
    json::Value out = json::Value::object();
    out["name"] = ref.str();
    out["digest"] = document->digest.str();
    out["size"] = document->bytes.size();
    const json::Value said = json::parse(document->bytes, ref.familiar());
    for (const auto& [key, value] : said.items()) out[key] = value;
    io.out(json::dump_pretty(out) + "\n");
  } else if (format == "{{.Manifest.Digest}}" || format == "{{ .Manifest.Digest }}") {
    io.out(document->digest.str() + "\n");
  } else if (format == "text") {
    io.out(as_text(ref, *document));
  } else {
    throw Error(fmt::format("unknown format \"{}\"", format), "--format",
                "the formats are text and json; --raw prints the document itself");
  }
  return 0;
}

}  // namespace

int index_command(const ParsedArgs& args, const Io& io) {
  std::vector<std::string> words = args.arguments;
  const std::string what = words.front();
  words.erase(words.begin());
  if (what == "create") return create(args, words, io);
  if (what == "inspect") return inspect(args, words, io);
  throw Error(fmt::format("slipway index has no command \"{}\"", what), {},
              "its commands are create and inspect");
}

}  // namespace slipway::cli
