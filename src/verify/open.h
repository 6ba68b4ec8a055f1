// Images as the checks want them, out of documents and layer blobs: each layer is listed and its facts collected in one
// pass over its blob.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "oci/documents.h"
#include "verify/image.h"

namespace slipway::verify {

/// Where the blobs are. Both throw Error for what is not there.
struct Blobs {
  std::function<std::string(const oci::Descriptor&)> document;  // the bytes of a manifest, index or config
  std::function<std::string(const oci::Descriptor&)> file;      // the path of a layer's blob
};

struct Opened {
  std::vector<Image> images;
  bool is_index = false;
};

/// The images below `top`, an index or a manifest; attestations and artifacts are passed over. With `platform` only the one
/// that serves it best. Throws Error if there is none, or something is damaged.
Opened open_image(const oci::Descriptor& top, const Blobs& blobs, const std::optional<oci::Platform>& platform,
                  std::stop_token stop);

/// The same of an OCI layout: the image with that tag or digest; if `name` is empty the only one there, or "latest".
Opened open_layout(const std::string& dir, const std::string& name, const std::optional<oci::Platform>& platform,
                   std::stop_token stop);

/// A tar archive (also compressed): an OCI layout, or what `docker save` writes. It is unpacked into a scratch directory
/// below `scratch`.
Opened open_archive(const std::string& file, const std::string& scratch, const std::optional<oci::Platform>& platform,
                    std::stop_token stop);

}  // namespace slipway::verify
