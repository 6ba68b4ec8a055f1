#include "graph/outline.h"

#include <algorithm>

#include "graph/lowering.h"

namespace slipway::graph {
namespace {

using dockerfile::Outline;

/// Goes from a stage to those below it; of things with one name the first one met counts.
class Collector {
 public:
  explicit Collector(const GlobalArgs& globals) : globals_(globals) {}

  void visit(const StageState& stage) {
    if (!visited_.insert(&stage).second) return;
    visit_args(stage.notes);
    add(stage.notes.secrets, outline.secrets);
    add(stage.notes.ssh, outline.ssh);
    if (stage.notes.parent) visit(*stage.notes.parent);
    for (const StageState* source : stage.notes.sources) visit(*source);
  }

  Outline outline;

 private:
  void visit_args(const StageNotes& notes) {
    std::set<std::string> wanted;
    for (const auto& name : notes.used_args) want(notes, name, wanted);
    for (const auto& arg : notes.args)
      if (arg_names_.insert(arg.name).second) outline.args.push_back(arg);
    for (const auto& [name, arg] : globals_)
      if (wanted.contains(name) && arg_names_.insert(name).second)
        outline.args.push_back(
            {.name = name, .value = arg.value, .doc = arg.doc, .span = arg.span});
  }

  // A global ARG whose default uses others is not there without them.
  void want(const StageNotes& notes, const std::string& name, std::set<std::string>& wanted) {
    if (!wanted.insert(name).second) return;
    const bool is_own = std::any_of(notes.args.begin(), notes.args.end(),
                                    [&](const auto& a) { return a.name == name; });
    const auto global = globals_.find(name);
    if (is_own || global == globals_.end()) return;
    for (const auto& used : global->second.uses) want(notes, used, wanted);
  }

  static void add(const std::vector<Outline::Need>& from, std::vector<Outline::Need>& to) {
    for (const auto& need : from)
      if (std::none_of(to.begin(), to.end(), [&](const auto& have) { return have.id == need.id; }))
        to.push_back(need);
  }

  const GlobalArgs& globals_;
  std::set<const StageState*> visited_;
  std::set<std::string> arg_names_;
};

void sort_by_line(auto& list) {
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& a, const auto& b) { return a.span.line < b.span.line; });
}

}  // namespace

Outline outline_of(const dockerfile::Dockerfile& file, const StageState& target,
                   const GlobalArgs& globals) {
  Collector collector(globals);
  collector.visit(target);
  Outline outline = std::move(collector.outline);
  outline.name = file.stages[target.index].name();
  outline.doc = file.stages[target.index].doc;
  sort_by_line(outline.args);
  sort_by_line(outline.secrets);
  sort_by_line(outline.ssh);
  return outline;
}

}  // namespace slipway::graph
