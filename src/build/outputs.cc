#include "build/outputs.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/parallel.h"
#include "base/text.h"
#include "build/annotations.h"
#include "build/assemble.h"
#include "build/attestations.h"
#include "build/file_attestations.h"
#include "build/join_output.h"
#include "build/output_options.h"
#include "build/verify_image.h"
#include "export/archive.h"
#include "export/closure.h"
#include "export/files.h"
#include "export/push.h"
#include "hash/sha256.h"
#include "image/config.h"
#include "os/fs.h"
#include "registry/docker_load.h"
#include "registry/reference.h"

namespace slipway::build {
namespace {

std::string title(const OutputOptions& output) {
  if (output.type == "local") return "exporting files to " + output.dest;
  if (output.type == "tar")
    return "exporting files to " + (output.dest == "-" ? "standard output" : output.dest);
  if (output.type == "oci") return "exporting to OCI image format";
  if (output.type == "docker")
    return output.dest.empty() ? "loading into docker or podman"
                               : "exporting to docker image format";
  return output.push ? "pushing image" : "exporting to image";
}

/// Outputs with the same text share one image.
std::string identity(const OutputOptions& o, bool attests) {
  std::string out = fmt::format("{} {} {} {} {} {} {}", o.form.name(), o.form.force, o.docker_types,
                                o.oci_artifact, o.attestation_inline, o.keep_nondistributable,
                                o.epoch.value_or(-1));
  if (attests) out += " " + join(o.names, ",");
  for (const auto& note : o.annotations)
    out += fmt::format("\n{} {} {}={}", note.level, note.platform ? note.platform->str() : "",
                       note.key, note.value);
  return out;
}

class Outputs {
 public:
  Outputs(const OutputContext& context, BuildResult& result)
      : c_(context),
        result_(result),
        attest_context_{.request = context.request,
                        .graph = context.graph,
                        .steps = context.steps,
                        .layers = context.layers,
                        .store = context.store,
                        .observer = context.observer,
                        .created = context.created,
                        .dockerfile = context.dockerfile,
                        .dockerfile_name = context.dockerfile_name,
                        .context_commit = context.context_commit,
                        .commits = context.commits,
                        .stop = context.stop},
        attestor_(attest_context_),
        verifier_(context.request, context.graph, context.steps, context.layers, context.store, context.observer,
                  context.imports, context.on_verdict) {}

  void make(const OutputOptions& output) {
    seams::StepInfo info;
    info.name = title(output);
    info.kind = seams::StepKind::Export;
    step_ = c_.observer.on_step_added(info);
    c_.observer.on_started(step_);
    try {
      if (output.is_files())
        files(output);
      else if (output.type == "oci" || output.type == "docker")
        archive(output);
      else
        image(output);
    } catch (Error& e) {
      c_.observer.on_finished(step_, seams::StepState::Failed, {}, e.message());
      throw e.while_doing("while " + title(output));
    } catch (const Cancelled&) {
      c_.observer.on_finished(step_, seams::StepState::Cancelled, {}, "");
      throw;
    }
    c_.observer.on_finished(step_, seams::StepState::Done, {}, "");
  }

  void finish() {
    if (c_.request.metadata_file.empty()) return;
    Metadata metadata;
    std::string identity_text;
    for (const auto& target : c_.graph.targets)
      identity_text += c_.steps.result(target.files).key + "\n";
    if (!result_.descriptor.digest.empty()) {
      metadata.descriptor = result_.descriptor;
      if (!is_index_) metadata.config = last_.images[0].config;
      identity_text += result_.descriptor.digest.str();
    }
    metadata.names = names_;
    metadata.joins = joins_;
    metadata.build_id = hash::sha256_hex(identity_text);
    for (size_t i = 0; i < c_.graph.targets.size(); ++i) {
      const auto layers =
          i < last_.images.size() ? last_.images[i].layers : std::vector<oci::Descriptor>{};
      if (auto predicate = attestor_.metadata_provenance(i, layers))
        metadata.provenance.emplace_back(
            c_.graph.targets.size() > 1 ? c_.graph.targets[i].platform.str() : "",
            std::move(*predicate));
    }
    if (c_.request.metadata_warnings) metadata.warnings = c_.warnings;
    metadata.dockerfile = c_.dockerfile;
    result_.metadata_json = metadata_json(metadata);
  }

 private:
  Layers::Progress progress() {
    return [this](const std::string& what, uint64_t done, uint64_t total) {
      c_.observer.on_progress(step_, what, done, total);
    };
  }

