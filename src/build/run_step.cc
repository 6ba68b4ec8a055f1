// RUN: key, mounts, the sandbox, and the layer that it leaves.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <deque>
#include <numeric>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "build/step_runner.h"
#include "graph/definition.h"
#include "layer/diff.h"
#include "os/fs.h"
#include "source/hash_files.h"

namespace slipway::build {
namespace {

constexpr size_t kMaxSecret = 500 * 1024;  // bytes, BuildKit's limit

int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// The tree of what a step changed, without its clock: whatever got its time during the step gets the neutral time.
tree::Tree without_clock(const tree::Tree& changed, int64_t started_ns) {
  std::vector<tree::Entry> entries = changed.entries();
  for (auto& entry : entries)
    if (entry.mtime_ns >= started_ns) entry.mtime_ns = tree::kNeutralTime * 1'000'000'000;
  return tree::Tree(std::move(entries));
}

/// The listing that the store keeps: times and owners, no disk paths.
tree::Tree without_paths(const tree::Tree& tree) {
  std::vector<tree::Entry> entries = tree.entries();
  for (auto& entry : entries) entry.content.disk_path.clear();
  return tree::Tree(std::move(entries));
}

void write_private_file(const std::string& path, std::string_view bytes, uint32_t mode, uint32_t uid, uint32_t gid) {
  os::write_file_atomic(path, bytes);
  if (::chown(path.c_str(), uid, gid) != 0 && (uid != 0 || gid != 0)) throw errno_error("set the owner of", path);
  if (::chmod(path.c_str(), mode) != 0) throw errno_error("set the mode of", path);
}

/// The last lines of a step's output, for the error of a step that failed.
class Tail {
 public:
  void add(std::string_view bytes) {
    text_.append(bytes);
    if (text_.size() > 2 * kKeep) text_.erase(0, text_.size() - kKeep);
  }
  std::string last_lines(size_t count) const {
    auto lines = split(trim(text_), '\n');
    if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
    std::string out;
    for (const auto& line : lines) out += fmt::format("{}      | {}", out.empty() ? "" : "\n", line);
    return lines.size() == 1 && lines[0].empty() ? "" : out;
  }

