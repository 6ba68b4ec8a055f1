#include "build/build.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <future>
#include <mutex>
#include <thread>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "build/call.h"
#include "build/ceiling.h"
#include "build/checks.h"
#include "build/epoch.h"
#include "build/inputs.h"
#include "build/join_output.h"
#include "build/later_steps.h"
#include "build/layers.h"
#include "build/outputs.h"
#include "build/repository.h"
#include "build/sbom_targets.h"
#include "build/ssh.h"
#include "build/step_runner.h"
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
  const auto refuse = [](const std::string& flag, const std::string& hint) {
    throw Error("this flag is not supported yet", flag, hint);
  };
  if (!r.cache_to.empty()) refuse("--cache-to", "the local cache needs no flag");
  if (!r.cache_from.empty()) refuse("--cache-from", "the local cache needs no flag");
  for (const auto& policy : r.policies)
    if (!policy.disabled)
      throw Error("policies are not supported: nothing would be checked", "--policy",
                  "leave it out, or pass --policy disabled=true");
  if (!r.source_policy.empty())
    throw Error("source policies are not supported: nothing would be checked",
                "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY", "unset it");
}

/// Base images for the graph, fetched side by side ahead of time.
class ImageResolver : public graph::Resolver {
 public:
  ImageResolver(source::Images& images, seams::Observer& observer, bool pull, std::stop_token stop)
      : images_(images), observer_(observer), pull_(pull), stop_(std::move(stop)) {}

  void prefetch(const std::vector<std::pair<std::string, oci::Platform>>& wanted) {
    for (const auto& [name, platform] : wanted)
      pending_[{name, platform.str()}] =
          std::async(wanted.size() > 1 ? std::launch::async : std::launch::deferred,
                     [this, name = name, platform = platform] { return find(name, platform); });
  }

  graph::ResolvedImage image(const std::string& name, const oci::Platform& platform) override {
    const auto key = std::pair(name, platform.str());
    if (const auto it = found_.find(key); it != found_.end()) return it->second;
    const auto pending = pending_.find(key);
    return found_[key] = pending == pending_.end() ? find(name, platform) : pending->second.get();
  }

 private:
  graph::ResolvedImage find(const std::string& name, const oci::Platform& platform) {
    const source::FoundImage found =
        images_.find(name, platform, pull_, stop_, [this](const std::string& text) { observer_.on_warning(text, ""); });
    return {.image = {.reference = found.reference,
                      .origin = found.origin,
                      .manifest = found.manifest_descriptor.digest,
                      .layers = found.manifest.layers,
                      .diff_ids = found.config.diff_ids},
            .config = found.config};
  }

  source::Images& images_;
  seams::Observer& observer_;
  bool pull_;
  std::stop_token stop_;
  std::map<std::pair<std::string, std::string>, std::future<graph::ResolvedImage>> pending_;
  std::map<std::pair<std::string, std::string>, graph::ResolvedImage> found_;
};

std::map<std::string, graph::NamedContext> named_contexts(const BuildRequest& request) {
  std::map<std::string, graph::NamedContext> out;
  for (const auto& [name, value] : request.build_contexts) {
    graph::NamedContext context;
    if (value.starts_with("docker-image://")) context.image = value.substr(15);
    else if (value.starts_with("oci-layout://")) context.image = value;
    else if (value.starts_with("target:"))
      throw Error(fmt::format("the named context {} is a target of a bake file, and there is none here", name), value,
                  "name a directory, an image (docker-image://), a layout (oci-layout://) or a URL");
    else if (os::is_directory(value)) context.dir = os::absolute_path(value);
    else if (auto git = dockerfile::parse_git_url(value)) context.git = std::move(*git);
    else if (is_http_url(value)) context.url = value;
    else
      throw Error(fmt::format("the named context {} is {}", name, os::exists(value) ? "not a directory" : "not there"), value,
                  "name a directory, an image (docker-image://), a layout (oci-layout://), a git repository or a URL");
    out[name] = std::move(context);
  }
  return out;
}

