// index.json: the images of the store, as any reader of OCI layouts understands them. It is the
// only place where tags are kept.
#pragma once

#include <functional>
#include <string>

#include "oci/documents.h"
#include "store/impl.h"

namespace slipway::store {

/// The name of an image in index.json; containerd's is the full one, the OCI's is what skopeo takes
/// after "oci:DIRECTORY:". Here they are equal.
inline constexpr const char* kRefName = "org.opencontainers.image.ref.name";
inline constexpr const char* kImageName = "io.containerd.image.name";

/// The name that an entry has, "" if it has none.
std::string name_of(const oci::Descriptor& entry);

/// Throws Error if the file is not an OCI index.
oci::Index read_index(const Layout& layout);

/// Reads, changes and replaces the file under the index lock. `change` returns whether it changed
/// anything; if not, nothing is written. The new file is flushed to disk before it takes the place
/// of the old one, so that a crash of the machine never costs the other tags.
bool change_index(Store::Impl& store, const std::function<bool(oci::Index&)>& change);

}  // namespace slipway::store
