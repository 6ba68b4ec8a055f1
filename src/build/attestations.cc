#include "build/attestations.h"

#include <fmt/core.h>

#include "attest/purl.h"
#include "attest/spdx.h"
#include "base/error.h"
#include "base/text.h"
#include "build/image_files.h"
#include "build/provenance_facts.h"
#include "build/sbom_targets.h"
#include "hash/sha256.h"

namespace slipway::build {
namespace {

bool truth(const std::string& key, const std::string& value, const std::string& flag) {
  const std::string lower = to_lower(value);
  if (lower == "true" || lower == "1" || lower.empty()) return true;
  if (lower == "false" || lower == "0") return false;
  throw Error(fmt::format("{}={} is neither true nor false", key, value), flag);
}

ProvenanceWish provenance_wish(const std::map<std::string, std::string>& attrs) {
  const std::string flag = "--attest type=provenance";
  ProvenanceWish out;
  for (const auto& [key, value] : attrs) {
    if (key == "mode") {
      if (value != "min" && value != "max" && value != "full")
        throw Error(fmt::format("provenance mode \"{}\" is not known", value), flag,
                    "the modes are min and max");
      out.is_max = value != "min";
    } else if (key == "version") {
      if (value != "v1" && value != "v0.2")
        throw Error(fmt::format("provenance version \"{}\" is not known", value), flag,
                    "the versions are v1 and v0.2");
      out.version = value == "v1" ? attest::SlsaVersion::V1 : attest::SlsaVersion::V02;
    } else if (key == "builder-id") {
      out.builder_id = value;
    } else if (key == "filename") {
      if (value.empty() || value.contains('/'))
        throw Error(fmt::format("\"{}\" is no file name", value), flag);
      out.file_name = value;
    } else if (key == "reproducible") {
      out.reproducible = truth(key, value, flag);
    } else if (key == "inline-only") {
      out.inline_only = truth(key, value, flag);
    } else if (key == "complete-materials") {
      out.complete_materials = truth(key, value, flag);
    } else if (key == "capture-usage") {
      if (truth(key, value, flag))
        throw Error("provenance does not hold what steps used of the machine",
                    flag + ",capture-usage=true",
                    "leave it out: it would differ in every build; the summary shows times");
    } else {
      static const std::vector<std::string> kKeys = {
          "mode",         "version",     "builder-id",         "filename",
          "reproducible", "inline-only", "complete-materials", "capture-usage"};
      const auto near = closest(key, kKeys);
      throw Error(
          fmt::format("provenance has no key \"{}\"", key), flag,
          near ? fmt::format("did you mean {}?", *near) : "its keys are: " + join(kKeys, ", "));
    }
  }
  return out;
}

/// Keys other than these are parameters of a scanner, which are written in capitals.
void read_sbom_keys(const std::map<std::string, std::string>& attrs, AttestWishes& out) {
  for (const auto& [key, value] : attrs) {
    if (key == "generator")
      out.generator = value;
    else if (key != to_upper(key))
      throw Error(fmt::format("an SBOM has no key \"{}\"", key), "--attest type=sbom",
                  "its key is generator");
  }
}

/// What BUILDKIT_ATTEST_SBOM and BUILDKIT_ATTEST_PROVENANCE say: "mode=max,version=v1" or nothing.
std::map<std::string, std::string> attributes(const std::string& text) {
  std::map<std::string, std::string> out;
  for (const auto& field : split(text, ',')) {
    const size_t equals = field.find('=');
    if (!field.empty())
      out[field.substr(0, equals)] = equals == field.npos ? "" : field.substr(equals + 1);
  }
  return out;
}

}  // namespace

AttestWishes attest_wishes(const BuildRequest& request) {
  AttestWishes out;
  out.provenance_refused = !request.default_attestations;
  const auto wish = [&](const std::string& type, const std::map<std::string, std::string>& attrs) {
    if (type == "provenance") {
      out.provenance = provenance_wish(attrs);
      out.provenance_refused = false;
    } else {
      out.sbom = true;
      read_sbom_keys(attrs, out);
    }
  };
  for (const auto& [name, type] :
       {std::pair("BUILDKIT_ATTEST_PROVENANCE", "provenance"), {"BUILDKIT_ATTEST_SBOM", "sbom"}})
    if (const auto it = request.build_args.find(name); it != request.build_args.end())
      wish(type, attributes(it->second));
  // Flags in their order: a later one of a type replaces the earlier.
  for (const auto& spec : request.attests) {
    if (spec.type == "provenance")
      out.provenance.reset();
    else
      out.sbom = false;
    if (!spec.disabled)
      wish(spec.type, spec.attrs);
    else if (spec.type == "provenance")
      out.provenance_refused = true;
  }
  return out;
}

Attestor::Attestor(const AttestContext& context)
    : c_(context), wishes_(attest_wishes(context.request)) {
  if (wishes_.sbom && !wishes_.generator.empty())
    c_.observer.on_warning(
        fmt::format("the SBOM is made by Slipway itself: the generator {} is not run",
                    wishes_.generator),
        "");
}

const attest::Inventory& Attestor::inventory(graph::StepId files, seams::StepId step) {
  if (const auto it = inventories_.find(files); it != inventories_.end()) return it->second;
  attest::Scanner scanner;
  const Layers::Progress progress = [&](const std::string& what, uint64_t done, uint64_t total) {
    c_.observer.on_progress(step, what, done, total);
  };
  read_image_files(
      c_.layers, c_.store, c_.steps.result(files).stack, attest::Scanner::wants,
      [&](const std::string& path, attest::FileBytes& bytes) { scanner.take(path, bytes); },
      progress, c_.stop);
  attest::Inventory found = scanner.finish();
  for (const auto& note : found.notes) c_.observer.on_warning("SBOM: " + note, "");
  return inventories_[files] = std::move(found);
}

const attest::ProvenanceFacts& Attestor::facts(size_t target) {
  if (const auto it = facts_.find(target); it != facts_.end()) return it->second;
  attest::ProvenanceFacts facts = provenance_facts(c_, target);
  if (wishes_.provenance) {
    facts.builder_id = wishes_.provenance->builder_id;
    facts.reproducible = wishes_.provenance->reproducible;
    if (wishes_.provenance->complete_materials && !facts.locals.empty())
      throw Error(
          fmt::format("the materials are not complete: the build reads local directories ({})",
                      join(facts.locals, ", ")),
          "--attest type=provenance,complete-materials=true",
          "build from a git repository or an archive");
  }
  return facts_[target] = std::move(facts);
}

/// `name`: "" for the image itself, else of the stage.
attest::Attestation Attestor::sbom(const std::string& name, graph::StepId files,
                                   const oci::Platform& platform, const AttestSubject& subject,
                                   seams::StepId step) {
  const attest::Inventory& found = inventory(files, step);
  attest::SpdxOptions options;
  options.created = c_.created;
  options.name = !name.empty() ? "sbom-" + name : subject.name.empty() ? "sbom" : subject.name;
  if (name.empty() && !subject.digest.empty()) options.version = subject.digest.str();
  if (name.empty() && !subject.name.empty())
    options.purl = attest::image_url("docker", subject.name, platform);
  options.name_space = subject.digest.str();
  // Exported files have no digest of their own: what was found in them tells one document from
  // another.
  if (subject.digest.empty())
    options.name_space = "sha256:" + hash::sha256_hex(attest::spdx_document(found, options));
  if (!name.empty()) options.name_space += ":" + name;
  return {.predicate_type = std::string(attest::kSpdxPredicate),
          .predicate = attest::spdx_document(found, options),
          .file_name = name.empty() ? "sbom.spdx.json" : "sbom-" + name + ".spdx.json"};
}

std::vector<attest::Attestation> Attestor::attest(size_t target, const AttestSubject& subject,
                                                  seams::StepId step) {
  std::vector<attest::Attestation> out;
  const graph::Target& image = c_.graph.targets[target];
  if (wishes_.sbom) {
    out.push_back(sbom("", image.files, image.platform, subject, step));
    for (const auto& extra : sbom_extras(c_.dockerfile, c_.request, c_.graph, image))
      out.push_back(sbom(extra.name, extra.files, image.platform, subject, step));
  }
  if (wishes_.provenance) {
    const ProvenanceWish& wish = *wishes_.provenance;
    out.push_back({.predicate_type = std::string(wish.version == attest::SlsaVersion::V1
                                                     ? attest::kSlsa1Predicate
                                                     : attest::kSlsa02Predicate),
                   .predicate = attest::provenance_predicate(
                       facts(target), wish.version, wish.is_max, c_.graph, image, subject.layers),
                   .file_name = wish.file_name,
                   .inline_only = wish.inline_only});
  }
  return out;
}

std::optional<std::string> Attestor::metadata_provenance(
    size_t target, const std::vector<oci::Descriptor>& layers) {
  if (wishes_.provenance_refused || c_.request.metadata_provenance == "disabled")
    return std::nullopt;
  // Without a wish: what buildx records by default, mode min.
  const bool is_max = wishes_.provenance && wishes_.provenance->is_max;
  return attest::metadata_predicate(facts(target), c_.request.metadata_provenance == "max", is_max,
                                    c_.graph, c_.graph.targets[target], layers);
}

}  // namespace slipway::build
