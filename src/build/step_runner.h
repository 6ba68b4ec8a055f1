// Does the work of the steps: finds their keys, looks them up, makes their files. One method per kind of step; what each
// leaves behind is its StepResult, which later steps read.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "build/layers.h"
#include "build/twin_roots.h"
#include "exec/bundle.h"
#include "exec/run.h"
#include "exec/ssh_agent.h"
#include "exec/sandbox.h"
#include "graph/definition.h"
#include "graph/graph.h"
#include "plan/key.h"
#include "seams/observer.h"
#include "seams/runner.h"
#include "source/git.h"
#include "source/image.h"
#include "store/store.h"
#include "tree/copy.h"

namespace slipway::build {

struct Secret {
  std::string file;                  // read when a step mounts it
  std::optional<std::string> value;  // or the value itself (from a variable)
};

/// What steps need of the request that asked for them.
struct StepOptions {
  std::string context_key;                        // tells the stamps of one Dockerfile's context from another's
  std::map<std::string, dockerfile::IgnoreFile> ignore;  // by name of the context
  std::string dockerfile;                         // its text, for excerpts in errors
  std::map<std::string, Secret> secrets;
  std::map<std::string, std::string> ssh;         // id -> agent socket
  std::vector<std::pair<std::string, std::string>> extra_hosts;
  exec::ResourceLimits limits;
  std::string hostname = "buildkitsandbox";
  source::GitAccess git;
  oci::Platform host;
  bool forbid_emulation = false;
  std::optional<double> max_emulated;  // seconds of CPU for the whole build
  twins::Grade twin_grade = twins::Grade::Exact;
  bool single_id = false;
  unsigned threads = 2;
  remote_cache::Imports* imports = nullptr;  // the caches of --cache-from
  std::map<std::string, std::string> cache_mounts;  // id -> directory that backs it
};

/// What one step picked of another's files, as a digest that later builds find without those files.
struct Memo {
  graph::StepId source = 0;
  std::string key;     // under the source's saved key
  std::string digest;  // hex
  std::string under;   // of a memo that came from a travelling cache
};

/// Written once by the thread that resolves or executes the step, read by others afterwards (the scheduler orders that).
struct StepResult {
  std::string key;        // of this build: differs from `saved_key` downstream of a step that must not be cached
  std::string saved_key;  // what later builds will look for
  plan::Key parts{"none"};
  Stack stack;            // all layers, base first; complete once the step is done
  std::atomic<bool> is_done = false;  // the files are there or can be had; set after `stack`
  bool is_late = false;   // may be cached, but what is below it was not there yet when its key was found
  std::vector<std::vector<tree::Pick>> picks;  // of a Copy, from resolve to execute
  source::GitCommit commit;                    // of a GitCheckout, from resolve to execute
  seams::StepCost cost;                        // of a Run, also of one that failed
};

/// Seconds of CPU that the steps of one build have spent in emulators. Thread-safe.
class EmulatedTime {
 public:
  /// Step `id` has spent `seconds` so far; returns the sum over all steps.
  double add(graph::StepId id, double seconds);
  double total() const;

 private:
  mutable std::mutex mutex_;
  std::map<graph::StepId, double> by_step_;
};

class StepRunner : public seams::Runner {
 public:
  /// `jobs`: by graph::Step::job. They agree on host, emulation, ids and threads.
  StepRunner(const graph::Graph& graph, store::Store& store, source::Images& images, Layers& layers,
             seams::Observer& observer, std::vector<StepOptions> jobs, std::stop_token stop);

  seams::Resolution resolve(uint32_t step) override;
  void execute(uint32_t step) override;
  const StepResult& result(uint32_t step) const { return results_[step]; }
  /// A key of everything that the step's files depend on, found without running a step (input_key.cc); nullopt if some step must
  /// not be cached. Of a runner of its own: contexts are read for it.
  std::optional<std::string> input_key(uint32_t step);
  /// How many steps were found in the cache, and how many ran.
  size_t cached() const { return cached_; }
  /// Sizes of the context files that steps could see.
  uint64_t context_bytes() const { return context_bytes_; }
  /// What travelling caches take along beside the layers.
  std::vector<Memo> memos() const;
  /// Ids of the cache mounts that steps have used.
  std::set<std::string> used_mounts() const;

