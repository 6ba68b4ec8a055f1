#include "build/outputs.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "export/archive.h"
#include "export/closure.h"
#include "export/files.h"
#include "export/push.h"
#include "json/json.h"
#include "os/fs.h"
#include "registry/docker_load.h"

namespace slipway::build {
namespace {

bool attr_bool(const OutputSpec& output, const std::string& key, bool fallback) {
  const auto it = output.attrs.find(key);
  if (it == output.attrs.end()) return fallback;
  const std::string value = to_lower(it->second);
  if (value == "true" || value == "1" || value.empty()) return true;
  if (value == "false" || value == "0") return false;
  throw Error(fmt::format("output attribute {}={} is neither true nor false", key, it->second));
}

LayerForm form_of(const OutputSpec& output, int64_t clamp_ns) {
  LayerForm form;
  if (const auto it = output.attrs.find("compression"); it != output.attrs.end()) {
    if (it->second == "zstd") form.compression = oci::Compression::Zstd;
    else if (it->second == "uncompressed") form.compression = oci::Compression::None;
    else if (it->second != "gzip")
      throw Error(fmt::format("compression={} is not supported", it->second), "--output", "use gzip, zstd or uncompressed");
  }
  if (const auto it = output.attrs.find("compression-level"); it != output.attrs.end()) {
    const auto level = parse_u64(it->second);
    const uint64_t most = form.compression == oci::Compression::Zstd ? 22 : 9;
    if (!level || *level > most)
      throw Error(fmt::format("compression-level={} is not between 0 and {}", it->second, most), "--output");
    form.level = static_cast<int>(*level);
  }
  form.force = attr_bool(output, "force-compression", false);
  form.clamp_ns = clamp_ns;
  return form;
}

/// Canonical references: those of -t and of the output's own name attribute.
std::vector<std::string> names_of(const BuildRequest& request, const OutputSpec& output) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& name) {
    const std::string canonical = registry::parse_reference(name).str();
    if (std::find(out.begin(), out.end(), canonical) == out.end()) out.push_back(canonical);
  };
  const auto it = output.attrs.find("name");
  if (it == output.attrs.end() || it->second.empty())
    for (const auto& tag : request.tags) add(tag);
  else
    for (const auto& name : split(it->second, ',')) add(std::string(trim(name)));
  return out;
}

std::vector<ImageAnnotations> annotations_of(const BuildRequest& request, const graph::Graph& graph) {
  std::vector<ImageAnnotations> out(graph.targets.size());
  for (const auto& note : request.annotations) {
    for (size_t i = 0; i < out.size(); ++i) {
      if (note.platform && *note.platform != graph.targets[i].platform) continue;
      if (note.level.empty() || note.level == "manifest") out[i].manifest[note.key] = note.value;
      else if (note.level == "manifest-descriptor") out[i].manifest_descriptor[note.key] = note.value;
      else if (note.level == "index") out[i].index[note.key] = note.value;
      else throw Error(fmt::format("annotations of level {} are not supported", note.level), "--annotation");
    }
  }
  return out;
}

class Outputs {
 public:
  Outputs(const OutputContext& context, BuildResult& result) : c_(context), result_(result) {}

  void make(const OutputSpec& output) {
    step_ = c_.observer.on_step_added({.name = title(output),
                                       .kind = seams::StepKind::Export,
                                       .platform = {},
                                       .key = {},
                                       .inputs = {},
                                       .location = {}});
    c_.observer.on_started(step_);
    try {
      if (output.type == "local" || output.type == "tar") files(output);
      else if (output.type == "oci" || output.type == "docker") archive(output);
      else image(output);
    } catch (Error& e) {
      c_.observer.on_finished(step_, seams::StepState::Failed, {}, e.message());
      throw e.while_doing("while " + title(output));
    } catch (const Cancelled&) {
      c_.observer.on_finished(step_, seams::StepState::Cancelled, {}, "");
      throw;
    }
    c_.observer.on_finished(step_, seams::StepState::Done, {}, "");
  }

