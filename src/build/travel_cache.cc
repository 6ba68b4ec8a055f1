#include "build/travel_cache.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "build/verify_image.h"
#include "oci/media_types.h"
#include "os/fs.h"
#include "remote_cache/blob_check.h"
#include "remote_cache/inline.h"
#include "remote_cache/mount_listing.h"
#include "remote_cache/mounts.h"

namespace slipway::build {
namespace {

using remote_cache::Ledger;
using remote_cache::Parcel;

remote_cache::Spec spec_of(const CacheSpec& spec) { return {.type = spec.type, .attrs = spec.attrs}; }

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? std::optional<std::string>(value) : std::nullopt;
}

/// Steps that leave a layer of their own.
bool makes_layer(const graph::Step& step) {
  return step.as<graph::Copy>() || step.as<graph::Run>() || step.as<graph::MakeDir>();
}

/// What any machine makes of its own context without running anything: worth no bytes.
bool is_computed_anywhere(const graph::Graph& graph, const graph::Step& step) {
  if (step.as<graph::MakeDir>()) return true;
  const auto* copy = step.as<graph::Copy>();
  if (!copy) return false;
  for (const auto& source : copy->sources)
    if (!graph.steps[source.input].as<graph::ContextFiles>() || source.unpack) return false;
  return true;
}

/// The steps whose layers are those of target number `target`.
std::set<graph::StepId> chain_of(const graph::Graph& graph, size_t target) {
  std::set<graph::StepId> out;
  for (std::optional<graph::StepId> at = graph.targets[target].files; at; at = graph.steps[*at].parent)
    if (makes_layer(graph.steps[*at])) out.insert(*at);
  return out;
}

/// All steps that the targets are made of, through other stages too.
std::set<graph::StepId> made_of(const graph::Graph& graph) {
  std::set<graph::StepId> out;
  std::vector<graph::StepId> todo;
  for (const auto& target : graph.targets) todo.push_back(target.files);
  while (!todo.empty()) {
    const graph::StepId id = todo.back();
    todo.pop_back();
    if (!out.insert(id).second) continue;
    for (const auto input : graph.steps[id].inputs()) todo.push_back(input);
  }
  return out;
}

std::set<graph::StepId> steps_to_export(const graph::Graph& graph, const StepRunner& steps, bool all_steps) {
  std::set<graph::StepId> out;
  for (size_t i = 0; i < graph.targets.size(); ++i) out.merge(chain_of(graph, i));
  if (all_steps)
    for (const auto id : made_of(graph))
      if (makes_layer(graph.steps[id]) && !is_computed_anywhere(graph, graph.steps[id])) out.insert(id);
  std::erase_if(out, [&](graph::StepId id) { return !steps.result(id).is_done; });
  return out;
}

/// The record of a step; its layer's blob is known.
void add_record(const graph::Graph& graph, const StepRunner& steps, Layers& layers, graph::StepId id, Ledger& out) {
  const StepResult& result = steps.result(id);
  const auto parent = graph.steps[id].parent;
  const LayerRef& layer = result.stack.back();
  out.records[result.saved_key] = {.value = layer.id + (layer.flatten_times ? " flat" : " kept"),
                                   .under = parent ? layers.foundation(steps.result(*parent).stack) : "",
                                   .group = {},
                                   .used = 0};
}

void add_memos(const StepRunner& steps, Layers& layers, bool all_steps, Ledger& out) {
  for (const auto& memo : steps.memos()) {
    const StepResult& source = steps.result(memo.source);
    std::string under = memo.under;
    // Without the layers that it is about nobody can mistake it for something about others.
    if (all_steps && source.is_done) under = layers.foundation(source.stack);
    out.records[memo.key] = {.value = memo.digest, .under = under, .group = source.saved_key, .used = 0};
  }
}

void add_verdict(const graph::Graph& graph, const StepRunner& steps, Layers& layers, const Verdict& verdict, Ledger& out) {
  if (verdict)
    out.records[verdict->first] = {
        .value = verdict->second, .under = foundation_of_targets(graph, steps, layers), .group = {}, .used = 0};
}

}  // namespace

void check_caches(const BuildRequest& request) {
  for (const auto& spec : request.cache_to) remote_cache::read_export(spec_of(spec));
  for (const auto& spec : request.cache_from) remote_cache::read_import(spec_of(spec));
}

bool TravelCache::is_inline(const BuildRequest& request) {
  if (std::ranges::find(request.cache_to, "inline", &CacheSpec::type) != request.cache_to.end()) return true;
  const auto it = request.build_args.find("BUILDKIT_INLINE_CACHE");
  return it != request.build_args.end() && (it->second == "1" || to_lower(it->second) == "true");
}