graph::Request graph_request(const BuildRequest& request, const Inputs& inputs) {
  graph::Request out;
  out.build_platform = oci::host_platform();
  out.platforms = request.platforms;
  if (out.platforms.empty()) out.platforms = {out.build_platform};
  for (const auto& platform : out.platforms)
    if (platform.os != "linux")
      throw Error(fmt::format("images for {} cannot be built", platform.str()), "--platform", "linux platforms can");
  out.target = request.target;
  out.context_dir = inputs.context_dir;
  if (inputs.context_snapshot) out.context_snapshot = inputs.context_snapshot->id;
  out.context_name = inputs.context_name;
  out.context_keeps_times = inputs.context_keeps_times;
  out.build_args = request.build_args;
  out.named_contexts = named_contexts(request);
  out.labels = request.labels;
  out.default_network = request.network.empty() ? "default" : request.network;
  out.no_cache = request.no_cache;
  out.no_cache_stages = request.no_cache_filter;
  const auto allowed = [&](const char* what) {
    return std::find(request.allow.begin(), request.allow.end(), what) != request.allow.end();
  };
  out.allow_insecure = allowed("security.insecure");
  out.allow_host_network = allowed("network.host") || request.network == "host";
  return out;
}

StepOptions step_options(const BuildRequest& request, const Inputs& inputs, const exec::Namespace& ns,
                         const graph::Graph& graph, const SshAgents& ssh) {
  StepOptions out;
  out.context_key = inputs.dockerfile_key;
  out.dockerfile = inputs.dockerfile_text;
  out.git = git_access(request, ssh.sockets());
  out.host = oci::host_platform();
  out.forbid_emulation = request.emulation == Emulation::Forbid;
  out.max_emulated = request.max_emulated;
  out.single_id = ns.mapping == exec::IdMapping::Single;
  out.threads = std::max(2u, std::thread::hardware_concurrency());
  for (const auto& context : graph.contexts) {
    if (context.is_main && inputs.ignore) out.ignore[context.name] = *inputs.ignore;
    if (context.is_main) continue;
    const std::string path = os::join_path(context.dir, ".dockerignore");
    if (const auto text = os::read_file_if_exists(path)) out.ignore[context.name] = dockerfile::IgnoreFile::parse(*text, path);
  }
  for (const auto& secret : request.secrets) {
    Secret value;
    if (!secret.env.empty()) {
      const char* text = std::getenv(secret.env.c_str());
      value.value = text ? text : "";
    } else {
      value.file = os::absolute_path(secret.src);
      if (!os::exists(value.file)) throw Error(fmt::format("the file of secret \"{}\" is not there", secret.id), secret.src);
    }
    out.secrets[secret.id] = std::move(value);
  }
  out.ssh = ssh.sockets();
  for (const auto& host : request.add_hosts) out.extra_hosts.emplace_back(host.host, host.ip == "host-gateway" ? "127.0.0.1" : host.ip);
  for (const auto& limit : request.ulimits)
    out.limits.ulimits.push_back(fmt::format("{}={}:{}", limit.name, limit.soft, limit.hard));
  if (request.shm_size) out.limits.shm_size = request.shm_size;
  out.limits.cgroup_parent = request.cgroup_parent;
  out.limits.resources = request.resources;
  if (const auto it = request.build_args.find("BUILDKIT_SANDBOX_HOSTNAME"); it != request.build_args.end()) out.hostname = it->second;
  return out;
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
record::Build record_of(const BuildRequest& request) {
  record::Build out;
  out.started = std::time(nullptr);
  out.id = record::new_id(out.started);
  out.context = request.context;
  out.target = request.target;
  out.names = request.tags;
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
  if (!inputs.ignore || inputs.ignore_text.size() > kLongest) return;
  record.ignore_name = inputs.ignore_name;
  record.ignore_text = inputs.ignore_text;
}

/// The whole build. What a record needs and only it knows goes into `record`, the store's root into `store_root`.
BuildResult build_recorded(const BuildRequest& request, const exec::Namespace& ns, seams::Observer& all_steps,
                           record::Build& record, std::string& store_root, std::stop_token stop) {
  if (!ns.note.empty()) all_steps.on_warning(ns.note, "");
  std::stop_source cancel;
  const std::stop_callback forward(stop, [&] { cancel.request_stop(); });

  store::Store store(request.store.empty() ? store::Store::default_root(ns.outer_uid == 0) : request.store);
  store_root = store.root();
  for (const auto& warning : store.take_warnings()) all_steps.on_warning(warning, "");
  std::optional<CeilingWatch> watch;
  if (request.max_store) watch.emplace(store, *request.max_store);
  const SshAgents ssh(request.ssh);
  const source::GitAccess git = git_access(request, ssh.sockets());
  const InputTools input_tools{.store = store,
                               .git = git,
                               .observer = all_steps,
                               .single_id = ns.mapping == exec::IdMapping::Single,
                               .threads = std::max(2u, std::thread::hardware_concurrency()),
                               .stop = cancel.get_token()};
  const Inputs inputs = load_inputs(request, input_tools);
  record.dockerfile_name = inputs.dockerfile_name;
  record.dockerfile_text = inputs.dockerfile_text;
  record.context_dir = inputs.context_dir;
  note_ignore(inputs, record);
  check_frontend(inputs, request.build_args);
  LaterSteps observer(all_steps, inputs.steps);
  if (const auto it = request.build_args.find("BUILDKIT_INLINE_CACHE"); it != request.build_args.end() && it->second != "0")
    observer.on_warning("BUILDKIT_INLINE_CACHE has no effect: images do not carry a cache", "");
  graph::Request wanted = graph_request(request, inputs);
  const std::optional<int64_t> epoch = source_date_epoch(request, inputs, input_tools, wanted);
  const std::string created = wanted.created = image::rfc3339(epoch.value_or(tree::kNeutralTime));
  registry::ClientOptions client_options;
  registry::Client client(client_options);
  if (request.join && request.call.name == "build")
    check_agreement(*request.join, request.tags, client, cancel.get_token());
  source::Images images(store, client);
  ImageResolver resolver(images, observer, request.pull, cancel.get_token());
  for (const auto& platform : wanted.platforms) record.platforms.push_back(platform.str());
  if (request.call.name != "build") return answer_call(request, inputs, wanted, resolver);
  dockerfile::Dockerfile file;
  if (auto errors = read_dockerfile(inputs, wanted, file); !errors.empty()) throw dockerfile::as_one(std::move(errors));
  resolver.prefetch(graph::images_ahead(file, wanted));
  std::vector<dockerfile::Finding> findings;
  const graph::Graph graph = lower_and_check(file, inputs, wanted, resolver, observer, findings);

  observer.on_plan(describe(graph));
  if (request.emulation == Emulation::Warn) warn_of_emulation(graph, observer);
  Layers layers(store, images, ns.mapping == exec::IdMapping::Single, cancel.get_token());
  if (request.verify != Verify::Off) layers.collect_facts();
  StepRunner steps(graph, store, images, layers, observer, step_options(request, inputs, ns, graph, ssh), cancel.get_token());
  std::vector<schedule::Node> nodes;
  for (const auto& step : graph.steps) nodes.push_back({.inputs = step.inputs(), .is_heavy = step.as<graph::Run>() != nullptr});
  std::vector<schedule::StepId> targets;
  for (const auto& target : graph.targets) targets.push_back(target.files);
  for (const auto id : sbom_steps(inputs.dockerfile_text, request, graph)) targets.push_back(id);
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  schedule::run(schedule::Plan(std::move(nodes), targets), steps,
                {.heavy = request.max_parallel ? request.max_parallel : std::max(2u, cores), .light = 8}, cancel);

  BuildResult result;
  result.steps = graph.steps.size();
  result.cached = steps.cached();
  make_outputs({.request = request,
                .graph = graph,
                .steps = steps,
                .layers = layers,
                .store = store,
                .client = client,
                .observer = observer,
                .created = created,
                .clamp_ns = epoch ? *epoch * 1'000'000'000 : 0,
                .dockerfile = inputs.dockerfile_text,
                .dockerfile_name = inputs.dockerfile_name,
                .context_commit = inputs.context_commit,
                .commits = commits(graph, steps),
                .warnings = build_warnings(inputs, findings),
                .stop = cancel.get_token()},
               result);
  record.image_bytes = result.image_bytes;
  record.context_bytes = steps.context_bytes();
  if (!request.iidfile.empty()) os::write_file_atomic(request.iidfile, result.image_id);
  if (!request.metadata_file.empty()) os::write_file_atomic(request.metadata_file, result.metadata_json);
  return result;
}

}  // namespace

BuildResult build(const BuildRequest& asked, const exec::Namespace& ns, seams::Observer& view, std::stop_token stop) {
  BuildRequest completed = asked;
  for (const auto& [key, value] : git_labels(asked, stop)) completed.labels[key] = value;
  const BuildRequest& request = completed;
  refuse_unsupported(request);
  check_outputs(request);
  if (request.join) completed.join = complete_join(request, stop);
  const auto begin = std::chrono::steady_clock::now();
  record::Recorder recorder(view);
  record::Build record = record_of(request);
  std::string store_root;
  const auto keep = [&](std::string error) {
    if (store_root.empty() || request.call.name != "build") return;
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
  // The store is closed by now: nothing of this build holds on to it but the image that it made.
  const auto shrink = [&](const oci::Digest& image) {
    if (request.max_store && !store_root.empty())
      keep_below(store_root, *request.max_store, image, view);
  };
  try {
    BuildResult result = build_recorded(request, ns, recorder, record, store_root, stop);
    keep("");
    shrink(result.descriptor.digest);
    return result;
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

}  // namespace slipway::build
