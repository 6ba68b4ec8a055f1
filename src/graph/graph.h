// The step graph: what has to be done for the wanted platforms, as immutable data. Instructions that only change the image
// configuration are gone (they live in each Target's config); what is left yields files.
//
// Steps stand in one vector and name each other by index; every input comes before its user. Equal steps are one step:
// a stage on $BUILDPLATFORM is there once however many platforms are built.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dockerfile/git_url.h"
#include "dockerfile/mount.h"
#include "image/config.h"
#include "oci/documents.h"

namespace slipway::graph {

using StepId = uint32_t;

/// FROM scratch: no files at all.
struct Scratch {};

/// A base image, or one that COPY --from or a mount names. Its files are the layers, bottom first.
struct BaseImage {
  std::string reference;  // canonical, for people
  std::string origin;     // where source/image fetches its blobs from: opaque to the graph
  oci::Digest manifest;
  std::vector<oci::Descriptor> layers;
  std::vector<oci::Digest> diff_ids;
};

/// The build context or a named local one: Graph::contexts[context].
struct ContextFiles {
  size_t context = 0;
};

/// ADD of a URL, or a named context from a web server: one file.
struct Download {
  std::string url;
  std::string checksum;  // "sha256:..." or empty
  std::string name;      // of the file; empty: the URL's own
};

/// ADD of a git repository, or a named context: the files of a checkout.
struct GitCheckout {
  dockerfile::GitUrl url;
  bool keep_git_dir = false;  // what the URL and --keep-git-dir say
};

/// The build context if it came from elsewhere: files that are in the store since before there was a graph.
struct Snapshot {
  std::string id;  // of the layer
  bool keeps_times = false;  // the times of its files were asked for, and reach the image
};

struct InlineFile {
  std::string name;
  std::string bytes;
};

/// COPY and ADD.
struct Copy {
  struct Source {
    StepId input = 0;
    std::string path;          // pattern inside the input; without leading slash
    bool is_download = false;  // the input is a Download: its only file, whatever its name
    bool unpack = false;       // archives among them are extracted
  };
  std::vector<Source> sources;
  std::vector<InlineFile> files;  // heredocs
  std::string dest;               // absolute; a trailing slash says that it is a directory
  std::string chown, chmod;
  bool link = false;
  bool parents = false;
  bool from_context = false;  // wildcards and messages speak of the build context
  std::vector<std::string> excludes;
};

/// WORKDIR: the directory exists afterwards.
struct MakeDir {
  std::string path;
  std::string owner;  // USER in force, empty = root
};

struct Mount {
  dockerfile::Mount::Type type = dockerfile::Mount::Type::Bind;
  std::optional<StepId> from;  // bind and cache
  std::string source;          // inside `from`, without leading slash
  std::string target;          // absolute; empty for a secret that is only a variable
  std::string id;              // cache, secret, ssh
  dockerfile::Mount::Sharing sharing = dockerfile::Mount::Sharing::Shared;
  bool read_only = true;
  bool required = false;
  std::optional<std::string> env;
  uint32_t mode = 0, uid = 0, gid = 0;
  uint64_t size = 0;
};

/// Whether what a RUN writes is the same for every platform: the Dockerfile says so, or the command is known (neutral.h).
enum class Neutral { No, Declared, Known };

struct Run {
  std::vector<std::string> argv;
  std::vector<std::string> env;        // "K=V", part of the key
  std::vector<std::string> proxy_env;  // given to the process, not part of the key
  std::string cwd;
  std::string user;
  std::vector<Mount> mounts;
  std::vector<InlineFile> scripts;  // heredocs with "#!", under /dev/pipes
  std::string network = "default";
  bool insecure = false;
  bool no_cache = false;
  Neutral neutral = Neutral::No;
};

struct Step {
  std::variant<Scratch, BaseImage, ContextFiles, Download, GitCheckout, Snapshot, Copy, MakeDir, Run> op;
  std::optional<StepId> parent;  // the files that this step goes on from
  // The same instruction for another platform, of a neutral RUN: its layer stands for this one's if it fits.
  std::optional<StepId> same_as = {};
  oci::Platform platform;
  std::string name;      // "[linux/arm64 build 3/7] RUN go build ./..."
  std::string location;  // "Dockerfile:12"
  std::string stage;     // name or number of the stage
  bool no_cache = false;
  uint32_t job = 0;      // Request::job of the build that asked for it first

  template <class T>
  const T* as() const {
    return std::get_if<T>(&op);
  }
  /// Parent, copy sources, mounts and same_as, in order, without repetition.
  std::vector<StepId> inputs() const;
};

/// A directory that steps read from.
struct Context {
  std::string name;  // "context" or the name of --build-context
  std::string dir;   // absolute
  bool is_main = false;
  uint32_t job = 0;   // Request::job of the build that asked for it first
  std::string rules;  // Request::context_rules: two builds share a context only if it leaves out the same
  std::set<std::string> wanted;  // patterns of everything any step reads; "" = all of it
};

/// One image that the build makes.
struct Target {
  oci::Platform platform;
  StepId files = 0;
  image::Config config;  // complete but for diff_ids; history has an entry for each layer to come
  /// Steps that made the layers on top of the base, in order (each with one non-empty history entry).
  std::vector<StepId> layers;
  std::optional<StepId> base;  // the BaseImage below them
  std::string base_reference;
};

struct Graph {
  std::vector<Step> steps;
  std::vector<Context> contexts;
  std::vector<Target> targets;
};

}  // namespace slipway::graph