TravelCache::TravelCache(const std::vector<BuildRequest>& requests, store::Store& store, registry::Client& client,
                         seams::Observer& observer, std::stop_token stop)
    : store_(store), client_(client), observer_(observer), stop_(std::move(stop)) {
  const remote_cache::Tools tools{.client = client_, .scratch = store_.scratch_dir(), .environment = variable};
  std::vector<remote_cache::Source> sources;
  std::vector<std::string> repositories;
  std::vector<CacheSpec> seen;
  for (const auto& request : requests) {
    if (request.call.name != "build") continue;
    for (const auto& spec : request.cache_to) {
      std::string why;
      if (spec.type != "inline") remote_cache::open(spec_of(spec), true, tools, why);  // mistakes are said before the work
    }
    for (const auto& spec : request.cache_from) {
      if (std::ranges::find(seen, spec) != seen.end()) continue;
      seen.push_back(spec);
      std::string why;
      auto backend = remote_cache::open(spec_of(spec), false, tools, why);
      if (!backend) {
        observer_.on_warning(fmt::format("--cache-from type={} is not used: {}", spec.type, why), "");
        continue;
      }
      sources.push_back({.backend = std::move(backend), .mounts = remote_cache::read_import(spec_of(spec))});
      if (auto repository = remote_cache::repository_of(spec_of(spec)); !repository.empty())
        repositories.push_back(std::move(repository));
    }
  }
  if (sources.empty()) return;
  imports_.emplace(store_, std::move(sources), [this](const std::string& text) { observer_.on_warning(text, ""); }, stop_);
  imports_->repositories = std::move(repositories);
}

std::map<std::string, std::string> TravelCache::inline_cache(const graph::Graph& graph, const StepRunner& steps,
                                                             Layers& layers, const Verdict& verdict, size_t target,
                                                             const std::map<std::string, store::LayerBlob>& blobs) {
  Ledger ledger;
  for (const auto id : chain_of(graph, target)) {
    if (!steps.result(id).is_done) continue;
    const LayerRef& layer = steps.result(id).stack.back();
    const auto blob = blobs.find(layer.id);
    // Times that were set for this image alone are not those of the layer.
    if (blob == blobs.end() || blob->second.form.contains('@')) continue;
    ledger.layers[layer.id] = {.blob = blob->second};
    add_record(graph, steps, layers, id, ledger);
  }
  add_memos(steps, layers, false, ledger);
  add_verdict(graph, steps, layers, verdict, ledger);
  return {{std::string(remote_cache::kInlineMember), remote_cache::print_inline(ledger)}};
}

void TravelCache::export_all(const BuildRequest& request, const graph::Graph& graph, const StepRunner& steps, Layers& layers,
                             const Verdict& verdict, seams::Observer& observer) {
  for (const auto& asked : request.cache_to) {
    if (asked.type == "inline") continue;
    const Destination to{.spec = spec_of(asked), .options = remote_cache::read_export(spec_of(asked))};
    const seams::StepId step =
        observer.on_step_added({.name = fmt::format("exporting cache to {}", to.spec.type), .kind = seams::StepKind::Export});
    observer.on_started(step);
    const auto fail = [&](Error& error) {
      if (!to.options.ignore_error) {
        observer.on_finished(step, seams::StepState::Failed, {}, error.message());
        throw error.while_doing(fmt::format("while exporting the cache ({})", to.spec.type));
      }
      observer.on_warning(fmt::format("the cache was not exported ({}): {}", to.spec.type, error.message()), "");
      observer.on_finished(step, seams::StepState::Done, {}, "");
    };
    try {
      export_one(to, graph, steps, layers, verdict, observer, step);
      observer.on_finished(step, seams::StepState::Done, {}, "");
    } catch (Error& error) {
      fail(error);
    } catch (const remote_cache::LayerLost&) {
      Error error("a layer came from another cache, which has lost it meanwhile");
      fail(error);
    } catch (const Cancelled&) {
      observer.on_finished(step, seams::StepState::Cancelled, {}, "");
      throw;
    }
  }
}

