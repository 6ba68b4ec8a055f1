// One --output as it is understood: its keys checked by name, its values read (BuildKit's exporter
// options).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "build/layers.h"
#include "build/request.h"

namespace slipway::build {

struct OutputOptions {
  std::string type;  // local tar oci docker image registry cacheonly
  std::string dest;

  // Images
  LayerForm form;                           // clamp_ns: of `epoch`, or what read_output was given
  std::vector<std::string> names;           // canonical references
  std::vector<AnnotationSpec> annotations;  // those of --annotation, then the output's own
  bool docker_types = false;                // oci-mediatypes=false
  bool oci_artifact = true;                 // attestation manifests with a subject
  bool attestation_inline = false;          // provenance that is inline-only makes an index, too
  bool keep_nondistributable =
      false;  // prefer-nondist-layers: the base's foreign layers keep their media type
  std::optional<int64_t> epoch;  // source-date-epoch, seconds
  bool push = false, by_digest = false, insecure = false;
  bool store = false;                // named in the store
  bool name_canonical = false;       // NAME@DIGEST beside each name
  std::string dangling_prefix;       // PREFIX@DIGEST as one more name ...
  bool dangling_empty_only = false;  // ... only if there is no other

  // Files and archives
  bool tar = true;  // oci, docker: an archive, else a directory
  std::optional<bool> platform_split;
  std::string attestation_prefix;
  bool delete_others = false;  // mode=delete: what is in `dest` and not in the result goes

  bool is_files() const { return type == "local" || type == "tar"; }
};

/// The result is a list of platforms, even if it has one: several were asked for, or the build argument
/// BUILDKIT_MULTI_PLATFORM. Throws Error if these contradict each other.
bool is_multi_platform(const BuildRequest& request);

/// Throws Error naming the key for keys that the type does not have (with what was probably meant),
/// values that it cannot have, and what is not supported. `clamp_ns`: SOURCE_DATE_EPOCH of the
/// build, 0 = none.
OutputOptions read_output(const OutputSpec& output, const BuildRequest& request, int64_t clamp_ns);

}  // namespace slipway::build
