#include "build/build.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "build/call.h"
#include "build/ceiling.h"
#include "build/checks.h"
#include "build/epoch.h"
#include "build/image_resolver.h"
#include "build/inputs.h"
#include "build/job.h"
#include "build/join_output.h"
#include "build/later_steps.h"
#include "build/layers.h"
#include "build/outputs.h"
#include "build/published.h"
#include "build/repository.h"
#include "build/sbom_targets.h"
#include "build/ssh.h"
#include "build/step_runner.h"
#include "build/travel_cache.h"
#include "graph/lower.h"
#include "os/fs.h"
#include "record/listing.h"
#include "record/recorder.h"
#include "record/shelf.h"
#include "registry/client.h"
#include "schedule/builder.h"
#include "source/image.h"
#include "store/store.h"

namespace slipway::build {
namespace {

/// What is parsed but not built yet is refused by name: nothing is left out silently.
void refuse_unsupported(const BuildRequest& r) {
  for (const auto& policy : r.policies)
    if (!policy.disabled)
      throw Error("policies are not supported: nothing would be checked", "--policy",
                  "leave it out, or pass --policy disabled=true");
  if (!r.source_policy.empty())
    throw Error("source policies are not supported: nothing would be checked",
                "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY", "unset it");
}

std::vector<seams::StepInfo> describe(const graph::Graph& graph) {
  std::vector<seams::StepInfo> out;
  for (const auto& step : graph.steps) {
    seams::StepInfo info;
    info.name = step.as<graph::Scratch>() ? "[internal] scratch" : step.name;
    info.kind = step.as<graph::Run>()                                  ? seams::StepKind::Run
                : step.as<graph::Copy>() || step.as<graph::MakeDir>() ? seams::StepKind::File
                                                                       : seams::StepKind::Source;
    if (step.parent || step.as<graph::BaseImage>()) info.platform = step.platform.str();
    info.inputs = step.inputs();
    info.location = step.location;
    out.push_back(std::move(info));
  }
  return out;
}

void warn_of_emulation(const graph::Graph& graph, seams::Observer& observer) {
  const oci::Platform host = oci::host_platform();
  for (const auto& step : graph.steps)
    if (step.as<graph::Run>() && !oci::runs_natively(host, step.platform))
      observer.on_warning(fmt::format("{} runs under emulation on this {} machine unless it is cached", step.name, host.str()),
                          step.location);
}

/// The commits that were checked out, for provenance.
std::map<graph::StepId, std::string> commits(const graph::Graph& graph, const StepRunner& steps) {
  std::map<graph::StepId, std::string> out;
  for (graph::StepId id = 0; id < graph.steps.size(); ++id)
    if (graph.steps[id].as<graph::GitCheckout>() && !steps.result(id).commit.commit.empty())
      out[id] = steps.result(id).commit.commit;
  return out;
}

/// What a record says of the request itself.
record::Build record_of(const std::vector<BuildRequest>& requests) {
  const BuildRequest& request = requests.front();
  record::Build out;
  out.started = std::time(nullptr);
  out.id = record::new_id(out.started);
  out.context = request.context;
  out.target = request.name.empty() ? request.target : "";
  for (const auto& each : requests) {
    if (!each.name.empty()) out.target += (out.target.empty() ? "" : " ") + each.name;
    out.names.insert(out.names.end(), each.tags.begin(), each.tags.end());
  }
  out.build_platform = oci::host_platform().str();
  return out;
}

/// The emulators that the steps ran under.
std::map<std::string, std::string> emulators(const std::vector<record::Step>& steps) {
  std::vector<oci::Platform> foreign;
  for (const auto& step : steps)
    if (step.cost.how == seams::HowRun::Emulated) foreign.push_back(oci::parse_platform(step.platform));
  std::map<std::string, std::string> out;
  if (!foreign.empty())
    for (const auto& [platform, emulator] : exec::enable_emulation(foreign)) out[platform] = emulator.version;
  return out;
}

/// The context's .dockerignore as it was. Files of a size that nobody writes by hand are left out.
void note_ignore(const Inputs& inputs, record::Build& record) {
  constexpr size_t kLongest = 64 << 10;
  if (!inputs.ignore || !inputs.ignore_text || inputs.ignore_text->size() > kLongest) return;
  record.ignore_name = inputs.ignore_name;
  record.ignore_text = *inputs.ignore_text;
}

/// What `work` throws, with the name of the target that it is about.
template <class Work>
void naming(const BuildRequest& request, const Work& work) {
  try {
    work();
  } catch (Error& e) {
    if (!request.name.empty()) e.while_doing("in target " + request.name);
    throw;
  }
}

/// The same, but the mistake joins others.
template <class Work>
void collecting(const BuildRequest& request, std::vector<Error>& mistakes, const Work& work) {
  try {
    naming(request, work);
  } catch (Error& e) {
    mistakes.push_back(std::move(e));
  }
}

/// Whom a probe tells what it does.
class Silent : public seams::Observer {
 public:
  void on_plan(const std::vector<seams::StepInfo>&) override {}
  seams::StepId on_step_added(const seams::StepInfo&) override { return 0; }
  void on_started(seams::StepId) override {}
  void on_output(seams::StepId, std::string_view, bool) override {}
  void on_progress(seams::StepId, std::string_view, uint64_t, uint64_t) override {}
  void on_finished(seams::StepId, seams::StepState, const seams::StepCost&, std::string_view) override {}
  void on_warning(std::string_view, std::string_view) override {}
  void on_end(bool) override {}
};

/// Several builds in one graph, from their requests to their results.
class Together {
 public:
  Together(const std::vector<BuildRequest>& requests, const exec::Namespace& ns, seams::Observer& observer,
           record::Build& record, std::stop_token stop)
      : requests_(requests),
        first_(requests.front()),
        ns_(ns),
        all_steps_(observer),
        record_(record),
        forward_(stop, Forward{cancel_}),
        store_(first_.store.empty() ? store::Store::default_root(ns.outer_uid == 0) : first_.store),
        client_(registry::ClientOptions{}),
        images_(store_, client_),
        caches_(requests, store_, client_, observer, cancel_.get_token()) {
    if (first_.max_store) ceiling_.emplace(store_, *first_.max_store);
  }