  const Assembled& assembled(const OutputOptions& output) {
    // One platform of several that are made elsewhere is written as one of several.
    const bool is_single = c_.graph.targets.size() == 1 && !is_joined(output);
    AssembleOptions options;
    options.annotations = annotations_of(output.annotations, c_.graph.targets);
    const bool attests = attestor_.wishes().any() && output.type != "docker" &&
                         (!is_single || attestor_.wishes().needs_index(output.attestation_inline));
    const std::string key = fmt::format("{} {} {}", output.type, is_joined(output), identity(output, attests));
    if (!made_.contains(key)) {
      options.form = output.form;
      options.docker_types = output.docker_types;
      options.keep_nondistributable = output.keep_nondistributable;
      options.always_index = (options.annotations.need_index() || is_multi_platform(c_.request) ||
                              is_joined(output)) &&
                             output.type != "docker";
      options.attest_as_artifact = output.oci_artifact;
      options.subject_names = output.names;
      options.created_before = c_.created;
      options.created = created(output);
      options.extend = c_.extend;
      if (options.extend) verifier_.judge(progress());  // the verdict is part of an inline cache
      if (attests)
        options.attest = [&](size_t target, const oci::Descriptor& manifest,
                             const std::vector<oci::Descriptor>& layers) {
          return attestor_.attest(target,
                                  {.name = output.names.empty() ? "" : output.names[0],
                                   .digest = manifest.digest,
                                   .layers = layers},
                                  step_);
        };
      made_[key] = assemble(c_.graph, c_.steps, c_.layers, c_.store, options, c_.observer, step_);
    }
    last_ = made_.at(key);
    verifier_.check(&last_.images, progress());
    is_index_ = last_.top.digest != last_.images[0].manifest.digest;
    std::map<oci::Digest, uint64_t> sizes;
    for (const auto& image : last_.images)
      for (const auto& layer : image.layers) sizes[layer.digest] = layer.size;
    result_.image_bytes = 0;
    for (const auto& [digest, size] : sizes) result_.image_bytes += size;
    result_.descriptor = last_.top;
    result_.image_id = is_index_ ? last_.top.digest.str() : last_.images[0].config.str();
    return last_;
  }

  /// All bytes of the image, into the store.
  void bring_layers(const Assembled& image) {
    std::vector<oci::Digest> blobs;
    for (const auto& one : image.images)
      for (const auto& layer : one.layers) blobs.push_back(layer.digest);
    in_parallel(blobs.size(), 4, [&](size_t i) { c_.layers.bring(blobs[i], progress()); });
  }

  bool is_joined(const OutputOptions& output) const {
    return c_.request.join.has_value() && output.push;
  }

  std::string created(const OutputOptions& output) const {
    return output.epoch ? image::rfc3339(*output.epoch) : c_.created;
  }

  void image(const OutputOptions& output) {
    const Assembled& image = assembled(output);
    if (output.store || !output.push) bring_layers(image);
    std::vector<std::string> tags = output.names;
    const std::string digest = image.top.digest.str();
    if (!output.dangling_prefix.empty() && (!output.dangling_empty_only || tags.empty()))
      tags.push_back(registry::parse_reference(output.dangling_prefix + "@" + digest).str());
    add_names(tags);
    if (output.push) push(output, image, tags);
    for (const auto& tag : tags) {
      if (!output.store) break;
      c_.store.tag_image(tag, image.top);
      result_.lines.push_back(
          fmt::format("image {} ({})", registry::parse_reference(tag).familiar(), digest));
      if (!output.name_canonical || tag.contains('@')) continue;
      const std::string canonical = tag + "@" + digest;
      c_.store.tag_image(canonical, image.top);
    }
    if (tags.empty()) result_.lines.push_back(fmt::format("image {}", result_.image_id));
  }

  void push(const OutputOptions& output, const Assembled& image,
            const std::vector<std::string>& tags) {
    const exporter::Closure closure = exporter::closure_of(c_.store, image.top, true);
    exporter::PushOptions options;
    options.bring = [&](const oci::Descriptor& blob) { c_.layers.bring(blob.digest, progress()); };
    if (c_.imports) options.mount_from = c_.imports->repositories;
    options.by_digest = output.by_digest;
    options.without_top = is_joined(output);
    options.stop = c_.stop;
    options.progress = progress();
    for (const auto& target : c_.graph.targets) {
      if (target.base_reference.empty() || target.base_reference.find("://") != std::string::npos)
        continue;
      const auto base = registry::parse_reference(target.base_reference);
      options.mount_from.push_back(base.host + "/" + base.repository);
    }
    std::optional<registry::Client> insecure;
    if (output.insecure) {
      registry::ClientOptions client_options;
      for (const auto& tag : tags)
        client_options.insecure_hosts.push_back(registry::parse_reference(tag).host);
      insecure.emplace(client_options);
    }
    registry::Client& client = insecure ? *insecure : c_.client;
    for (const auto& tag : tags) {
      const registry::Reference to = registry::parse_reference(tag);
      exporter::push(c_.store, client, closure, to, options);
      if (is_joined(output)) {
        enter_join(image, to, client);
        continue;
      }
      result_.lines.push_back(fmt::format("pushed {} ({})", to.familiar(), image.top.digest.str()));
      if (c_.published_tag.empty() || output.by_digest) continue;
      registry::Reference key = to;
      key.tag = c_.published_tag;
      key.digest = {};
      exporter::push(c_.store, insecure ? *insecure : c_.client, closure, key, options);
    }
  }