 private:
  using Id = graph::StepId;

  seams::Resolution resolve_source(Id id);
  seams::Resolution resolve_copy(Id id);
  seams::Resolution resolve_run(Id id);
  graph::Parts surroundings(Id id) const;
  seams::Resolution resolve_workdir(Id id);
  seams::Resolution look_up(Id id, plan::Key key, plan::Key saved_key);
  bool take_cached(Id id);
  std::optional<LayerRef> cached_layer(Id id);
  /// A digest that this build or another one has noted. `key_of` gives its key for the source's key.
  using KeyOf = std::function<std::string(const std::string& source_key)>;
  std::optional<std::string> noted(Id source, const KeyOf& key_of);
  void note(Id source, const KeyOf& key_of, const std::string& digest, std::string under = {});
  void scan_context(Id id, const graph::Context& context);
  void download(Id id, const graph::Download& download);
  seams::Resolution resolve_git(Id id, const graph::GitCheckout& checkout);
  void execute_git(Id id, const graph::GitCheckout& checkout);

  void execute_copy(Id id);
  void execute_workdir(Id id);
  exec::RunResult run_sandbox(Id id, exec::RunSpec& spec, bool is_foreign);
  std::optional<TwinRoots::Found> find_twin(Id id);
  void execute_run(Id id);
  void finish(Id id, LayerRef layer);

  // copy_step.cc
  std::vector<std::vector<tree::Pick>> pick_sources(Id id);
  std::optional<std::vector<std::string>> content_of(Id id);
  tree::Owner owner_of(Id id, const std::string& text);
  bool keeps_times(const graph::Copy& copy) const;
  bool unpack_archive(Id id, const tree::Pick& pick, std::vector<tree::Entry>& entries);

  // key_notes.cc: what is kept for questions that come later.
  void note_key(Id id);
  void note_picks(Id id, const std::vector<std::string>& contents);
  void note_mounts(Id id);

  // run_step.cc
  std::optional<std::string> mount_content(const graph::Mount& mount);
  struct Held {  // what the mounts of one step need while it runs
    std::map<std::string, std::string> paths;  // of cache mounts, by id
    std::vector<store::Lock> locks;
    std::optional<exec::Bundle> sockets;
    std::vector<std::unique_ptr<exec::AgentRelay>> relays;
  };
  std::string cache_directory(Id id, const graph::Mount& mount, Held& held);
  void restore_cache(const std::string& mount_id, const std::string& dir);
  exec::BindMount make_mount(Id id, const graph::Mount& mount, const std::string& scratch, Held& held,
                             std::vector<std::string>& env);
  void set_source(Id id, const graph::Mount& mount, const std::string& scratch, exec::BindMount& out);

  // share_step.cc
  std::optional<std::string> other_inputs(Id id);
  std::optional<std::string> unlike(Id id);
  bool take_shared(Id id, std::string& why_not);

  const StepOptions& options_of(Id id) const { return jobs_[graph_.steps[id].job]; }
  /// The ignore file of a context; nullptr if it has none.
  const dockerfile::IgnoreFile* ignore_of(const graph::Context& context) const;
  Layers::Progress progress_of(Id id);
  [[noreturn]] void fail_at(Id id, Error& error);

  const graph::Graph& graph_;
  store::Store& store_;
  source::Images& images_;
  Layers& layers_;
  seams::Observer& observer_;
  EmulatedTime emulation_;
  const std::vector<StepOptions> jobs_;  // by graph::Step::job
  const StepOptions& options_;           // what all of them have in common
  TwinRoots twins_;
  std::stop_token stop_;
  std::vector<std::unique_ptr<source::Git>> git_;  // by job
  std::string nonce_;  // makes keys of --no-cache steps their own
  std::vector<StepResult> results_;
  std::map<Id, std::optional<std::string>> input_keys_;
  std::atomic<size_t> cached_{0};
  std::atomic<uint64_t> context_bytes_{0};
  mutable std::mutex memos_mutex_;
  std::map<std::string, Memo> memos_;  // by key
  std::set<std::string> used_mounts_;
};

}  // namespace slipway::build