  const std::string& store_root() const { return store_.root(); }

  std::vector<BuildResult> run() {
    for (const auto& warning : store_.take_warnings()) all_steps_.on_warning(warning, "");
    load();
    LaterSteps observer(all_steps_, steps_before_);
    read(observer);
    if (std::ranges::all_of(requests_, [](const auto& r) { return r.call.name != "build"; })) return answers();
    lower(observer);
    // A layer that a travelling cache has promised and cannot give costs another attempt, which finds all that the one
    // before has made, and does not count on that layer any more.
    while (true) {
      try {
        attempt_ = std::make_unique<Attempt>(*this);
        skip_published();
        execute(observer);
        return outputs(observer);
      } catch (const remote_cache::LayerLost&) {
        steps_.reset();
      }
    }
  }

 private:
  struct Forward {
    std::stop_source& to;
    void operator()() const { to.request_stop(); }
  };

  /// What ends with one failure: others of its steps are stopped, and nothing else.
  struct Attempt {
    explicit Attempt(Together& all)
        : pass_on(all.cancel_.get_token(), Forward{cancel}),
          layers(all.store_, all.images_, all.ns_.mapping == exec::IdMapping::Single, cancel.get_token(),
                 all.caches_.imports()) {}
    std::stop_source cancel;
    const std::stop_callback<Forward> pass_on;
    Layers layers;
  };

  InputTools tools_of(const Job& job) {
    return {.store = store_,
            .git = job.git,
            .observer = all_steps_,
            .single_id = ns_.mapping == exec::IdMapping::Single,
            .threads = std::max(2u, std::thread::hardware_concurrency()),
            .stop = cancel_.get_token()};
  }

  void load() {
    std::vector<Error> mistakes;
    for (const size_t index : in_order(requests_)) {
      const BuildRequest& request = requests_[index];
      collecting(request, mistakes, [&] {
        auto job = std::make_unique<Job>(request);
        job->inputs = load_inputs(request, tools_of(*job));
        steps_before_ += job->inputs.steps;
        record_.dockerfile_name = job->inputs.dockerfile_name;
        record_.dockerfile_text = requests_.size() == 1 ? job->inputs.dockerfile_text : "";
        record_.context_dir = job->inputs.context_dir;
        note_ignore(job->inputs, record_);
        check_frontend(job->inputs, request.build_args);
        jobs_.push_back(std::move(job));
      });
    }
    if (!mistakes.empty()) throw dockerfile::as_one(std::move(mistakes));
  }