  void finish(const std::vector<std::string>& names) {
    json::Value metadata = json::Value::object();
    if (result_.descriptor.digest.empty()) {
      result_.metadata_json = json::dump_pretty(metadata);
      return;
    }
    if (last_.images.size() == 1) metadata["containerimage.config.digest"] = last_.images[0].config.str();
    metadata["containerimage.descriptor"] = oci::to_json(result_.descriptor);
    metadata["containerimage.digest"] = result_.descriptor.digest.str();
    if (!names.empty()) metadata["image.name"] = join(names, ",");
    result_.metadata_json = json::dump_pretty(metadata);
  }

  std::vector<std::string> names;  // of all outputs

 private:
  static std::string title(const OutputSpec& output) {
    if (output.type == "local") return "exporting files to " + output.dest;
    if (output.type == "tar") return "exporting files to " + (output.dest == "-" ? "standard output" : output.dest);
    if (output.type == "oci") return "exporting to OCI image format";
    if (output.type == "docker") return output.dest.empty() ? "loading into docker or podman" : "exporting to docker image format";
    return output.type == "registry" ? "pushing image" : "exporting to image";
  }

  const Assembled& assembled(const OutputSpec& output) {
    const LayerForm form = form_of(output, c_.clamp_ns);
    const bool docker_types = !attr_bool(output, "oci-mediatypes", true);
    const std::string key = fmt::format("{} {} {}", form.name(), form.force, docker_types);
    if (const auto it = made_.find(key); it == made_.end()) {
      AssembleOptions options;
      options.form = form;
      options.docker_types = docker_types;
      options.annotations = annotations_of(c_.request, c_.graph);
      options.stop = c_.stop;
      made_[key] = assemble(c_.graph, c_.steps, c_.layers, c_.store, options, c_.observer, step_);
    }
    last_ = made_.at(key);
    result_.descriptor = last_.top;
    result_.image_id = last_.images.size() == 1 ? last_.images[0].config.str() : last_.top.digest.str();
    return last_;
  }

  void image(const OutputSpec& output) {
    const Assembled& image = assembled(output);
    const auto tags = names_of(c_.request, output);
    add_names(tags);
    const bool push = output.type == "registry" || attr_bool(output, "push", false);
    if (push && tags.empty()) throw Error("there is no name to push to", "--push", "give one with -t registry/name:tag");
    if (push) this->push(output, image, tags);
    const bool keep = output.type == "image" && attr_bool(output, "store", true);
    for (const auto& tag : tags) {
      if (!keep) break;
      c_.store.tag_image(tag, image.top);
      result_.lines.push_back(fmt::format("image {} ({})", registry::parse_reference(tag).familiar(), image.top.digest.str()));
    }
    if (tags.empty()) result_.lines.push_back(fmt::format("image {}", result_.image_id));
  }

  void push(const OutputSpec& output, const Assembled& image, const std::vector<std::string>& tags) {
    const exporter::Closure closure = exporter::closure_of(c_.store, image.top);
    exporter::PushOptions options;
    options.by_digest = attr_bool(output, "push-by-digest", false);
    options.stop = c_.stop;
    options.progress = [this](const std::string& what, uint64_t done, uint64_t total) {
      c_.observer.on_progress(step_, what, done, total);
    };
    for (const auto& target : c_.graph.targets) {
      if (target.base_reference.empty() || target.base_reference.find("://") != std::string::npos) continue;
      const auto base = registry::parse_reference(target.base_reference);
      options.mount_from.push_back(base.host + "/" + base.repository);
    }
    for (const auto& tag : tags) {
      const registry::Reference to = registry::parse_reference(tag);
      exporter::push(c_.store, c_.client, closure, to, options);
      result_.lines.push_back(fmt::format("pushed {} ({})", to.familiar(), image.top.digest.str()));
    }
  }

