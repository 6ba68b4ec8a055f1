#include "changed/affected.h"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "build/job.h"
#include "changed/reads.h"
#include "dockerfile/pattern.h"
#include "json/json.h"
#include "os/fs.h"

namespace slipway::changed {
namespace {

constexpr size_t kMaxReasons = 10;  // named one by one

std::string dockerfile_path(const build::BuildRequest& request) {
  if (!request.dockerfile.empty()) return request.dockerfile;
  const std::string path = os::join_path(request.context, "Dockerfile");
  return os::exists(path) ? path : os::join_path(request.context, "dockerfile");
}

bool is_local(const build::BuildRequest& request) { return os::is_directory(request.context); }

class Judge {
 public:
  Judge(const Repository& repository, const Build& build) : repository_(repository), build_(build) {}

  std::vector<std::string> reasons() {
    if (!build_.before) add("it is new");
    for (const auto& name : build_.differs) add(fmt::format("{} changed in {}", name, build_.bake_files));
    const auto text = dockerfile();
    if (!text) return std::move(reasons_);
    Reads now;
    try {
      now = reads_of(build_.request, *text, name_);
    } catch (const Error& error) {
      // Whoever builds it should see what is wrong with it.
      add(fmt::format("it cannot be understood: {}", error.message()));
      return std::move(reasons_);
    }
    if (build_.before && build_.differs.empty()) compare_dockerfiles(now);
    for (const auto& context : now.contexts) look_at(context);
    return std::move(reasons_);
  }

 private:
  void add(std::string reason) {
    if (std::ranges::find(reasons_, reason) == reasons_.end()) reasons_.push_back(std::move(reason));
  }

  bool changed(const std::string& file) const {
    const auto path = repository_.path_of(file);
    return path && repository_.changes().contains(*path);
  }

  /// Its text; nullopt where there is none on this machine, which is a reason only if it was there.
  std::optional<std::string> dockerfile() {
    if (build_.request.dockerfile_inline) {
      name_ = "Dockerfile";
      return build_.request.dockerfile_inline;
    }
    file_ = dockerfile_path(build_.request);
    name_ = os::base_name(file_);
    if (!is_local(build_.request) && !file_.starts_with('/') && !os::exists(file_)) return std::nullopt;
    auto text = os::read_file_if_exists(file_);
    if (!text) add(fmt::format("{} is not there", file_));
    return text;
  }

  // A Dockerfile may change without a change of what its target is made by.
  void compare_dockerfiles(const Reads& now) {
    if (file_.empty() || !changed(file_)) return;
    const auto path = repository_.path_of(file_);
    const auto old = repository_.before(*path);
    if (!old) return add(fmt::format("{} is new", *path));
    Reads then;
    try {
      then = reads_of(*build_.before, *old, name_);
    } catch (const Error&) {
      return add(fmt::format("{} changed", *path));
    }
    const auto text = &StepText::text;
    if (std::ranges::equal(then.steps, now.steps, {}, text, text)) {
      if (then.configs != now.configs) add(fmt::format("{} changed: the image's config", *path));
      return;
    }
    for (const auto& step : now.steps)
      if (std::ranges::find(then.steps, step.text, text) == then.steps.end() && !step.location.empty())
        return add(fmt::format("{} changed: line {}", *path, step.location.substr(step.location.rfind(':') + 1)));
    add(fmt::format("{} changed", *path));
  }

