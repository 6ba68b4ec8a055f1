#include "build/step_runner.h"

#include <algorithm>

#include <fmt/core.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "graph/definition.h"
#include "os/fs.h"
#include "source/context.h"
#include "source/hash_files.h"
#include "source/stored_file.h"

namespace slipway::build {
namespace {

/// The line of the Dockerfile that `location` ("name:12") points at, with its neighbours.
std::string excerpt(const std::string& text, const std::string& location) {
  const auto line = parse_u64(std::string_view(location).substr(location.rfind(':') + 1));
  if (!line || text.empty()) return {};
  const auto lines = split(text, '\n');
  std::string out;
  for (size_t n = *line > 1 ? *line - 1 : 1; n <= *line + 1 && n <= lines.size(); ++n) {
    if (n > *line && trim(lines[n - 1]).empty()) break;
    out += fmt::format("{}{} {:>4} | {}", out.empty() ? "" : "\n", n == *line ? ">>>" : "   ", n, lines[n - 1]);
  }
  return out;
}

}  // namespace

StepRunner::StepRunner(const graph::Graph& graph, store::Store& store, source::Images& images, Layers& layers,
                       seams::Observer& observer, std::vector<StepOptions> jobs, std::stop_token stop)
    : graph_(graph),
      store_(store),
      images_(images),
      layers_(layers),
      observer_(observer),
      jobs_(std::move(jobs)),
      options_(jobs_.front()),
      twins_(images, layers, store, options_.twin_grade, options_.host, stop),
      stop_(std::move(stop)),
      nonce_(fmt::format("{} {}", ::getpid(), os::base_name(store.scratch_dir()))),
      results_(graph.steps.size()) {
  for (const auto& job : jobs_) git_.push_back(std::make_unique<source::Git>(store, job.git, job.threads, stop_));
}

const dockerfile::IgnoreFile* StepRunner::ignore_of(const graph::Context& context) const {
  const auto& all = jobs_[context.job].ignore;
  const auto it = all.find(context.name);
  return it == all.end() ? nullptr : &it->second;
}

seams::Resolution StepRunner::resolve(uint32_t id) {
  const graph::Step& step = graph_.steps[id];
  try {
    if (step.as<graph::Copy>()) return resolve_copy(id);
    if (step.as<graph::Run>()) return resolve_run(id);
    if (step.as<graph::MakeDir>()) return resolve_workdir(id);
    if (const auto* checkout = step.as<graph::GitCheckout>()) return resolve_git(id, *checkout);
    return resolve_source(id);
  } catch (Error& e) {
    fail_at(id, e);
  } catch (const Cancelled&) {
    observer_.on_finished(id, seams::StepState::Cancelled, {}, "");
    throw;
  }
}

double EmulatedTime::add(graph::StepId id, double seconds) {
  {
    const std::lock_guard lock(mutex_);
    by_step_[id] = seconds;
  }
  return total();
}

double EmulatedTime::total() const {
  const std::lock_guard lock(mutex_);
  double sum = 0;
  for (const auto& [id, seconds] : by_step_) sum += seconds;
  return sum;
}

void StepRunner::execute(uint32_t id) {
  const graph::Step& step = graph_.steps[id];
  observer_.on_started(id);
  try {
    if (results_[id].is_late && take_cached(id)) return;
    if (step.as<graph::Copy>()) execute_copy(id);
    else if (step.as<graph::MakeDir>()) execute_workdir(id);
    else if (const auto* checkout = step.as<graph::GitCheckout>()) execute_git(id, *checkout);
    else execute_run(id);
  } catch (Error& e) {
    fail_at(id, e);
  } catch (const Cancelled&) {
    observer_.on_finished(id, seams::StepState::Cancelled, {}, "");
    throw;
  }
}

void StepRunner::fail_at(Id id, Error& error) {
  const graph::Step& step = graph_.steps[id];
  if (!step.location.empty()) {
    error.at(step.location);
    error.excerpt(excerpt(options_of(id).dockerfile, step.location));
  }
  error.while_doing("in step " + step.name);
  observer_.on_finished(id, seams::StepState::Failed, results_[id].cost, error.message());
  throw error;
}

Layers::Progress StepRunner::progress_of(Id id) {
  return [this, id](const std::string& what, uint64_t done, uint64_t total) { observer_.on_progress(id, what, done, total); };
}

seams::Resolution StepRunner::resolve_source(Id id) {
  const graph::Step& step = graph_.steps[id];
  StepResult& result = results_[id];
  const auto done = [&](seams::StepState state) {
    result.is_done = true;
    observer_.on_finished(id, state, {}, "");
    return seams::Resolution::Done;
  };
  if (const auto* image = step.as<graph::BaseImage>()) {
    // What the files are, not what the image is called: a retagged or re-configured base keeps the cache.
    plan::Key key("image");
    for (size_t i = 0; i < image->layers.size(); ++i) key.add(fmt::format("layer {}", i), image->diff_ids[i].str());
    result.stack = base_stack(image->origin, image->layers, image->diff_ids);
    result.key = result.saved_key = key.hex();
    result.parts = std::move(key);
    result.is_done = true;
    note_key(id);
    observer_.on_started(id);
    return done(seams::StepState::Done);
  }
  observer_.on_started(id);
  if (const auto* files = step.as<graph::ContextFiles>()) {
    scan_context(id, graph_.contexts[files->context]);
    return done(seams::StepState::Done);
  }
  if (const auto* file = step.as<graph::Download>()) {
    download(id, *file);
    return done(seams::StepState::Done);
  }
  if (const auto* snapshot = step.as<graph::Snapshot>()) {
    result.key = result.saved_key = plan::Key("snapshot").add("id", snapshot->id).hex();
    result.stack.push_back({.id = snapshot->id, .flatten_times = !snapshot->keeps_times});
    return done(seams::StepState::Done);
  }
  result.key = result.saved_key = plan::Key("scratch").hex();
  return done(seams::StepState::Done);
}

void StepRunner::scan_context(Id id, const graph::Context& context) {
  source::ContextRequest request;
  request.dir = context.dir;
  if (const auto* ignore = ignore_of(context)) request.ignore = *ignore;
  request.wanted = context.wanted;
  request.threads = options_.threads;
  request.stop = stop_;
  request.progress = [this, id](uint64_t done, uint64_t total) { observer_.on_progress(id, "hashing", done, total); };
  const std::string stamps_key = context.dir + "\n" + jobs_[context.job].context_key;
  request.stamps = store_.read_stamps(stamps_key).value_or("");
  source::Context scanned = source::scan_context(request);
  if (scanned.stamps_changed) store_.write_stamps(stamps_key, scanned.stamps);
  StepResult& result = results_[id];
  for (const auto& entry : scanned.files.entries()) context_bytes_ += entry.size;
  auto files = std::make_shared<const tree::Tree>(std::move(scanned.files));
  result.key = result.saved_key = "context";  // users of a context go by the content of what they pick
  result.stack.push_back({.id = fmt::format("context:{}:{}", context.job, context.name),
                          .tree = std::move(files),
                          .flatten_times = true});
}

void StepRunner::download(Id id, const graph::Download& file) {
  StepResult& result = results_[id];
  source::FileRequest request;
  request.url = file.url;
  request.name = file.name;
  request.checksum = file.checksum;
  request.authorization = source::http_authorization(options_of(id).git.secrets, file.url);
  request.stop = stop_;
  request.progress = [this, id, &file](uint64_t done, uint64_t total) { observer_.on_progress(id, file.url, done, total); };
  const source::StoredFile got = source::fetch_file(store_, request);
  tree::Entry entry{.path = got.name, .type = tree::Type::File, .mode = 0600};
  entry.size = got.size;
  entry.mtime_ns = got.last_modified.value_or(0) * 1'000'000'000;
  entry.content.digest = got.sum;
  entry.content.disk_path = got.path;
  result.key = result.saved_key = plan::Key("download").add("id", got.id).hex();
  result.stack.push_back({.id = got.id, .tree = std::make_shared<const tree::Tree>(std::vector<tree::Entry>{std::move(entry)})});
}

// The key is the commit: nothing is fetched while all that is made of it can be found.
seams::Resolution StepRunner::resolve_git(Id id, const graph::GitCheckout& checkout) {
  StepResult& result = results_[id];
  const source::GitSource source{.url = checkout.url, .keep_git_dir = checkout.keep_git_dir};
  result.commit = git_[graph_.steps[id].job]->resolve(source);
  const std::string snapshot = source::Git::snapshot_id(source, result.commit);
  result.key = result.saved_key = plan::Key("git").add("id", snapshot).hex();
  result.stack.push_back({.id = snapshot, .flatten_times = !checkout.url.commit_times});
  if (!source::find_snapshot(store_, snapshot)) return seams::Resolution::Miss;
  result.is_done = true;
  ++cached_;
  observer_.on_finished(id, seams::StepState::Cached, {}, "");
  return seams::Resolution::Done;
}

void StepRunner::execute_git(Id id, const graph::GitCheckout& checkout) {
  StepResult& result = results_[id];
  git_[graph_.steps[id].job]->files({.url = checkout.url, .keep_git_dir = checkout.keep_git_dir}, result.commit);
  result.is_done = true;
  observer_.on_finished(id, seams::StepState::Done, {}, "");
}

seams::Resolution StepRunner::look_up(Id id, plan::Key key, plan::Key saved_key) {
  const graph::Step& step = graph_.steps[id];
  StepResult& result = results_[id];
  if (step.no_cache) key.add("no cache", nonce_);
  result.key = key.hex();
  result.saved_key = saved_key.hex();
  result.parts = std::move(saved_key);
  note_key(id);
  if (result.key != result.saved_key) return seams::Resolution::Miss;
  return take_cached(id) ? seams::Resolution::Done : seams::Resolution::Miss;
}

namespace {

/// What a record says: layer id, "flat" or "kept" and, if it came from a travelling cache, the foundation that it needs.
struct Cached {
  LayerRef layer;
  std::string under;
};

std::optional<Cached> read_cached(const std::string& value) {
  const auto fields = split(value, ' ');
  if (fields.size() != 2 && fields.size() != 3) return std::nullopt;
  return Cached{.layer = {.id = fields[0], .tree = nullptr, .flatten_times = fields[1] == "flat"},
                .under = fields.size() == 3 ? fields[2] : ""};
}

}  // namespace

// The layer that the store or a travelling cache has under the step's key. What is below the step is there.
std::optional<LayerRef> StepRunner::cached_layer(Id id) {
  const graph::Step& step = graph_.steps[id];
  StepResult& result = results_[id];
  const auto stands_on = [&](const std::string& under) {
    return under == (step.parent ? layers_.foundation(results_[*step.parent].stack) : "");
  };
  if (const auto record = store_.find_record(result.key))
    if (auto found = read_cached(record->value);
        found && layers_.is_here(found->layer) && (found->under.empty() || stands_on(found->under)))
      return std::move(found->layer);
  if (!options_.imports || result.key != result.saved_key) return std::nullopt;
  const auto record = options_.imports->find(result.key, [&](const remote_cache::Record& remote) {
    const auto found = read_cached(remote.value);
    return found && remote_cache::is_layer_id(found->layer.id) && layers_.is_available(found->layer) &&
           stands_on(remote.under);
  });
  if (!record) return std::nullopt;
  const auto found = read_cached(record->value);
  store_.put_record(result.saved_key,
                    fmt::format("{} {}{}{}", found->layer.id, found->layer.flatten_times ? "flat" : "kept",
                                record->under.empty() ? "" : " ", record->under),
                    result.parts.parts());
  return found->layer;
}

// True if the step's layer is in the cache: then the step is done.
bool StepRunner::take_cached(Id id) {
  const graph::Step& step = graph_.steps[id];
  StepResult& result = results_[id];
  // A layer is of use on top of what it was made on. As long as that is missing the step counts as missed: if somebody
  // needs its files, what is below is made first, and then it is looked up again.
  if (step.parent && !results_[*step.parent].is_done) {
    result.is_late = true;
    return false;
  }
  auto layer = cached_layer(id);
  if (!layer) return false;
  Stack stack;
  if (step.parent) stack = results_[*step.parent].stack;
  stack.push_back(std::move(*layer));
  result.stack = std::move(stack);
  result.is_done = true;
  result.picks.clear();
  ++cached_;
  observer_.on_finished(id, seams::StepState::Cached, {}, "");
  return true;
}

std::optional<std::string> StepRunner::noted(Id source, const KeyOf& key_of) {
  const StepResult& result = results_[source];
  if (const auto record = store_.find_record(key_of(result.key))) {
    note(source, key_of, record->value);
    return record->value;
  }
  if (!options_.imports || result.key != result.saved_key) return std::nullopt;
  const std::string key = key_of(result.key);
  const auto record = options_.imports->find(key, [&](const remote_cache::Record& found) {
    return found.value.size() == 64 && found.value.find_first_not_of("0123456789abcdef") == std::string::npos &&
           (found.under.empty() || !result.is_done || found.under == layers_.foundation(result.stack));
  });
  if (!record) return std::nullopt;
  note(source, key_of, record->value, record->under);
  return record->value;
}

void StepRunner::note(Id source, const KeyOf& key_of, const std::string& digest, std::string under) {
  std::string key = key_of(results_[source].saved_key);
  const std::lock_guard lock(memos_mutex_);
  memos_[key] = {.source = source, .key = key, .digest = digest, .under = std::move(under)};
}

std::vector<Memo> StepRunner::memos() const {
  const std::lock_guard lock(memos_mutex_);
  std::vector<Memo> out;
  for (const auto& [key, memo] : memos_) out.push_back(memo);
  return out;
}

// The step's layer is made: goes on top of the parent's stack, and is found again under the step's key.
void StepRunner::finish(Id id, LayerRef layer) {
  const graph::Step& step = graph_.steps[id];
  StepResult& result = results_[id];
  const std::string value = layer.id + (layer.flatten_times ? " flat" : " kept");
  store_.put_record(result.saved_key, value, result.parts.parts());
  if (result.key != result.saved_key) store_.put_record(result.key, value, {});
  if (step.parent) result.stack = results_[*step.parent].stack;
  result.stack.push_back(std::move(layer));
  result.is_done = true;
  result.picks.clear();
}

seams::Resolution StepRunner::resolve_workdir(Id id) {
  const graph::Step& step = graph_.steps[id];
  plan::Key key("workdir"), saved("workdir");
  key.add("parent", results_[*step.parent].key).add(graph::definition(step));
  saved.add("parent", results_[*step.parent].saved_key).add(graph::definition(step));
  return look_up(id, std::move(key), std::move(saved));
}

void StepRunner::execute_workdir(Id id) {
  const graph::Step& step = graph_.steps[id];
  const auto& dir = *step.as<graph::MakeDir>();
  const tree::View parent = layers_.view(results_[*step.parent].stack, progress_of(id));
  const tree::Owner owner = dir.owner.empty() ? tree::Owner{} : owner_of(id, dir.owner);
  auto made = std::make_shared<const tree::Tree>(tree::make_dirs(parent, dir.path, owner));
  const std::string layer_id = "tree:" + tree::tree_digest(*made).hex();
  finish(id, {.id = layer_id,
              .tree = std::move(made),
              .flatten_times = true});
  observer_.on_finished(id, seams::StepState::Done, {}, "");
}

}  // namespace slipway::build