  void read(seams::Observer&) {
    std::vector<Error> mistakes;
    for (uint32_t index = 0; index < jobs_.size(); ++index) {
      Job& job = *jobs_[index];
      collecting(job.request, mistakes, [&] {
        job.wanted = graph_request(job.request, job.inputs);
        job.wanted.job = index;
        job.epoch = source_date_epoch(job.request, job.inputs, tools_of(job), job.wanted);
        job.wanted.created = image::rfc3339(job.epoch.value_or(tree::kNeutralTime));
        if (job.request.join && job.request.call.name == "build")
          check_agreement(*job.request.join, job.request.tags, client_, cancel_.get_token());
      });
      for (const auto& platform : job.wanted.platforms)
        if (const std::string name = platform.str(); std::ranges::find(record_.platforms, name) == record_.platforms.end())
          record_.platforms.push_back(name);
    }
    if (!mistakes.empty()) throw dockerfile::as_one(std::move(mistakes));
  }

  ImageResolver& resolver(bool pull, seams::Observer& observer) {
    auto& out = resolvers_[pull];
    if (!out) out = std::make_unique<ImageResolver>(images_, observer, pull, cancel_.get_token());
    return *out;
  }

  std::vector<BuildResult> answers() {
    std::vector<BuildResult> out(requests_.size());
    for (const auto& job : jobs_)
      naming(job->request, [&] {
        out[number_of(*job)] =
            answer_call(job->request, job->inputs, job->wanted, resolver(job->request.pull, all_steps_));
      });
    return out;
  }

  void lower(seams::Observer& observer) {
    std::vector<Error> mistakes;
    for (const auto& job : jobs_)
      for (auto& mistake : read_dockerfile(job->inputs, job->wanted, job->file)) {
        if (!job->request.name.empty()) mistake.while_doing("in target " + job->request.name);
        mistakes.push_back(std::move(mistake));
      }
    if (!mistakes.empty()) throw dockerfile::as_one(std::move(mistakes));
    for (const bool pull : {false, true}) {
      std::vector<std::pair<std::string, oci::Platform>> ahead;
      for (const auto& job : jobs_)
        if (job->request.pull == pull)
          for (auto& image : graph::images_ahead(job->file, job->wanted))
            if (std::ranges::find(ahead, image) == ahead.end()) ahead.push_back(std::move(image));
      if (!ahead.empty()) resolver(pull, observer).prefetch(ahead);
    }
    graph::Joint joint;
    std::set<std::string> failed;
    for (const auto& job : jobs_) {
      const auto used = linked(job->request);
      if (std::ranges::any_of(used, [&](const auto& name) { return failed.contains(name); })) {
        failed.insert(job->request.name);
        continue;
      }
      const size_t before = mistakes.size();
      collecting(job->request, mistakes, [&] {
        link(*job, jobs_);
        job->targets = lower_and_check(job->file, job->inputs, job->wanted, resolver(job->request.pull, observer),
                                       observer, job->findings, joint);
      });
      if (mistakes.size() > before) failed.insert(job->request.name);
    }
    if (!mistakes.empty()) throw dockerfile::as_one(std::move(mistakes));
    graph_ = std::move(joint.graph);
  }

  std::vector<StepOptions> options() {
    std::vector<StepOptions> out;
    for (uint32_t index = 0; index < jobs_.size(); ++index)
      naming(jobs_[index]->request, [&] { out.push_back(step_options(*jobs_[index], index, ns_, graph_)); });
    for (size_t index = 0; index < out.size(); ++index) {
      out[index].imports = caches_.imports();
      out[index].cache_mounts = jobs_[index]->request.cache_mounts;
    }
    return out;
  }

