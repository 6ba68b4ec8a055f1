#include "build/verify_image.h"

#include <fmt/core.h>

#include "base/error.h"
#include "hash/sha256.h"
#include "verify/report.h"
#include "verify/verify.h"

namespace slipway::build {
namespace {

using verify::Finding;
using verify::Severity;

constexpr size_t kMostOfAKind = 5;

/// What the verdict depends on, with the version of the checks.
std::string verdict_key(const BuildRequest& request, const graph::Graph& graph, const StepRunner& steps) {
  std::string text = "verify 1\n";
  for (const auto& pattern : request.verify_allow) text += fmt::format("allow {}\n", pattern);
  for (const auto& target : graph.targets) {
    text += fmt::format("target {}\n{}\n", target.platform.str(), image::print(target.config));
    for (const auto& layer : steps.result(target.files).stack)
      text += fmt::format("{} {}\n", layer.id, layer.base ? layer.base->placed_id : "");
  }
  return "verify verdict " + hash::sha256_hex(text);
}

std::string block(const std::vector<Finding>& findings) {
  std::string out;
  const verify::Shortened shown = verify::shorten(findings, kMostOfAKind);
  for (size_t i = 0; i < shown.findings.size(); ++i) {
    const Finding& finding = shown.findings[i];
    out += fmt::format("\n  {}: {}", finding.platform.str(), verify::headline(finding));
    if (const auto more = verify::details(finding); !more.empty()) out += "\n" + more;
    if (shown.left_out[i]) out += fmt::format("\n    and {} more of this kind in the same layer", shown.left_out[i]);
  }
  return out;
}

}  // namespace

std::string foundation_of_targets(const graph::Graph& graph, const StepRunner& steps, Layers& layers) {
  Stack all;
  for (const auto& target : graph.targets) {
    const Stack& stack = steps.result(target.files).stack;
    all.insert(all.end(), stack.begin(), stack.end());
  }
  return layers.foundation(all);
}

std::optional<std::string> Verifier::known_verdict(const std::string& key) {
  if (const auto record = store_.find_record(key)) return record->value;
  if (!imports_) return std::nullopt;
  const auto record = imports_->find(key, [&](const remote_cache::Record& found) {
    return found.under == foundation_of_targets(graph_, steps_, layers_);
  });
  return record ? std::optional(record->value) : std::nullopt;
}

std::vector<Finding> Verifier::findings(const Layers::Progress& progress) {
  const std::string key = verdict_key(request_, graph_, steps_);
  if (const auto known = known_verdict(key)) {
    try {
      auto found = verify::parse_findings(*known, key);
      if (on_verdict_) on_verdict_(key, *known);
      return found;
    } catch (const Error&) {
      // It is judged again.
    }
  }
  std::vector<verify::Image> images;
  for (const auto& target : graph_.targets) {
    verify::Image image{.platform = target.platform, .config = target.config};
    for (const auto& layer : steps_.result(target.files).stack)
      image.layers.push_back({.tree = layers_.listing(layer, progress), .facts = layers_.facts(layer, progress)});
    images.push_back(std::move(image));
  }
  auto found = verify::verify(images, {.allow = request_.verify_allow});
  const std::string text = verify::print_findings(found);
  store_.put_record(key, text, {{"kind", "verify verdict"}});
  if (on_verdict_) on_verdict_(key, text);
  return found;
}

// Who wrote a layer and where is not in the verdict: lines move, and the same layers get other digests in other forms.
void Verifier::complete(Finding& finding, const std::vector<PlatformImage>* images) const {
  if (!finding.layer) return;
  for (size_t i = 0; i < graph_.targets.size(); ++i) {
    const graph::Target& target = graph_.targets[i];
    if (target.platform != finding.platform) continue;
    const size_t count = steps_.result(target.files).stack.size();
    if (*finding.layer >= count) return;
    finding.written_by = verify::writers_of(target.config, count)[*finding.layer];
    if (images && i < images->size() && *finding.layer < (*images)[i].layers.size())
      finding.layer_digest = (*images)[i].layers[*finding.layer].digest.str();
    const size_t own = count - std::min(count, target.layers.size());
    if (*finding.layer >= own)
      finding.location = graph_.steps[target.layers[*finding.layer - own]].location;
    else if (!target.base_reference.empty())
      finding.location = "base image " + target.base_reference;
    return;
  }
}

void Verifier::judge(const Layers::Progress& progress) {
  if (request_.verify != Verify::Off && !found_) found_ = findings(progress);
}

void Verifier::check(const std::vector<PlatformImage>* images, const Layers::Progress& progress) {
  if (request_.verify == Verify::Off) return;
  judge(progress);
  std::vector<Finding> errors, warnings;
  for (Finding finding : *found_) {
    if (finding.severity == Severity::Note) continue;
    complete(finding, images);
    const bool stops = finding.severity == Severity::Error && request_.verify == Verify::Error;
    (stops ? errors : warnings).push_back(std::move(finding));
  }
  if (!errors.empty())
    throw Error("the image cannot run on its platform:" + block(errors), {},
                "nothing was published; --verify=warn publishes it anyway, --verify-allow PATH is for files that are foreign on purpose");
  // Files have no program that anybody starts. What cannot run is said even so: they are called after a platform.
  if (!images) std::erase_if(warnings, [](const Finding& finding) { return finding.severity != Severity::Error; });
  if (warnings.empty() || has_warned_) return;
  has_warned_ = images != nullptr;
  const verify::Shortened shown = verify::shorten(warnings, kMostOfAKind);
  for (size_t i = 0; i < shown.findings.size(); ++i) {
    const Finding& finding = shown.findings[i];
    std::string text = fmt::format("{}: {}", finding.platform.str(), verify::headline(finding));
    if (!finding.hint.empty()) text += "; " + finding.hint;
    if (shown.left_out[i]) text += fmt::format(" (and {} more of this kind in the same layer)", shown.left_out[i]);
    observer_.on_warning(text, finding.location);
  }
}

}  // namespace slipway::build