// Mounts that this build has used, each as what changed since it was exported last.
void TravelCache::add_mounts(const Destination& to, remote_cache::Exporter& exporter, const std::set<std::string>& used,
                             const std::string& scratch, Ledger& ledger, std::vector<Parcel>& parcels) {
  size_t number = 0;
  for (const auto& id : used) {
    if (!remote_cache::names_mount(to.options.mounts, id)) continue;
    const auto cache = store_.open_cache_mount(id, store::Store::Sharing::Shared, stop_);
    if (os::list_dir(cache.path).empty()) continue;
    const std::string place = fmt::format("{}/{}", scratch, number++);
    os::make_dirs(place);
    remote_cache::MountListing before;
    const Ledger& there = exporter.ledger();
    if (const auto it = there.mounts.find(id); it != there.mounts.end()) {
      try {
        before = remote_cache::parse_mount_listing(remote_cache::get_text(exporter.backend(), it->second.listing, stop_),
                                                   exporter.name());
      } catch (const Error&) {
        // All of it is written again.
      }
    }
    auto snapshot = remote_cache::snapshot_mount(cache.path, before, to.options.mount_max_bytes, place, stop_);
    if (snapshot.left_out > 0)
      observer_.on_warning(fmt::format("{} of the cache mount {} are not exported: it is larger than {} (mounts-max-size)",
                                       human_size(snapshot.left_out), id, human_size(to.options.mount_max_bytes)),
                           "");
    const std::string text = remote_cache::print(snapshot.listing);
    const std::string path = place + "/listing";
    os::write_file_atomic(path, text);
    remote_cache::Mount mount;
    mount.listing.media_type = "application/vnd.slipway.cache.mount.v1+zstd";
    mount.listing.digest = oci::Digest::of(text);
    mount.listing.size = text.size();
    parcels.push_back({.blob = mount.listing, .path = path, .bring = {}});
    for (const auto& pack : snapshot.packs) parcels.push_back({.blob = pack.pack.blob, .path = pack.path, .bring = {}});
    for (const auto& pack : snapshot.listing.packs) mount.packs.push_back(pack.blob);
    ledger.mounts[id] = std::move(mount);
  }
}

void TravelCache::export_one(const Destination& to, const graph::Graph& graph, const StepRunner& steps, Layers& layers,
                             const Verdict& verdict, seams::Observer& observer, seams::StepId step) {
  std::string why;
  auto backend = remote_cache::open(
      to.spec, true,
      {.client = client_,
       .scratch = store_.scratch_dir(),
       .environment = variable,
       .has_lost = imports_ && imports_->lost() > 0},
      why);
  if (!backend) throw Error(why);
  const Layers::Progress progress = [&](const std::string& what, uint64_t done, uint64_t total) {
    observer.on_progress(step, what, done, total);
  };
  remote_cache::Exporter exporter(std::move(backend), {.max_bytes = to.options.max_bytes, .reset = to.options.reset});
  exporter.look([&](const std::string& text) { observer.on_warning(text, ""); }, stop_);

  const std::set<graph::StepId> chosen = steps_to_export(graph, steps, to.options.all_steps);
  const LayerForm form{.compression = to.options.compression, .level = to.options.level};
  Ledger ledger;
  std::vector<Parcel> parcels;
  std::vector<const LayerRef*> todo;
  std::set<std::string> seen;
  for (const auto id : chosen)
    if (const LayerRef& layer = steps.result(id).stack.back(); seen.insert(layer.id).second) todo.push_back(&layer);
  std::mutex mutex;
  in_parallel(todo.size(), 4, [&](size_t i) {
    const store::LayerBlob blob = layers.any_blob(*todo[i], form, to.options.force_compression, progress);
    oci::Descriptor descriptor;
    descriptor.media_type = blob.media_type;
    descriptor.digest = blob.digest;
    descriptor.size = blob.size;
    const std::lock_guard lock(mutex);
    ledger.layers[todo[i]->id] = {.blob = blob};
    parcels.push_back({.blob = descriptor,
                       .path = store_.blob_path(blob.digest),
                       .bring = [&layers, &progress, digest = blob.digest] { layers.bring(digest, progress); }});
  });
  for (const auto id : chosen) add_record(graph, steps, layers, id, ledger);
  add_memos(steps, layers, to.options.all_steps, ledger);
  add_verdict(graph, steps, layers, verdict, ledger);
  const os::TempDir scratch(store_.scratch_dir(), "cache-");
  add_mounts(to, exporter, steps.used_mounts(), scratch.path(), ledger, parcels);
  exporter.upload(parcels, progress, stop_);
  // Nothing more is read from the caches: what the new ledger does not name may go where it lies in the same place.
  if (imports_) imports_->release();
  exporter.publish(ledger, parcels, stop_);
  observer.on_output(step,
                      fmt::format("{}: {} records, {} new blobs, {}\n", exporter.name(), ledger.records.size(),
                                  exporter.moved().blobs, human_size(exporter.moved().bytes)),
                      false);
}

}  // namespace slipway::build