  /// Finds the jobs whose images are in the registry already: --skip-if-published.
  void skip_published() {
    if (std::ranges::none_of(requests_, &BuildRequest::skip_if_published)) return;
    Silent silent;
    StepRunner probe(graph_, store_, images_, attempt_->layers, silent, options(), attempt_->cancel.get_token());
    for (const auto& job : jobs_) {
      if (!job->request.skip_if_published || job->request.is_linked) continue;
      naming(job->request, [&] {
        std::string& tag = published_tags_[job.get()] = published_tag(*job, graph_of(*job), probe);
        if (tag.empty()) return;
        if (auto result = take_published(job->request, tag, cancel_.get_token())) published_[job.get()] = std::move(*result);
      });
    }
  }

  bool is_wanted(const Job& job) const { return !job.request.is_linked && !published_.contains(&job); }

  void execute(seams::Observer& observer) {
    if (std::ranges::none_of(jobs_, [&](const auto& job) { return is_wanted(*job); })) return;
    if (!has_plan_) observer.on_plan(describe(graph_));
    if (!has_plan_ && first_.emulation == Emulation::Warn) warn_of_emulation(graph_, observer);
    has_plan_ = true;
    Layers& layers = attempt_->layers;
    if (std::ranges::any_of(requests_, [](const auto& r) { return r.verify != Verify::Off; })) layers.collect_facts();
    steps_ = std::make_unique<StepRunner>(graph_, store_, images_, layers, observer, options(), attempt_->cancel.get_token());
    std::vector<schedule::Node> nodes;
    for (graph::StepId id = 0; id < graph_.steps.size(); ++id) {
      const auto& step = graph_.steps[id];
      nodes.push_back({.inputs = step.inputs(), .is_heavy = step.as<graph::Run>() != nullptr});
      if (!step.as<graph::Run>() || first_.twin_grade == twins::Grade::Off) continue;
      if (const auto twin = step_in_lockstep(graph_, oci::host_platform(), id)) nodes.back().inputs.push_back(*twin);
    }
    std::vector<schedule::StepId> targets;
    for (const auto& job : jobs_) {
      if (!is_wanted(*job)) continue;
      for (const auto& target : job->targets) targets.push_back(target.files);
      for (const auto id : sbom_steps(job->inputs.dockerfile_text, job->request, graph_of(*job))) targets.push_back(id);
    }
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    schedule::run(schedule::Plan(std::move(nodes), targets), *steps_,
                  {.heavy = first_.max_parallel ? first_.max_parallel : std::max(2u, cores), .light = 8}, attempt_->cancel);
  }

  /// The graph with the targets of one job.
  graph::Graph graph_of(const Job& job) const {
    graph::Graph out = graph_;
    out.targets = job.targets;
    return out;
  }

  std::vector<BuildResult> outputs(seams::Observer& observer) {
    std::vector<BuildResult> out(requests_.size());
    Layers& layers = attempt_->layers;
    record_.image_bytes = 0;
    for (const auto& job : jobs_) {
      BuildResult& result = out[number_of(*job)];
      if (const auto it = published_.find(job.get()); it != published_.end()) result = it->second;
      if (!is_wanted(*job)) continue;
      result.steps = graph_.steps.size();
      result.cached = steps_->cached();
      const graph::Graph graph = graph_of(*job);
      naming(job->request, [&] {
        Verdict verdict;
        OutputContext context{.request = job->request,
                              .graph = graph,
                              .steps = *steps_,
                              .layers = layers,
                              .store = store_,
                              .client = client_,
                              .observer = observer,
                              .created = job->wanted.created,
                              .clamp_ns = job->epoch ? *job->epoch * 1'000'000'000 : 0,
                              .dockerfile = job->inputs.dockerfile_text,
                              .dockerfile_name = job->inputs.dockerfile_name,
                              .context_commit = job->inputs.context_commit,
                              .commits = commits(graph, *steps_),
                              .warnings = build_warnings(job->inputs, job->findings),
                              .published_tag = published_tags_[job.get()],
                              .imports = caches_.imports(),
                              .on_verdict = [&](const auto& key, const auto& text) { verdict.emplace(key, text); },
                              .stop = attempt_->cancel.get_token()};
        if (TravelCache::is_inline(job->request))
          context.extend = [&](size_t target, const auto& blobs) {
            return caches_.inline_cache(graph, *steps_, layers, verdict, target, blobs);
          };
        make_outputs(context, result);
        caches_.export_all(job->request, graph, *steps_, layers, verdict, observer);
      });
      record_.image_bytes += result.image_bytes;
    }
    if (steps_) record_.context_bytes = steps_->context_bytes();
    return out;
  }

