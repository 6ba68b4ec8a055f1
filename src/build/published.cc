#include "build/published.h"

#include <algorithm>

#include <fmt/core.h>

#include "build/metadata.h"
#include "build/output_options.h"
#include "hash/sha256.h"
#include "image/config.h"
#include "registry/reference.h"

namespace slipway::build {
namespace {

std::string text_of(const std::map<std::string, std::string>& attrs) {
  std::string out;
  for (const auto& [key, value] : attrs)
    if (key != "name" && key != "push") out += fmt::format(" {}={}:{}", key, value.size(), value);
  return out;
}

/// Everything about the outputs that reaches the image.
std::string outputs_of(const Job& job) {
  const BuildRequest& request = job.request;
  std::string out = fmt::format("epoch {}\n", job.epoch.value_or(-1));
  for (const auto& output : request.outputs) out += fmt::format("output{}\n", text_of(output.attrs));
  for (const auto& attest : request.attests) {
    out += fmt::format("attest {} {}{}\n", attest.type, attest.disabled, text_of(attest.attrs));
    // Statements name the image that they are about.
    for (const auto& tag : request.tags) out += " about " + tag + "\n";
  }
  for (const auto& note : request.annotations)
    out += fmt::format("annotation {} {} {}={}\n", note.level, note.platform ? note.platform->str() : "", note.key, note.value);
  return out;
}

registry::Client client_for(const OutputOptions& output) {
  registry::ClientOptions options;
  if (output.insecure)
    for (const auto& name : output.names) options.insecure_hosts.push_back(registry::parse_reference(name).host);
  return registry::Client(options);
}

}  // namespace

std::string published_tag(const Job& job, const graph::Graph& graph, StepRunner& probe) {
  const BuildRequest& request = job.request;
  if (request.outputs.empty() || graph.targets.empty()) return {};
  for (const auto& spec : request.outputs) {
    if (spec.type != "image" && spec.type != "registry") return {};
    const OutputOptions output = read_output(spec, request, 0);
    if (!output.push || output.by_digest || output.names.empty()) return {};
  }
  std::string all = "slipway published 1\n" + outputs_of(job);
  for (const auto& target : graph.targets) {
    const auto key = probe.input_key(target.files);
    if (!key) return {};
    all += fmt::format("target {} {}\n{}\n", target.platform.str(), *key, image::print(target.config));
  }
  return "slipway-" + hash::sha256_hex(all).substr(0, 40);
}

std::optional<BuildResult> take_published(const BuildRequest& request, const std::string& tag, std::stop_token stop) {
  BuildResult out;
  Metadata metadata;
  // First all repositories are asked, then names are set: a build is done as a whole, or published as a whole.
  for (const bool sets_names : {false, true})
    for (const auto& spec : request.outputs) {
      const OutputOptions output = read_output(spec, request, 0);
      registry::Client client = client_for(output);
      for (const auto& name : output.names) {
        const registry::Reference wanted = registry::parse_reference(name);
        registry::Reference known = wanted;
        known.tag = tag;
        known.digest = {};
        const auto found = client.resolve(known, stop);
        if (!found) return std::nullopt;
        if (!out.descriptor.digest.empty() && out.descriptor.digest != found->digest) return std::nullopt;
        out.descriptor = *found;
        if (!sets_names) continue;
        const auto there = client.resolve(wanted, stop);
        const bool is_named = there && there->digest == found->digest;
        if (!is_named) {
          const auto manifest = client.fetch_manifest(known, stop);
          if (!manifest || manifest->digest != found->digest) return std::nullopt;
          client.push_manifest(wanted, manifest->media_type, manifest->bytes, stop);
        }
        metadata.names.push_back(wanted.str());
        out.lines.push_back(fmt::format("{} is published ({}){}", wanted.familiar(), found->digest.str(),
                                        is_named ? "" : ", and has its name now"));
      }
    }
  out.image_id = out.descriptor.digest.str();
  metadata.descriptor = out.descriptor;
  metadata.build_id = hash::sha256_hex(tag);
  out.metadata_json = metadata_json(metadata);
  return out;
}

}  // namespace slipway::build
