// What one build is asked to do: every flag of `slipway build`, or a bake target, as plain
// data, checked for form but not for what exists. cli/ fills it, build/ reads it; nothing here does
// anything.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "oci/platform.h"
#include "twins/grade.h"

namespace slipway::build {

/// One `--output`. "registry" stays "registry" (= type image with push=true); --load is {"docker"},
/// --push {"registry"}.
struct OutputSpec {
  std::string type;  // local tar oci docker image registry cacheonly
  std::string dest;  // path; "-" is standard output; empty where the type has none
  std::map<std::string, std::string>
      attrs;  // keys in lower case, values as given; without type and dest
  bool operator==(const OutputSpec&) const = default;
};

/// One `--secret`. Exactly one of the two sources is set: the rule "variable named id, else file
/// named id" was applied.
struct SecretSpec {
  std::string id;
  std::string src;  // path of a file, at most 500 KiB
  std::string env;  // name of a variable of this process
  bool operator==(const SecretSpec&) const = default;
};

/// One `--ssh`. No paths: the agent at $SSH_AUTH_SOCK. Otherwise one socket, or one or more private
/// keys.
struct SshSpec {
  std::string id;  // "default" or a name
  std::vector<std::string> paths;
  bool operator==(const SshSpec&) const = default;
};

/// One `--cache-from` or `--cache-to`.
struct CacheSpec {
  std::string type;  // registry local inline gha s3 azblob
  std::map<std::string, std::string> attrs;
  bool operator==(const CacheSpec&) const = default;
};

/// One `--attest`, `--provenance` or `--sbom`.
struct AttestSpec {
  std::string type;  // "provenance", "sbom"
  bool disabled = false;
  std::map<std::string, std::string> attrs;
  bool operator==(const AttestSpec&) const = default;
};

/// One annotation at one level. `--annotation a,b:k=v` gives two.
struct AnnotationSpec {
  std::string
      level;  // manifest manifest-descriptor index index-descriptor; empty = not said: manifest
  std::optional<oci::Platform> platform;  // only for images of this platform
  std::string key;
  std::string value;
  bool operator==(const AnnotationSpec&) const = default;
};

struct UlimitSpec {
  std::string name;  // nofile, nproc ...
  int64_t soft = 0;  // -1 = unlimited
  int64_t hard = 0;
  bool operator==(const UlimitSpec&) const = default;
};

/// One address of `--add-host`; a host with two addresses is there twice. `ip` may be
/// "host-gateway".
struct HostSpec {
  std::string host;
  std::string ip;
  bool operator==(const HostSpec&) const = default;
};

/// `--call`: what to answer instead of building.
struct CallSpec {
  std::string name = "build";  // build, lint (= check), outline, targets, subrequests.describe
  std::string format;          // empty = text, "json"
  bool ignore_status = false;
  bool operator==(const CallSpec&) const = default;
};

/// One `--policy`. Parsed so that build/ can refuse it by name; disabled=true is how to build without
/// the policy that lies beside a Dockerfile.
struct PolicySpec {
  std::vector<std::string> files;
  bool reset = false, disabled = false;
  std::optional<bool> strict;
  std::string log_level;
  bool operator==(const PolicySpec&) const = default;
};

/// `--join`: this build makes some of the platforms of a tag, other machines the rest.
struct JoinSpec {
  std::string id;    // what the machines share; empty = the CI run, else the commit of the context
  std::string from;  // this machine, in words for people
  std::vector<oci::Platform> expected;  // all platforms of the tag, in the order of its index
  bool operator==(const JoinSpec&) const = default;
};

/// What may happen to steps of a platform that this machine does not run natively.
enum class Emulation { Allow, Warn, Forbid };

/// What happens when the image's programs do not fit its platform: nothing is published, it is said, it is not looked at.
enum class Verify { Error, Warn, Off };

enum class Progress { Auto, Plain, Tty, RawJson, Quiet };

struct BuildRequest {
  std::string name;        // of a bake target; empty for `slipway build`
  bool is_linked = false;  // only there because others are made of it: nothing comes out