  size_t number_of(const Job& job) const { return static_cast<size_t>(&job.request - requests_.data()); }

  const std::vector<BuildRequest>& requests_;
  const BuildRequest& first_;
  const exec::Namespace& ns_;
  seams::Observer& all_steps_;
  record::Build& record_;
  std::stop_source cancel_;
  const std::stop_callback<Forward> forward_;
  store::Store store_;
  registry::Client client_;
  source::Images images_;
  TravelCache caches_;
  std::vector<std::unique_ptr<Job>> jobs_;  // each behind those that it is made of
  uint32_t steps_before_ = 0;               // that the observer was told of before there was a graph
  std::map<bool, std::unique_ptr<ImageResolver>> resolvers_;  // by --pull
  graph::Graph graph_;
  std::unique_ptr<Attempt> attempt_;
  std::unique_ptr<StepRunner> steps_;
  bool has_plan_ = false;  // the observer has been told of the steps
  std::optional<CeilingWatch> ceiling_;
  std::map<const Job*, std::string> published_tags_;
  std::map<const Job*, BuildResult> published_;  // what need not be built
};

}  // namespace

std::vector<BuildResult> build_all(const std::vector<BuildRequest>& asked, const exec::Namespace& ns, seams::Observer& view,
                                   std::stop_token stop) {
  CHECK(!asked.empty());
  std::vector<BuildRequest> requests = asked;
  for (auto& request : requests) {
    for (const auto& [key, value] : git_labels(request, stop)) request.labels[key] = value;
    naming(request, [&] {
      refuse_unsupported(request);
      check_caches(request);
      check_outputs(request);
      if (request.join) request.join = complete_join(request, stop);
    });
  }
  const auto begin = std::chrono::steady_clock::now();
  record::Recorder recorder(view);
  record::Build record = record_of(requests);
  std::string store_root;
  const bool is_build = std::ranges::any_of(requests, [](const auto& request) { return request.call.name == "build"; });
  const auto keep = [&](std::string error) {
    if (store_root.empty() || !is_build) return;
    record.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    record.ok = error.empty();
    record.error = std::move(error);
    record.steps = recorder.steps();
    try {
      for (const auto& [content, listing] : recorder.files())
        record::put_listing(store_root, content, listing);
      record.emulators = emulators(record.steps);
      record::put(store_root, record);
    } catch (const Error& e) {
      // An image is worth more than the memory of how it was made.
      view.on_warning("this build leaves no record: " + e.message(), store_root);
    }
  };
  // The store is closed by now: nothing of this build holds on to it but the images that it made.
  const auto shrink = [&](const std::vector<BuildResult>& made) {
    const auto& limit = requests.front().max_store;
    if (!limit || store_root.empty()) return;
    std::vector<oci::Digest> images;
    for (const auto& result : made) images.push_back(result.descriptor.digest);
    keep_below(store_root, *limit, images, view);
  };
  try {
    if (!ns.note.empty()) recorder.on_warning(ns.note, "");
    std::vector<BuildResult> results;
    {
      Together together(requests, ns, recorder, record, stop);
      store_root = together.store_root();
      results = together.run();
    }
    keep("");
    shrink(results);
    return results;
  } catch (const Cancelled&) {
    keep("stopped");
    shrink({});
    throw;
  } catch (const Error& e) {
    keep(e.message());
    shrink({});
    throw;
  }
}

BuildResult build(const BuildRequest& request, const exec::Namespace& ns, seams::Observer& view, std::stop_token stop) {
  BuildResult result = std::move(build_all({request}, ns, view, stop).front());
  if (request.call.name != "build") return result;
  if (!request.iidfile.empty()) os::write_file_atomic(request.iidfile, result.image_id);
  if (!request.metadata_file.empty()) os::write_file_atomic(request.metadata_file, result.metadata_json);
  return result;
}

}  // namespace slipway::build
