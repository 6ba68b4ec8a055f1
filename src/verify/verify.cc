#include "verify/verify.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.h"
#include "verify/files.h"
#include "verify/fit.h"
#include "verify/program.h"
#include "verify/scope.h"

namespace slipway::verify {
namespace {

dockerfile::IgnoreFile allowed(const Image& image, const Options& options) {
  std::vector<std::string> patterns;
  for (const auto& text : options.allow)
    if (!trim(text).empty()) patterns.push_back(text);
  if (const auto label = image.config.labels.find(kAllowLabel); label != image.config.labels.end())
    for (const auto& word : split(label->second, ' '))
      if (!trim(word).empty()) patterns.emplace_back(trim(word));
  for (auto& pattern : patterns) pattern.erase(0, pattern.find_first_not_of('/'));
  return dockerfile::IgnoreFile::from_patterns(patterns);
}

void check_platform(Scope& scope) {
  const oci::Platform says = oci::normalize(scope.image.config.platform);
  const oci::Platform& is = scope.image.platform;
  // Images for amd64 run on amd64/v3: who says less is no liar. On Arm the variants are different machines.
  const bool is_variant_wrong = is.arch == "arm" && !says.variant.empty() && says.variant != is.variant;
  if (says.arch.empty() || (says.os == is.os && says.arch == is.arch && !is_variant_wrong)) return;
  Finding finding{.rule = "platform-mismatch", .severity = Severity::Warning, .platform = is};
  finding.is = fmt::format("the image config says {}", says.str());
  finding.expected = is.str();
  finding.hint = "runtimes believe one or the other: build it again for its platform, or repair its index";
  scope.findings.push_back(std::move(finding));
}

using Identity = std::pair<uint64_t, std::string>;  // size and hash of the beginning

/// Programs and libraries of an image that fit it.
std::map<Identity, const Image*> fitting_code(const std::vector<Image>& images) {
  std::map<Identity, const Image*> out;
  for (const auto& image : images)
    for (const auto& layer : image.layers)
      for (const auto& [path, code] : layer.facts->code)
        if (code.format == Format::Elf && fit(code.elf, image.platform) == Fit::Yes) out.emplace(Identity{code.size, code.head}, &image);
  return out;
}

/// A file that does not fit here and is there in another platform, where it fits, was copied or built once for both.
void name_twins(const std::vector<Image>& images, const Image& image, std::vector<Finding>& findings,
                const std::map<Identity, const Image*>& fitting) {
  if (images.size() < 2) return;
  for (auto& finding : findings) {
    if (!finding.layer || (finding.rule != "wrong-machine" && finding.rule != "foreign-file")) continue;
    const auto& code = image.layers[*finding.layer].facts->code;
    const auto it = code.find(finding.path.substr(1));
    if (it == code.end()) continue;
    const auto twin = fitting.find({it->second.size, it->second.head});
    if (twin != fitting.end() && twin->second != &image)
      finding.is += fmt::format(" (the same file as in {})", twin->second->platform.str());
  }
}

}  // namespace

std::vector<Finding> verify(const std::vector<Image>& images, const Options& options) {
  std::vector<Finding> out;
  const auto fitting = images.size() > 1 ? fitting_code(images) : std::map<Identity, const Image*>();
  for (const auto& image : images) {
    Scope scope(image);
    scope.allowed = allowed(image, options);
    check_platform(scope);
    if (image.platform.os == "linux") {
      check_program(scope);
      check_files(scope);
    }
    auto& findings = scope.findings;
    name_twins(images, image, findings, fitting);
    std::ranges::stable_sort(findings, [](const Finding& a, const Finding& b) {
      return std::tuple(-static_cast<int>(a.severity), std::string_view(a.rule), std::string_view(a.path), std::string_view(a.is)) <
             std::tuple(-static_cast<int>(b.severity), std::string_view(b.rule), std::string_view(b.path), std::string_view(b.is));
    });
    const auto is_same = [](const Finding& a, const Finding& b) {
      return a.severity == b.severity && a.rule == b.rule && a.path == b.path && a.is == b.is;
    };
    findings.erase(std::unique(findings.begin(), findings.end(), is_same), findings.end());
    out.insert(out.end(), std::make_move_iterator(findings.begin()), std::make_move_iterator(findings.end()));
  }
  return out;
}

}  // namespace slipway::verify
