#include "export/archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "json/json.h"
#include "layer/tar_header.h"
#include "oci/media_types.h"
#include "os/fd.h"
#include "os/fs.h"
#include "registry/reference.h"

namespace slipway::exporter {
namespace {

constexpr std::string_view kLayoutFile = R"({"imageLayoutVersion":"1.0.0"})";

/// Where an archive's bytes go: headers and small files from memory, blobs from the store's files.
class Output {
 public:
  virtual ~Output() = default;
  virtual void bytes(std::string_view data) = 0;
  virtual void file(int fd, uint64_t size) = 0;
};

class FileOutput : public Output {
 public:
  explicit FileOutput(int fd) : fd_(fd) {}
  void bytes(std::string_view data) override { os::write_all(fd_, data); }
  void file(int fd, uint64_t size) override {
    if (os::copy_bytes(fd, fd_, static_cast<int64_t>(size)) != size) throw Error("a blob of the store is shorter than it should be");
  }

 private:
  int fd_;
};

class SinkOutput : public Output {
 public:
  explicit SinkOutput(const std::function<void(std::span<const uint8_t>)>& sink) : sink_(sink), buffer_(256 * 1024) {}
  void bytes(std::string_view data) override {
    sink_(std::span(reinterpret_cast<const uint8_t*>(data.data()), data.size()));
  }
  void file(int fd, uint64_t size) override {
    while (size > 0) {
      const size_t n = os::read_some(fd, std::span(buffer_.data(), std::min<uint64_t>(size, buffer_.size())));
      if (n == 0) throw Error("a blob of the store is shorter than it should be");
      sink_(std::span<const uint8_t>(buffer_.data(), n));
      size -= n;
    }
  }

 private:
  const std::function<void(std::span<const uint8_t>)>& sink_;
  std::vector<uint8_t> buffer_;
};

void put_header(Output& out, std::string_view name, char type, uint32_t mode, uint64_t size) {
  layer::TarHeader header;
  header.name = name;
  header.type = type;
  header.mode = mode;
  header.size = size;
  std::string block;
  layer::append_tar_header(header, block);
  out.bytes(block);
}

void put_padding(Output& out, uint64_t size) {
  if (const size_t rest = size % layer::kTarBlock) out.bytes(std::string(layer::kTarBlock - rest, '\0'));
}

void put_text(Output& out, std::string_view name, uint32_t mode, std::string_view text) {
  put_header(out, name, '0', mode, text.size());
  out.bytes(text);
  put_padding(out, text.size());
}

/// docker load's own table of contents (image spec v1.2 of moby, without the legacy parts).
std::string docker_manifest(store::Store& store, const Closure& image, const ArchiveOptions& options) {
  const oci::Manifest manifest = oci::parse_manifest(store.read_blob(image.top.digest), image.top.digest.str());
  const auto path = [](const oci::Descriptor& blob) { return "blobs/sha256/" + blob.digest.hex(); };
  json::Value entry = json::Value::object();
  entry["Config"] = path(manifest.config);
  entry["RepoTags"] = nullptr;
  if (!options.names.empty()) {
    entry["RepoTags"] = json::Value::array();
    for (const auto& name : options.names) entry["RepoTags"].push_back(registry::parse_reference(name).familiar());
  }
  entry["Layers"] = json::Value::array();
  for (const auto& layer : manifest.layers) entry["Layers"].push_back(path(layer));
  json::Value list = json::Value::array();
  list.push_back(std::move(entry));
  return json::dump(list);
}

std::map<std::string, uint64_t> blobs_by_name(const Closure& image) {
  std::map<std::string, uint64_t> out;
  for (const auto& blob : image.blobs) out[blob.digest.hex()] = blob.size;
  for (const auto& blob : image.manifests) out[blob.digest.hex()] = blob.size;
  return out;
}

void put_archive(store::Store& store, const Closure& image, const ArchiveOptions& options, Output& out) {
  if (options.docker && oci::is_index(image.top.media_type))
    throw Error("a docker archive cannot hold images of several platforms", {},
                "use --output type=oci, or build one platform");
  const auto blobs = blobs_by_name(image);
  uint64_t total = 0, done = 0;
  for (const auto& [hex, size] : blobs) total += size;
  put_header(out, "blobs", '5', 0755, 0);
  put_header(out, "blobs/sha256", '5', 0755, 0);
  for (const auto& [hex, size] : blobs) {
    if (options.stop.stop_requested()) throw Cancelled();
    put_header(out, "blobs/sha256/" + hex, '0', 0444, size);
    const os::UniqueFd fd = os::open_file(store.blob_path(oci::Digest::parse_or_throw("sha256:" + hex)), O_RDONLY);
    out.file(fd.get(), size);
    put_padding(out, size);
    done += size;
    if (options.progress) options.progress(done, total);
  }
  put_text(out, "index.json", 0644, layout_index(image, options));
  if (options.docker) put_text(out, "manifest.json", 0644, docker_manifest(store, image, options));
  put_text(out, "oci-layout", 0444, kLayoutFile);
  out.bytes(std::string(2 * layer::kTarBlock, '\0'));
}

/// One descriptor for each name, or one without.
std::vector<oci::Descriptor> named_entries(const Closure& image, const ArchiveOptions& options) {
  oci::Descriptor base = image.top;
  if (!options.created.empty()) base.annotations.try_emplace("org.opencontainers.image.created", options.created);
  std::vector<oci::Descriptor> out;
  for (const auto& name : options.names) {
    oci::Descriptor entry = base;
    entry.annotations["io.containerd.image.name"] = name;
    entry.annotations["org.opencontainers.image.ref.name"] = registry::parse_reference(name).tag;
    out.push_back(std::move(entry));
  }
  if (out.empty()) out.push_back(std::move(base));
  return out;
}

}  // namespace

std::string layout_index(const Closure& image, const ArchiveOptions& options) {
  json::Value index = json::Value::object();
  index["schemaVersion"] = 2;
  index["mediaType"] = oci::kIndex;
  index["manifests"] = json::Value::array();
  for (const auto& entry : named_entries(image, options)) index["manifests"].push_back(oci::to_json(entry));
  return json::dump(index);
}

void write_archive(store::Store& store, const Closure& image, const ArchiveOptions& options, const std::string& path) {
  if (path == "-") {
    FileOutput out(1);
    return put_archive(store, image, options, out);
  }
  os::make_dirs(os::dir_name(path));
  struct stat st {};
  if (::stat(path.c_str(), &st) == 0 && S_ISDIR(st.st_mode))
    throw Error("the destination is a directory, an archive needs a file name", path,
                "write dest=" + path + "/image.tar, or tar=false for a directory");
  // Devices and pipes are written directly; a file appears when it is complete.
  const bool is_special = ::stat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode);
  const std::string temp = is_special ? path : fmt::format("{}.{}.tmp", path, ::getpid());
  try {
    const os::UniqueFd fd = os::open_file(temp, is_special ? O_WRONLY : O_WRONLY | O_CREAT | O_TRUNC);
    FileOutput out(fd.get());
    put_archive(store, image, options, out);
    if (!is_special && ::rename(temp.c_str(), path.c_str()) != 0) throw errno_error("replace", path);
  } catch (...) {
    if (!is_special) ::unlink(temp.c_str());
    throw;
  }
}