 private:
  static constexpr size_t kKeep = 16 * 1024;
  std::string text_;
};

/// SIGSEGV or SIGILL, of the step's own program or of one whose end its shell passed on.
bool died_of_bad_code(const exec::RunResult& ran) {
  return ran.exit_code == 128 + SIGSEGV || ran.exit_code == 128 + SIGILL;
}

seams::StepCost cost_of(const exec::RunResult& ran, bool is_foreign) {
  seams::StepCost cost{.wall_seconds = ran.wall_seconds,
                       .cpu_seconds = ran.cpu_seconds,
                       .emulated_seconds = ran.emulated_seconds,
                       .how = is_foreign ? seams::HowRun::Emulated : seams::HowRun::Native,
                       .programs = {}};
  for (const auto& one : ran.programs)
    cost.programs.push_back({one.program, one.is_emulated, one.is_twin, one.processes, one.cpu_seconds});
  return cost;
}

}  // namespace

// What a bind mount shows, as a digest; nullopt while its files are not there.
std::optional<std::string> StepRunner::mount_content(const graph::Mount& mount) {
  const StepResult& input = results_[*mount.from];
  const auto& step = graph_.steps[*mount.from];
  const bool is_stage = !step.as<graph::ContextFiles>();
  const KeyOf key_of = [&](const std::string& source_key) {
    return plan::Key("content").add("of", source_key).add("mount", mount.source).hex();
  };
  if (is_stage) {
    if (auto known = noted(*mount.from, key_of)) return known;
    if (!input.is_done) return std::nullopt;
  }
  const tree::View view = layers_.view_files(input.stack, {});
  const std::string real = view.resolve(mount.source);
  if (!real.empty() && !view.lookup(real)) throw Error(fmt::format("no such file or directory to mount: /{}", mount.source));
  const tree::Tree files = source::with_digests(view.flatten(real), options_.threads, stop_);
  const std::string digest = tree::tree_digest(files).hex();
  if (is_stage) {
    store_.put_record(key_of(input.key), digest, {{"kind", "content"}});
    note(*mount.from, key_of, digest);
  }
  return digest;
}

/// What a command can see of its sandbox and flags change: without any of them, nothing. As in BuildKit, of
/// --add-host the names count and the addresses do not.
graph::Parts StepRunner::surroundings(Id id) const {
  graph::Parts out;
  const StepOptions& options = options_of(id);
  const exec::ResourceLimits usual;
  std::vector<std::string> words;
  for (const auto& host : options.extra_hosts) words.push_back(host.first);
  if (!words.empty()) out.emplace_back("hosts", join(words, " "));
  if (!options.limits.ulimits.empty()) out.emplace_back("ulimits", join(options.limits.ulimits, " "));
  if (options.limits.shm_size != usual.shm_size) out.emplace_back("shm size", fmt::format("{}", options.limits.shm_size));
  for (const auto& [name, value] : options.limits.resources) out.emplace_back("limit of " + name, value);
  if (options.hostname != StepOptions{}.hostname) out.emplace_back("hostname", options.hostname);
  return out;
}

seams::Resolution StepRunner::resolve_run(Id id) {
  const graph::Step& step = graph_.steps[id];
  const auto& run = *step.as<graph::Run>();
  plan::Key key("run"), saved("run");
  key.add("parent", results_[*step.parent].key).add(graph::definition(step)).add(surroundings(id));
  saved.add("parent", results_[*step.parent].saved_key).add(graph::definition(step)).add(surroundings(id));
  if (step.same_as) {
    // What it took, or that it took nothing, follows from both steps.
    key.add("same as", results_[*step.same_as].key);
    saved.add("same as", results_[*step.same_as].saved_key);
  }
  size_t n = 0;
  for (const auto& mount : run.mounts) {
    if (!mount.from || mount.type != dockerfile::Mount::Type::Bind) continue;
    const auto content = mount_content(mount);
    if (!content) return seams::Resolution::NeedsInputs;
    key.add(fmt::format("mounted content {}", n), *content);
    saved.add(fmt::format("mounted content {}", n++), *content);
  }
  // Exact twins leave the same bytes as the emulator; what fast ones leave belongs to them.
  if (options_.twin_grade == twins::Grade::Fast && !oci::runs_natively(options_.host, step.platform)) {
    key.add("twins", "fast");
    saved.add("twins", "fast");
  }
  const seams::Resolution resolution = look_up(id, std::move(key), std::move(saved));
  if (resolution == seams::Resolution::Miss) {
    note_mounts(id);
    Id base = id;
    while (graph_.steps[base].parent) base = *graph_.steps[base].parent;
    layers_.will_run_on(results_[base].stack);
  }
  return resolution;
}

// Sets the host paths that show what a bind mount names: where it is, wherever that says exactly what the tree says.
void StepRunner::set_source(Id id, const graph::Mount& mount, const std::string& scratch, exec::BindMount& out) {
  const StepResult& input = results_[*mount.from];
  const auto* context = graph_.steps[*mount.from].as<graph::ContextFiles>();
  if (context && !ignore_of(graph_.contexts[context->context])) {
    out.source = os::join_path(graph_.contexts[context->context].dir, mount.source);
    return;
  }
  if (!context) {
    const tree::View stage = layers_.view(input.stack, progress_of(id));
    const std::string real = stage.resolve(mount.source);
    const auto top = stage.lookup(real);
    if (top && top->type == tree::Type::Dir) {
      for (const size_t i : stage.layers_of(real))
        if (const auto dir = layers_.directory(input.stack[i], progress_of(id))) out.below.push_back(os::join_path(*dir, real));
      if (!out.below.empty()) {
        out.source = std::move(out.below.back());
        out.below.pop_back();
        return;
      }
    }
  }
  const tree::View view = layers_.view_files(input.stack, progress_of(id));
  const std::string real = view.resolve(mount.source);
  std::vector<tree::Entry> entries;
  const tree::Tree selected = view.flatten(real);
  for (auto entry : selected.entries()) {
    const size_t skip = real.empty() ? 0 : real.size() + 1;
    entry.path = entry.path.size() < skip ? "source" : os::join_path("source", entry.path.substr(skip));
    if (entry.path == "source/") entry.path = "source";
    if (entry.type == tree::Type::Hardlink)
      entry.link = os::join_path("source", entry.link.view().substr(std::min(skip, entry.link.size())));
    entries.push_back(std::move(entry));
  }
  const std::string dir = fmt::format("{}/bind-{}", scratch, os::list_dir(scratch).size());
  os::make_dirs(dir);
  layer::materialize(tree::Tree(std::move(entries)), dir, options_.single_id);
  out.source = dir + "/source";
}

exec::BindMount StepRunner::make_mount(Id id, const graph::Mount& mount, const std::string& scratch,
                                       Held& held, std::vector<std::string>& env) {
  using Type = dockerfile::Mount::Type;
  exec::BindMount out;
  out.target = mount.target;
  out.read_only = mount.read_only;
  switch (mount.type) {
    case Type::Bind:
      set_source(id, mount, scratch, out);
      out.discard_writes = !mount.read_only;
      break;
    case Type::Cache:
      out.source = cache_directory(id, mount, held);
      break;
    case Type::Tmpfs:
      out.is_tmpfs = true;
      out.tmpfs_size = mount.size;
      out.read_only = false;
      break;
    case Type::Secret: {
      const auto it = options_of(id).secrets.find(mount.id);
      if (it == options_of(id).secrets.end()) {
        if (mount.required)
          throw Error(fmt::format("the secret \"{}\" is required and was not given", mount.id), {},
                      fmt::format("pass --secret id={},src=FILE or --secret id={},env=NAME", mount.id, mount.id));
        out.target.clear();
        break;
      }
      const std::string value = it->second.value ? *it->second.value : os::read_file(it->second.file);
      if (value.size() > kMaxSecret) throw Error(fmt::format("the secret \"{}\" is larger than 500 KiB", mount.id));
      if (mount.env) env.push_back(fmt::format("{}={}", *mount.env, value));
      if (mount.target.empty()) break;
      out.source = fmt::format("{}/secret-{}", scratch, os::list_dir(scratch).size());
      write_private_file(out.source, value, mount.mode, mount.uid, mount.gid);
      break;
    }
    case Type::Ssh: {
      const auto it = options_of(id).ssh.find(mount.id);
      if (it == options_of(id).ssh.end()) {
        if (mount.required)
          throw Error(fmt::format("the ssh agent \"{}\" is required and was not given", mount.id), {},
                      fmt::format("pass --ssh {}", mount.id));
        out.target.clear();
        break;
      }
      if (!held.sockets) held.sockets.emplace();
      out.source = held.sockets->file(fmt::format("ssh-{}", held.relays.size()));
      held.relays.push_back(
          std::make_unique<exec::AgentRelay>(out.source, it->second, mount.mode, mount.uid, mount.gid));
      out.read_only = false;
      env.push_back("SSH_AUTH_SOCK=" + mount.target);
      break;
    }
  }
  return out;
}

// The twin of a foreign step: the same instruction's result for this machine, which the scheduler has made an input if the
// build has it, or else the base image for this machine. Insecure steps are not watched, so that a build that has
// one does without the dispatcher.
std::optional<TwinRoots::Found> StepRunner::find_twin(Id id) {
  const auto is_insecure = [&](const graph::Step& step) {
    const auto* const run = step.as<graph::Run>();
    return run && run->insecure;
  };
  if (options_.twin_grade == twins::Grade::Off || std::ranges::any_of(graph_.steps, is_insecure)) return std::nullopt;
  Id at = id;
  while (graph_.steps[at].parent) at = *graph_.steps[at].parent;
  const auto* const base = graph_.steps[at].as<graph::BaseImage>();
  if (!base || !exec::use_dispatcher()) return std::nullopt;
  std::optional<TwinRoots::Found> found;
  if (const auto twin = step_in_lockstep(graph_, options_.host, id); twin && results_[*twin].is_done)
    found = twins_.of_step(results_[*twin].key, results_[*twin].stack, graph_.steps[id].platform, progress_of(id));
  if (!found) found = twins_.of_base(base->reference, graph_.steps[id].platform, progress_of(id));
  if (found) found->base_layers = layers_.directories(results_[at].stack, progress_of(id)).size();
  return found;
}

// Runs a step to its end and leaves what it changed in spec.upper. One that died inside an emulator is tried again with the
// next one that is configured.
exec::RunResult StepRunner::run_sandbox(Id id, exec::RunSpec& spec, bool is_foreign) {
  const std::string scratch = spec.scratch;
  const auto twin = is_foreign ? find_twin(id) : std::nullopt;
  for (int attempt = 1;; ++attempt) {
    spec.scratch = fmt::format("{}/attempt-{}", scratch, attempt);  // overlayfs wants a work directory that is new
    os::make_dirs(spec.scratch);
    exec::Emulator emulator;
    if (is_foreign) emulator = exec::enable_emulation({spec.platform}).at(spec.platform.str());
    spec.upper = store_.new_dir();
    std::optional<twins::Twins> twins;
    if (twin) {
      std::vector<std::string> later(spec.lowers.begin() + static_cast<std::ptrdiff_t>(twin->base_layers), spec.lowers.end());
      later.push_back(spec.upper);
      twins.emplace(twin->root, options_.twin_grade, std::move(later));
      spec.substitutes = &*twins;
    }
    exec::RunResult ran;
    try {
      ran = exec::run_step(spec, stop_);
    } catch (...) {
      store_.drop_dir(spec.upper);
      throw;
    }
    if (!is_foreign || !died_of_bad_code(ran)) return ran;
    const auto next = exec::next_emulator(spec.platform, emulator.path);
    if (!next) return ran;
    observer_.on_warning(fmt::format("{} died of signal {} inside {} ({}) and was tried again with {} ({})",
                                     graph_.steps[id].name, ran.exit_code - 128, emulator.path, emulator.version, next->path,
                                     next->version),
                         graph_.steps[id].location);
    store_.drop_dir(spec.upper);
  }
}

void StepRunner::execute_run(Id id) {
  const graph::Step& step = graph_.steps[id];
  const auto& run = *step.as<graph::Run>();
  StepResult& result = results_[id];
  // Another build may be running this very step: wait for it, and take what it made.
  const store::Lock only_one = store_.lock_key(result.key, stop_);
  if (take_cached(id)) return;
  std::string why_not_shared;
  if (take_shared(id, why_not_shared)) return;

  const bool is_foreign = !oci::runs_natively(options_.host, step.platform);
  if (is_foreign) {
    if (options_.forbid_emulation)
      throw Error(fmt::format("this step would run {} programs under emulation, which --emulation=forbid excludes",
                              step.platform.str()),
                  {}, "put the stage on FROM --platform=$BUILDPLATFORM and cross-compile for $TARGETARCH");
    exec::enable_emulation({step.platform});  // what cannot work is said before anything is unpacked
  }

  exec::RunSpec spec;
  const os::TempDir scratch(store_.scratch_dir(), "run-");
  spec.id = fmt::format("slipway-{}-{}", ::getpid(), id);
  spec.scratch = scratch.path();
  spec.lowers = layers_.directories(results_[*step.parent].stack, progress_of(id));
  spec.argv = run.argv;
  spec.env = run.env;
  spec.env.insert(spec.env.end(), run.proxy_env.begin(), run.proxy_env.end());
  spec.cwd = run.cwd;
  spec.user = run.user;
  spec.network = run.network == "none"   ? exec::Network::None
                 : run.network == "host" ? exec::Network::Host
                                         : exec::Network::Default;
  spec.insecure = run.insecure;
  spec.hostname = options_of(id).hostname;
  spec.extra_hosts = options_of(id).extra_hosts;
  spec.platform = step.platform;
  spec.limits = options_of(id).limits;

  Held held;
  const std::string parts = scratch.path() + "/mounts";
  os::make_dirs(parts);
  // Locked caches are waited for in the order of their ids: two steps with the same ones cannot wait for each other.
  std::vector<size_t> order(run.mounts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t i) { return run.mounts[i].id; });
  std::vector<exec::BindMount> made(run.mounts.size());
  for (const size_t i : order) made[i] = make_mount(id, run.mounts[i], parts, held, spec.env);
  for (auto& mount : made)
    if (!mount.target.empty()) spec.mounts.push_back(std::move(mount));
  if (!run.scripts.empty()) {
    const std::string dir = scratch.path() + "/pipes";
    os::make_dirs(dir);
    for (const auto& script : run.scripts) write_private_file(dir + "/" + script.name, script.bytes, 0755, 0, 0);
    exec::BindMount pipes;
    pipes.source = dir;
    pipes.target = "/dev/pipes";
    spec.mounts.push_back(std::move(pipes));
  }