  void look_at(const ContextReads& context) {
    if (context.sources.empty()) return;
    const auto top = repository_.path_of(context.dir);
    if (!top) return;
    std::optional<dockerfile::IgnoreFile> now, then;
    std::string rules = os::join_path(context.dir, ".dockerignore");
    if (context.name == "context" && !file_.empty() && (os::exists(file_ + ".dockerignore") || was_there(file_ + ".dockerignore")))
      rules = file_ + ".dockerignore";
    if (const auto text = os::read_file_if_exists(rules)) now = dockerfile::IgnoreFile::parse(*text, rules);
    const bool rules_changed = changed(rules);
    if (rules_changed) {
      if (const auto path = repository_.path_of(rules))
        if (const auto text = repository_.before(*path)) then = dockerfile::IgnoreFile::parse(*text, rules);
    } else {
      then = now;
    }
    const auto leaves_out = [](const std::optional<dockerfile::IgnoreFile>& file, const std::string& path) {
      return file && file->excludes(path);
    };
    std::vector<std::string> hits;
    for (const auto& change : repository_.changes()) {
      const auto path = inside(change, *top);
      if (!path || (leaves_out(now, *path) && leaves_out(then, *path))) continue;
      if (const Source* source = reader(context, *path))
        hits.push_back(fmt::format("{} changed ({})", change, source->location));
    }
    if (rules_changed)
      for (const auto& file : repository_.files()) {
        const auto path = inside(file, *top);
        if (!path || leaves_out(now, *path) == leaves_out(then, *path) || !reader(context, *path)) continue;
        hits.push_back(fmt::format("{} is {} by {}", file, leaves_out(now, *path) ? "now left out" : "no longer left out",
                                   os::base_name(rules)));
        break;
      }
    for (size_t i = 0; i < std::min(hits.size(), kMaxReasons); ++i) add(hits[i]);
    if (hits.size() > kMaxReasons) add(fmt::format("and {} more files", hits.size() - kMaxReasons));
  }

  bool was_there(const std::string& file) const {
    const auto path = repository_.path_of(file);
    return path && repository_.changes().contains(*path) && repository_.before(*path);
  }

  /// The path inside a context that is at `top` of the repository. The way to the context counts as all of it.
  static std::optional<std::string> inside(const std::string& path, const std::string& top) {
    if (top.empty()) return path;
    if (path == top || top.starts_with(path + "/")) return "";
    if (!path.starts_with(top + "/")) return std::nullopt;
    return path.substr(top.size() + 1);
  }

  static const Source* reader(const ContextReads& context, const std::string& path) {
    for (const auto& source : context.sources)
      if (path.empty() || concerns(source, context.dir, path)) return &source;
    return nullptr;
  }

  const Repository& repository_;
  const Build& build_;
  std::string file_, name_;  // of the Dockerfile
  std::vector<std::string> reasons_;
};

}  // namespace

std::vector<Verdict> affected(const Repository& repository, const std::vector<Build>& builds) {
  std::map<std::string, std::vector<std::string>> reasons;
  std::vector<build::BuildRequest> requests;
  for (const auto& build : builds) {
    requests.push_back(build.request);
    requests.back().name = build.name;
    try {
      reasons[build.name] = Judge(repository, build).reasons();
    } catch (Error& error) {
      throw error.while_doing(fmt::format("while looking at {}", build.name));
    }
  }
  for (const size_t i : build::in_order(requests))
    for (const auto& used : build::linked(requests[i]))
      if (!reasons[used].empty()) reasons[requests[i].name].push_back(fmt::format("the target {}, which it is made of, is affected", used));
  std::vector<Verdict> out;
  for (const auto& build : builds)
    out.push_back({.name = build.name,
                   .dockerfile = build.request.dockerfile_inline ? "" : os::clean_path(dockerfile_path(build.request)),
                   .context = build.request.context,
                   .reasons = reasons[build.name]});
  return out;
}

std::string as_text(const std::vector<Verdict>& verdicts) {
  std::string out;
  size_t count = 0;
  for (const auto& verdict : verdicts) {
    if (verdict.reasons.empty()) continue;
    ++count;
    out += verdict.name + "\n";
    for (const auto& reason : verdict.reasons) out += "  " + reason + "\n";
  }
  return out + fmt::format("{} of {} builds {} affected\n", count, verdicts.size(), count == 1 ? "is" : "are");
}

std::string as_json(const std::vector<Verdict>& verdicts) {
  json::Value out;
  out["include"] = json::Value::array();
  for (const auto& verdict : verdicts) {
    if (verdict.reasons.empty()) continue;
    json::Value item;
    item["target"] = verdict.name;
    item["dockerfile"] = verdict.dockerfile;
    item["context"] = verdict.context;
    item["reasons"] = json::Value::array();
    for (const auto& reason : verdict.reasons) item["reasons"].push_back(reason);
    out["include"].push_back(std::move(item));
  }
  return json::dump(out) + "\n";
}

}  // namespace slipway::changed