  /// What is said of the image afterwards is said of what was published, if it was.
  void enter_join(const Assembled& image, const registry::Reference& to, registry::Client& client) {
    std::vector<oci::Platform> platforms;
    for (const auto& target : c_.graph.targets) platforms.push_back(target.platform);
    const JoinResult joined = join_tag(*c_.request.join, to, platforms,
                                       c_.store.read_blob(image.top.digest), client, c_.stop);
    result_.lines.insert(result_.lines.end(), joined.lines.begin(), joined.lines.end());
    joins_.push_back(join_json(joined.state));
    if (!joined.state.is_published) return;
    result_.descriptor = *joined.state.would_be;
    result_.image_id = joined.state.would_be->digest.str();
  }

  void archive(const OutputOptions& output) {
    const Assembled& image = assembled(output);
    bring_layers(image);
    const exporter::Closure closure = exporter::closure_of(c_.store, image.top);
    exporter::ArchiveOptions options;
    options.docker = output.type == "docker";
    options.names = output.names;
    options.created = created(output);
    options.stop = c_.stop;
    options.progress = [this](uint64_t done, uint64_t total) {
      c_.observer.on_progress(step_, "writing", done, total);
    };
    add_names(options.names);
    result_.descriptor.annotations.try_emplace("org.opencontainers.image.created", options.created);
    if (output.type == "docker" && output.dest.empty()) {
      const std::string where = registry::load_archive(
          [&](const registry::Sink& sink) {
            exporter::stream_archive(c_.store, closure, options, sink);
          },
          c_.stop);
      result_.lines.push_back(fmt::format(
          "loaded {} into {}", options.names.empty() ? result_.image_id : options.names[0], where));
      return;
    }
    if (!output.tar)
      exporter::write_layout(c_.store, closure, options, output.dest);
    else
      exporter::write_archive(c_.store, closure, options, output.dest);
    if (output.dest != "-")
      result_.lines.push_back(fmt::format("{} ({})", output.dest, image.top.digest.str()));
  }

  void files(const OutputOptions& output) {
    const bool is_multi = is_multi_platform(c_.request);
    const bool is_split = output.platform_split.value_or(is_multi);
    verifier_.check(nullptr, progress());
    std::vector<tree::Entry> all;
    for (size_t i = 0; i < c_.graph.targets.size(); ++i) {
      const graph::Target& target = c_.graph.targets[i];
      tree::Tree files =
          c_.layers.view_files(c_.steps.result(target.files).stack, progress()).flatten();
      std::string platform = target.platform.str();
      std::ranges::replace(platform, '/', '_');
      if (attestor_.wishes().needs_index(false))
        files = with_attestations(files, attestor_.attest(i, {}, step_), output.attestation_prefix,
                                  is_multi && !is_split ? platform : "", c_.stop);
      if (is_split) files = exporter::below(files, platform);
      all.insert(all.end(), files.entries().begin(), files.entries().end());
    }
    const tree::Tree tree(std::move(all));
    const int64_t latest = output.form.clamp_ns ? output.form.clamp_ns : INT64_MAX;
    if (output.type == "local")
      exporter::write_local(
          tree, output.dest,
          {.latest_ns = latest, .delete_others = output.delete_others, .stop = c_.stop});
    else
      exporter::write_tar_file(tree, output.dest, latest, c_.stop);
    if (output.dest != "-") result_.lines.push_back(output.dest);
  }

  void add_names(const std::vector<std::string>& more) {
    for (const auto& name : more)
      if (std::ranges::find(names_, name) == names_.end()) names_.push_back(name);
  }