  // What is built
  // ------------------------------------------------------------------------------------------
  std::string context;     // PATH, URL or "-" (standard input)
  std::string dockerfile;  // as given to -f: a path relative to the working directory, a URL, "-";
                           // empty = PATH/Dockerfile
  std::optional<std::string> dockerfile_inline;  // its text, in place of a file
  std::string target;
  std::vector<oci::Platform> platforms;  // in order, without repetition; empty = this machine's own
  std::map<std::string, std::string> build_args;  // SOURCE_DATE_EPOCH of the environment included
  std::map<std::string, std::string>
      build_contexts;  // name (as a short reference) -> dir, URL, docker-image://, target: ...
  std::map<std::string, std::string> labels;
  std::vector<AnnotationSpec> annotations;

  // What comes out
  // -----------------------------------------------------------------------------------------
  std::vector<std::string> tags;  // as given
  std::vector<OutputSpec> outputs;  // --output, then what --load and --push add; empty = into the
                                    // store under `tags`
  std::vector<AttestSpec>
      attests;  // --attest, then --provenance, then --sbom; a later one of the same type wins
  bool default_attestations = true;  // false with BUILDX_NO_DEFAULT_ATTESTATIONS
  bool default_oci_artifact = true;  // false with BUILDX_NO_DEFAULT_OCI_ARTIFACT
  bool default_image = true;  // without an output, name the image in the store; false with
                              // BUILDX_NO_DEFAULT_LOAD
  bool skip_if_published = false;
  std::optional<JoinSpec> join;
  std::string metadata_file;
  std::string iidfile;
  CallSpec call;

  Verify verify = Verify::Error;
  std::vector<std::string> verify_allow;  // patterns of files that are foreign on purpose

  // How RUN steps run
  // --------------------------------------------------------------------------------------
  std::vector<SecretSpec> secrets;
  std::vector<SshSpec> ssh;
  std::string network = "default";  // default, none, host
  std::vector<HostSpec> add_hosts;
  std::vector<std::string> allow;   // entitlements: network.host, security.insecure, device[=...]
  bool allow_local_delete = false;  // --allow buildx.local.delete
  std::string cgroup_parent;
  uint64_t shm_size = 0;  // bytes; 0 = default
  std::vector<UlimitSpec> ulimits;
  std::map<std::string, std::string>
      resources;  // memory memory-swap (bytes, swap may be "-1"), cpu-shares cpu-period
                  // cpu-quota (numbers), cpuset-cpus cpuset-mems (lists)
  Emulation emulation = Emulation::Allow;
  twins::Grade twin_grade = twins::Grade::Off;
  std::optional<double> max_emulated;  // seconds of CPU in emulators after which the build fails
  unsigned max_parallel = 0;  // steps at once; 0 = as many as there are CPUs

  // Cache and sources
  // --------------------------------------------------------------------------------------
  bool no_cache = false;
  std::vector<std::string> no_cache_filter;  // stage names
  bool pull = false;
  std::vector<CacheSpec> cache_from;
  std::vector<CacheSpec> cache_to;
  std::map<std::string, std::string> cache_mounts;  // --cache-mount: id -> directory of this machine
  std::vector<PolicySpec> policies;
  std::string source_policy;  // EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: a file; refused
  std::optional<uint64_t> max_store;  // bytes of disk that the store may take
  std::string store;  // --store or $SLIPWAY_HOME; empty = store::Store::default_root

  // What the user sees
  // -------------------------------------------------------------------------------------
  Progress progress = Progress::Auto;
  bool quiet = false;                       // print the image ID only
  std::string metadata_provenance = "min";  // BUILDX_METADATA_PROVENANCE: max, min, disabled
  bool metadata_warnings = false;           // BUILDX_METADATA_WARNINGS
};

}  // namespace slipway::build