  Tail tail;
  spec.output = [&](std::string_view bytes, bool is_stderr) {
    tail.add(bytes);
    observer_.on_output(id, bytes, is_stderr);
  };
  if (is_foreign && options_.max_emulated)
    spec.may_go_on = [&](double emulated) { return emulation_.add(id, emulated) <= *options_.max_emulated; };
  const int64_t started = now_ns();
  const exec::RunResult ran = run_sandbox(id, spec, is_foreign);
  result.cost = cost_of(ran, is_foreign);
  result.cost.note = why_not_shared;
  if (const double emulated = emulation_.add(id, ran.emulated_seconds);
      ran.was_ended || (options_.max_emulated && emulated > *options_.max_emulated)) {
    store_.drop_dir(spec.upper);
    throw Error(fmt::format("the build has spent {:.1f} seconds of CPU in the emulator, more than --max-emulated allows", emulated),
                {}, "`slipway why --slow` says what was emulated and how to avoid it");
  }
  if (ran.exit_code != 0) {
    store_.drop_dir(spec.upper);
    Error error(ran.signal ? fmt::format("the command was killed by signal {}{}", ran.signal,
                                         ran.signal == 9 ? " (out of memory, perhaps)" : "")
                           : fmt::format("the command failed with exit code {}", ran.exit_code));
    const std::string last = tail.last_lines(12);
    if (!last.empty()) error.while_doing("its last output:\n" + last);
    if (is_foreign && died_of_bad_code(ran))
      error.hint("it died inside the emulator: another version of QEMU may do better (SLIPWAY_QEMU_<ARCH>=/path/to/qemu)");
    throw error;
  }

  const std::string layer_id = "run:" + result.key;
  const tree::Tree changed = without_clock(layer::read_upper(spec.upper), started);
  store_.put_layer_tree(layer_id, tree::serialize(without_paths(changed)));
  store_.publish_dir(layer_id, spec.upper);
  const double cost = std::max(result.cost.wall_seconds, result.cost.cpu_seconds);
  store_.note_cost(layer_id, cost);
  for (const auto& [mount_id, path] : held.paths) store_.note_cost("mount:" + mount_id, cost);
  finish(id, {.id = layer_id,
              .tree = nullptr,
              .flatten_times = false});
  observer_.on_finished(id, seams::StepState::Done, result.cost, "");
}

}  // namespace slipway::build