  const OutputContext& c_;
  BuildResult& result_;
  const AttestContext attest_context_;
  Attestor attestor_;
  Verifier verifier_;
  seams::StepId step_ = 0;
  std::vector<std::string> names_;  // of all outputs
  std::vector<std::string> joins_;  // see Metadata
  std::map<std::string, Assembled> made_;
  Assembled last_;
  bool is_index_ = false;
};

/// `path` is below the working directory, links followed.
bool is_below_working_directory(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::path dir = fs::weakly_canonical(os::absolute_path("."), failed);
  if (failed) return false;
  const fs::path below = fs::weakly_canonical(os::absolute_path(path), failed).lexically_relative(dir);
  return !failed && !below.empty() && below != "." && *below.begin() != "..";
}

/// What is at the destination already and cannot be replaced.
void check_destination(const OutputOptions& output) {
  if (output.dest.empty() || output.dest == "-" || !os::exists(output.dest)) return;
  const bool wants_directory = output.type == "local" || !output.tar;
  if (wants_directory == os::is_directory(output.dest)) return;
  throw Error(wants_directory ? "the destination is a file, this output needs a directory"
                              : "the destination is a directory, this output needs a file name",
              output.dest,
              wants_directory ? "name another one" : fmt::format("write dest={}/image.tar", output.dest));
}

/// What cannot go together, said before anything is built.
void check_output(const BuildRequest& request, const OutputOptions& output,
                  const AttestWishes& wishes) {
  if ((output.is_files() || output.type == "oci") && output.dest.empty())
    throw Error(fmt::format("an output of type {} needs a destination", output.type), "--output",
                fmt::format("write type={},dest=PATH", output.type));
  check_destination(output);
  if (output.dest == "-" && output.type == "local")
    throw Error("files cannot go to standard output", "--output", "use type=tar");
  if (output.type == "docker" && request.platforms.size() > 1)
    throw Error("docker and podman load one platform at a time", "--output type=docker",
                "build one --platform, or use type=oci or --push for several");
  if (output.type == "docker" && wishes.needs_index(false))
    throw Error("docker archives cannot hold attestations", "--output type=docker",
                "use type=oci or --push, or leave --attest, --provenance and --sbom out");
  if (output.docker_types && wishes.needs_index(output.attestation_inline))
    throw Error("attestations need OCI media types", "--output oci-mediatypes=false",
                "leave it out, or the attestations");
  for (const auto& note : output.annotations) {
    const bool is_plain = note.level.empty() || note.level == "manifest";
    if (output.docker_types && !is_plain)
      throw Error(fmt::format("an annotation of level {} needs OCI media types", note.level),
                  "--output oci-mediatypes=false");
    if (output.type == "docker" && note.level.starts_with("index"))
      throw Error(fmt::format("docker archives have no index for the annotation {}", note.key),
                  "--output type=docker", "use type=oci or --push, or level manifest");
  }
  if (output.push && output.names.empty() && output.dangling_prefix.empty())
    throw Error("there is no name to push to", "--push", "give one with -t registry/name:tag");
  if (!request.iidfile.empty() && output.is_files())
    throw Error("files have no image ID", "--iidfile",
                fmt::format("leave it out with type={}", output.type));
  if (output.delete_others && !request.allow_local_delete && !is_below_working_directory(output.dest))
    throw Error(fmt::format("mode=delete removes what is in {} and not in the result", output.dest),
                "--output", "pass --allow buildx.local.delete if that is meant");
}

}  // namespace

void check_outputs(const BuildRequest& request) {
  is_multi_platform(request);  // it may contradict itself
  check_join(request);
  const AttestWishes wishes = attest_wishes(request);
  for (const auto& output : request.outputs)
    check_output(request, read_output(output, request, 0), wishes);
  // Names are used without an output, too.
  if (request.outputs.empty()) read_output({.type = "image", .dest = {}, .attrs = {}}, request, 0);
}

void make_outputs(const OutputContext& context, BuildResult& result) {
  std::vector<OutputSpec> outputs = context.request.outputs;
  const bool wants_image = !context.request.tags.empty() || !context.request.iidfile.empty() ||
                           context.request.quiet || !context.request.metadata_file.empty();
  if (outputs.empty() && wants_image) {
    outputs.push_back({.type = "image", .dest = {}, .attrs = {}});
    if (!context.request.default_image) outputs.back().attrs["store"] = "false";
  }
  if (outputs.empty()) {
    context.observer.on_warning(
        "no output was asked for: the result stays in the cache (name it with -t, or use --output)",
        "");
    return;
  }
  Outputs make(context, result);
  for (const auto& output : outputs)
    if (output.type != "cacheonly")
      make.make(read_output(output, context.request, context.clamp_ns));
  make.finish();
}

}  // namespace slipway::build
