// OCI layouts and docker archives: an image from the store as a tar file or a directory that other tools read.
//
// The same image and names give the same bytes: sorted entries, times 0 (OCI image spec image-layout.md; docker's
// manifest.json beside it for `docker load`).
#pragma once

#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "export/closure.h"
#include "store/store.h"

namespace slipway::exporter {

struct ArchiveOptions {
  bool docker = false;              // add manifest.json; only single-platform images
  std::vector<std::string> names;   // canonical references, "docker.io/library/app:1"
  std::string created;              // RFC 3339, for the annotation; empty = none
  std::stop_token stop;
  std::function<void(uint64_t done, uint64_t total)> progress;  // bytes
};

/// A tar archive at `path` ("-" = standard output), complete or not there at all.
void write_archive(store::Store& store, const Closure& image, const ArchiveOptions& options, const std::string& path);
/// The same bytes to a sink, for `--load`.
void stream_archive(store::Store& store, const Closure& image, const ArchiveOptions& options,
                    const std::function<void(std::span<const uint8_t>)>& sink);
/// An OCI layout directory: blobs that are there stay; names in index.json that are given are replaced, others kept.
void write_layout(store::Store& store, const Closure& image, const ArchiveOptions& options, const std::string& dir);

/// index.json of a layout with one entry for each name, with the annotations of `image.top`.
std::string layout_index(const Closure& image, const ArchiveOptions& options);

}  // namespace slipway::exporter