void stream_archive(store::Store& store, const Closure& image, const ArchiveOptions& options,
                    const std::function<void(std::span<const uint8_t>)>& sink) {
  SinkOutput out(sink);
  put_archive(store, image, options, out);
}

void write_layout(store::Store& store, const Closure& image, const ArchiveOptions& options, const std::string& dir) {
  const std::string blobs = dir + "/blobs/sha256";
  os::make_dirs(blobs);
  for (const auto& [hex, size] : blobs_by_name(image)) {
    if (options.stop.stop_requested()) throw Cancelled();
    const std::string to = blobs + "/" + hex;
    struct stat st {};
    if (::stat(to.c_str(), &st) == 0 && static_cast<uint64_t>(st.st_size) == size) continue;
    const std::string temp = fmt::format("{}.{}.tmp", to, ::getpid());
    const os::UniqueFd from = os::open_file(store.blob_path(oci::Digest::parse_or_throw("sha256:" + hex)), O_RDONLY);
    try {
      const os::UniqueFd fd = os::open_file(temp, O_WRONLY | O_CREAT | O_TRUNC);
      os::copy_bytes(from.get(), fd.get());
      if (::rename(temp.c_str(), to.c_str()) != 0) throw errno_error("replace", to);
    } catch (...) {
      ::unlink(temp.c_str());
      throw;
    }
  }
  // Entries of other names in an existing layout stay.
  oci::Index index{.media_type = std::string(oci::kIndex), .artifact_type = {}, .manifests = {}, .subject = {}, .annotations = {}};
  const auto added = named_entries(image, options);
  if (const auto old = os::read_file_if_exists(dir + "/index.json")) {
    constexpr const char* kName = "io.containerd.image.name";
    for (auto& entry : oci::parse_index(*old, dir + "/index.json").manifests) {
      const bool replaced = std::any_of(added.begin(), added.end(), [&](const oci::Descriptor& a) {
        const auto mine = a.annotations.find(kName);
        const auto theirs = std::as_const(entry).annotations.find(kName);
        const bool same_name = mine != a.annotations.end() && theirs != std::as_const(entry).annotations.end() && mine->second == theirs->second;
        return same_name || (a.digest == entry.digest && theirs == std::as_const(entry).annotations.end());
      });
      if (!replaced) index.manifests.push_back(std::move(entry));
    }
  }
  index.manifests.insert(index.manifests.end(), added.begin(), added.end());
  os::write_file_atomic(dir + "/oci-layout", kLayoutFile);
  os::write_file_atomic(dir + "/index.json", oci::print(index));
}

}  // namespace slipway::exporter