  void archive(const OutputSpec& output) {
    const Assembled& image = assembled(output);
    const exporter::Closure closure = exporter::closure_of(c_.store, image.top);
    exporter::ArchiveOptions options;
    options.docker = output.type == "docker";
    options.names = names_of(c_.request, output);
    options.created = c_.created;
    options.stop = c_.stop;
    options.progress = [this](uint64_t done, uint64_t total) { c_.observer.on_progress(step_, "writing", done, total); };
    add_names(options.names);
    if (output.type == "docker" && output.dest.empty()) {
      const std::string where = registry::load_archive(
          [&](const registry::Sink& sink) { exporter::stream_archive(c_.store, closure, options, sink); }, c_.stop);
      result_.lines.push_back(fmt::format("loaded {} into {}", options.names.empty() ? result_.image_id : options.names[0], where));
      return;
    }
    if (!attr_bool(output, "tar", true)) exporter::write_layout(c_.store, closure, options, output.dest);
    else exporter::write_archive(c_.store, closure, options, output.dest);
    if (output.dest != "-") result_.lines.push_back(fmt::format("{} ({})", output.dest, image.top.digest.str()));
  }

  void files(const OutputSpec& output) {
    const bool split = attr_bool(output, "platform-split", c_.graph.targets.size() > 1);
    std::vector<tree::Entry> all;
    for (const auto& target : c_.graph.targets) {
      const tree::View view = c_.layers.view_files(
          c_.steps.result(target.files).stack,
          [this](const std::string& what, uint64_t done, uint64_t total) { c_.observer.on_progress(step_, what, done, total); });
      std::string prefix = target.platform.str();
      std::replace(prefix.begin(), prefix.end(), '/', '_');
      const tree::Tree files = split ? exporter::below(view.flatten(), prefix) : view.flatten();
      all.insert(all.end(), files.entries().begin(), files.entries().end());
    }
    const tree::Tree tree(std::move(all));
    if (output.type == "local") exporter::write_local(tree, output.dest, c_.stop);
    else exporter::write_tar_file(tree, output.dest, c_.clamp_ns ? c_.clamp_ns : INT64_MAX, c_.stop);
    if (output.dest != "-") result_.lines.push_back(output.dest);
  }

  void add_names(const std::vector<std::string>& more) {
    for (const auto& name : more)
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }

  const OutputContext& c_;
  BuildResult& result_;
  seams::StepId step_ = 0;
  std::map<std::string, Assembled> made_;
  Assembled last_;
};

}  // namespace

void check_outputs(const BuildRequest& request) {
  for (const auto& output : request.outputs) {
    static const std::set<std::string> kTypes = {"local", "tar", "oci", "docker", "image", "registry", "cacheonly"};
    if (!kTypes.contains(output.type))
      throw Error(fmt::format("unknown output type \"{}\"", output.type), "--output",
                  fmt::format("the types are: {}", join(std::vector<std::string>(kTypes.begin(), kTypes.end()), ", ")));
    const bool needs_dest = output.type == "local" || output.type == "tar" || output.type == "oci";
    if (needs_dest && output.dest.empty())
      throw Error(fmt::format("an output of type {} needs a destination", output.type), "--output",
                  fmt::format("write type={},dest=PATH", output.type));
    if (output.dest == "-" && output.type == "local") throw Error("files cannot go to standard output", "--output", "use type=tar");
    if (output.type == "docker" && request.platforms.size() > 1)
      throw Error("docker and podman load one platform at a time", "--output type=docker",
                  "build one --platform, or use type=oci or --push for several");
    form_of(output, 0);
    names_of(request, output);
    const bool push = output.type == "registry" || attr_bool(output, "push", false);
    if (push && names_of(request, output).empty())
      throw Error("there is no name to push to", "--push", "give one with -t registry/name:tag");
    if (!request.iidfile.empty() && (output.type == "local" || output.type == "tar"))
      throw Error("files have no image ID", "--iidfile", fmt::format("leave it out with type={}", output.type));
  }
}

void make_outputs(const OutputContext& context, BuildResult& result) {
  std::vector<OutputSpec> outputs = context.request.outputs;
  const bool wants_image = !context.request.tags.empty() || !context.request.iidfile.empty() || context.request.quiet ||
                           !context.request.metadata_file.empty();
  if (outputs.empty() && wants_image) outputs.push_back({.type = "image", .dest = {}, .attrs = {}});
  if (outputs.empty()) {
    context.observer.on_warning("no output was asked for: the result stays in the cache (name it with -t, or use --output)", "");
    return;
  }
  Outputs make(context, result);
  for (const auto& output : outputs)
    if (output.type != "cacheonly") make.make(output);
  make.finish(make.names);
}

}  // namespace slipway::build
