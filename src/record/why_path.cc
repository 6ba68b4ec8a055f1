// Questions about paths: in the context or not, and who takes it.
#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "dockerfile/pattern.h"
#include "json/json.h"
#include "os/fs.h"
#include "record/why.h"

namespace slipway::record {
namespace {

/// The path relative to the context; nothing if it lies outside.
std::optional<std::string> inside(const std::string& dir, const std::string& path) {
  if (!path.starts_with('/')) {
    const std::string clean = os::clean_path(path);
    if (clean == ".." || clean.starts_with("../")) return std::nullopt;
    return clean;
  }
  const std::string clean = os::clean_path(path);
  if (clean == dir) return ".";
  if (!clean.starts_with(dir + "/")) return std::nullopt;
  return clean.substr(dir.size() + 1);
}

/// Whether a listing has the path, or something below it.
bool has(const std::map<std::string, std::string>& files, const std::string& path) {
  if (path == ".") return !files.empty();
  if (files.contains(path)) return true;
  const auto below = files.lower_bound(path + "/");
  return below != files.end() && below->first.starts_with(path + "/");
}

/// Without a listing: the source names it, a directory above it, or a pattern that fits.
bool is_named(const std::string& source, const std::string& path) {
  const std::string pattern = os::clean_path(source.starts_with('/') ? source.substr(1) : source);
  if (pattern == "." || pattern == path || path.starts_with(pattern + "/")) return true;
  if (!dockerfile::has_wildcard(pattern)) return false;
  for (size_t end = 0; end != path.npos;) {
    end = path.find('/', end + 1);
    if (dockerfile::match_wildcard(pattern, path.substr(0, end))) return true;
  }
  return false;
}

std::vector<size_t> takers_of(const Shelved& shelved, const std::string& path) {
  std::vector<size_t> out;
  for (size_t at = 0; at < shelved.build.steps.size(); ++at) {
    const seams::StepKey& key = shelved.build.steps[at].key;
    if (!key.reads_context) continue;
    for (size_t i = 0;; ++i) {
      const std::string source = part_of(key, fmt::format("source {}", i));
      const std::string content = part_of(key, fmt::format("content {}", i));
      if (source.empty() && content.empty()) break;
      const auto listing = shelved.listings(content);
      const std::string plain = source.starts_with("unpack ") ? source.substr(7) : source;
      if (listing ? has(entries_of(*listing), path) : is_named(plain, path)) {
        out.push_back(at);
        break;
      }
    }
  }
  return out;
}

}  // namespace

Answer why_path(const Shelved& shelved, const std::string& path) {
  const Build& build = shelved.build;
  const auto relative = inside(build.context_dir, path);
  if (!relative)
    throw Error("this path lies outside of the context", path,
                fmt::format("the context of the build was {}",
                            build.context_dir.empty() ? build.context : build.context_dir));
  const auto ignore = dockerfile::IgnoreFile::parse(build.ignore_text, build.ignore_name);
  const auto rule = ignore.rule_for(*relative);
  const bool is_excluded = ignore.excludes(*relative);
  const std::string on_disk = os::join_path(build.context_dir, *relative);
  const bool is_there = !build.context_dir.empty() && os::exists(on_disk);
  const auto takers = is_excluded ? std::vector<size_t>{} : takers_of(shelved, *relative);

  std::string text;
  if (rule) {
    const std::string place = fmt::format("{}:{}", build.ignore_name, rule->line);
    text = is_excluded
               ? fmt::format("{} is not in the context: {}: {}\n", *relative, place, rule->text)
               : fmt::format("{} is in the context: {}: !{}\n", *relative, place, rule->text);
  } else if (!is_there && !build.context_dir.empty() && takers.empty()) {
    text = fmt::format("{} is not in the context: there is no such file in {}\n", *relative,
                       build.context_dir);
  } else {
    text = fmt::format("{} is in the context: no rule of a .dockerignore excludes it\n", *relative);
  }
  for (const size_t at : takers)
    text += fmt::format("  {} takes it{}\n", build.steps[at].name,
                        build.steps[at].location.empty() ? "" : "  (" + build.steps[at].location + ")");
  if (!is_excluded && takers.empty() && (is_there || rule))
    text += "  no COPY or ADD of this build takes it\n";

  json::Value out = json::Value::object();
  out["version"] = 1;
  out["build"] = build.id;
  out["path"] = *relative;
  out["inContext"] = !is_excluded && (is_there || !takers.empty());
  if (rule)
    out["rule"] = {{"file", build.ignore_name},
                   {"line", rule->line},
                   {"pattern", rule->text},
                   {"exception", rule->is_exception}};
  out["takenBy"] = json::Value::array();
  for (const size_t at : takers)
    out["takenBy"].push_back(
        {{"name", build.steps[at].name}, {"location", build.steps[at].location}});
  return {text, json::dump_pretty(out) + "\n"};
}

}  // namespace slipway::record
