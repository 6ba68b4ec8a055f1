// Registries know no compare-and-swap for tags: replace() looks right before it puts and right
// after. Of two exports that put within the same moment one can still be lost; the next build
// exports it again.
#include "remote_cache/registry_cache.h"

#include <fmt/core.h>

#include <mutex>
#include <set>

#include "base/error.h"
#include "oci/media_types.h"
#include "os/fs.h"
#include "remote_cache/blob_check.h"
#include "remote_cache/inline.h"
#include "remote_cache/manifest.h"

namespace slipway::remote_cache {
namespace {

class RegistryCache : public Backend {
 public:
  RegistryCache(std::shared_ptr<registry::Client> client, const registry::Reference& ref,
                const std::string& scratch, bool has_lost)
      : keep_(std::move(client)),
        client_(*keep_),
        ref_(ref),
        scratch_(scratch),
        has_lost_(has_lost),
        name_("registry cache " + ref.familiar()) {}

  const std::string& name() const override { return name_; }

  std::optional<Head> read(std::stop_token stop) override {
    const auto document = client_.fetch_manifest(ref_, stop);
    if (!document) return std::nullopt;
    // An image's records are read; what else an export would do with it, replace() says.
    if (is_image(document->bytes))
      return Head{.ledger = inline_ledger(*document, stop), .version = kImage};
    const std::string version = document->digest.str();
    try {
      if (oci::is_index(document->media_type))
        throw Error("this is a cache that BuildKit wrote: its keys mean nothing to slipway", name_);
      const oci::Manifest manifest = oci::parse_manifest(document->bytes, name_);
      Head out{.ledger = parse(get_text(*this, ledger_in(manifest, name_), stop), name_),
               .version = version};
      const std::lock_guard lock(mutex_);
      if (!has_lost_)
        for (const auto& blob : manifest.layers) known_.insert(blob.digest);
      return out;
    } catch (const NewerCache&) {
      throw;
    } catch (const Error& error) {
      throw DamagedCache(error, version);
    }
  }

  bool replace(const Ledger& ledger, const std::string& version, std::stop_token stop) override {
    if (version == kImage)
      throw Error("this is an image, not a cache: it is not replaced", name_,
                  "export the cache under another tag");
    const std::string text = print(ledger);
    oci::Descriptor document;
    document.media_type = kLedgerType;
    document.digest = oci::Digest::of(text);
    document.size = text.size();
    const os::TempDir dir(scratch_, "ledger-");
    os::write_file_atomic(dir.path() + "/ledger", text);
    client_.push_blob(ref_, document, dir.path() + "/ledger", {}, {}, stop);
    const std::string bytes = oci::print(manifest_of(document, ledger.blobs()));
    const auto current = [&] {
      const auto found = client_.resolve(ref_, stop);
      return found ? found->digest.str() : "";
    };
    if (current() != version) return false;
    client_.push_manifest(ref_, oci::kManifest, bytes, stop);
    return current() == oci::Digest::of(bytes).str();
  }

  void get(const oci::Descriptor& blob, const Sink& sink, std::stop_token stop) override {
    client_.fetch_blob(ref_, blob, sink, {}, stop);
  }

  bool put(const oci::Descriptor& blob, const std::string& path, const std::function<void()>& bring,
           const Progress& progress, std::stop_token stop) override {
    {
      const std::lock_guard lock(mutex_);
      if (known_.contains(blob.digest)) return false;
    }
    return client_.push_blob(ref_, blob, path, {}, progress, stop, bring);
  }

 private:
  static constexpr const char* kImage = "image";

  /// All images of an index that carry a cache.
  Ledger inline_ledger(const registry::Document& document, std::stop_token stop) {
    std::vector<oci::Manifest> manifests;
    if (oci::is_index(document.media_type)) {
      const oci::Index index = oci::parse_index(document.bytes, name_);
      for (const auto& entry : index.manifests) {
        if (oci::is_attestation(entry)) continue;
        registry::Reference one = ref_;
        one.tag.clear();
        one.digest = entry.digest;
        if (const auto found = client_.fetch_manifest(one, stop))
          manifests.push_back(oci::parse_manifest(found->bytes, name_));
      }
    } else {
      manifests.push_back(oci::parse_manifest(document.bytes, name_));
    }
    Ledger out;
    for (const auto& manifest : manifests) {
      if (manifest.config.size > kMaxConfig) continue;
      const Ledger one = read_inline(get_text(*this, manifest.config, stop), manifest, name_);
      out = out.empty() ? one : merge(out, one);
    }
    if (out.empty())
      throw Error("this image carries no cache of slipway's", name_,
                  "build it with --cache-to type=inline");
    return out;
  }

  static constexpr uint64_t kMaxConfig = 32u << 20;

  const std::shared_ptr<registry::Client> keep_;
  registry::Client& client_;
  const registry::Reference ref_;
  const std::string scratch_;
  const bool has_lost_;
  const std::string name_;
  std::mutex mutex_;
  std::set<oci::Digest> known_;  // named by the manifest that was read: the registry keeps them
};

}  // namespace

std::unique_ptr<Backend> open_registry(std::shared_ptr<registry::Client> client,
                                       const registry::Reference& ref, const std::string& scratch,
                                       bool has_lost) {
  return std::make_unique<RegistryCache>(std::move(client), ref, scratch, has_lost);
}

}  // namespace slipway::remote_cache
