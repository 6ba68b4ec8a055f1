// What others may do at the same time: export (their replace() waits for ours), import (they hold
// locks/readers shared, and as long as anybody does nothing is removed), be killed (their
// half-written blobs lie in tmp/N, whose lock is then free). A reader of index.json sees the old
// cache or the new one, and everything that either names is there.
#include "remote_cache/local.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <set>

#include "base/error.h"
#include "os/fd.h"
#include "os/fs.h"
#include "remote_cache/blob_check.h"
#include "remote_cache/manifest.h"

namespace slipway::remote_cache {
namespace {

constexpr const char* kName = "org.opencontainers.image.ref.name";

std::string name_in(const oci::Descriptor& entry) {
  const auto it = entry.annotations.find(kName);
  return it == entry.annotations.end() ? "" : it->second;
}

/// The lock, or an empty descriptor if somebody else has it and `wait` is false.
os::UniqueFd lock_at(const std::string& path, int kind, bool wait) {
  os::UniqueFd fd = os::open_file(path, O_RDWR | O_CREAT, 0666);
  while (::flock(fd.get(), wait ? kind : kind | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return {};
    if (errno != EINTR) throw errno_error("lock", path);
  }
  return fd;
}

class LocalCache : public Backend {
 public:
  LocalCache(const std::string& dir, const std::string& tag)
      : dir_(dir),
        tag_(tag),
        name_(fmt::format("local cache {}{}", dir, tag == "latest" ? "" : " (" + tag + ")")) {}

  const std::string& name() const override { return name_; }

  std::optional<Head> read(std::stop_token) override {
    protect();
    const auto bytes = os::read_file_if_exists(index_path());
    if (!bytes) return std::nullopt;
    const oci::Index index = [&] {
      try {
        return oci::parse_index(*bytes, index_path());
      } catch (const Error& error) {
        throw DamagedCache(error, "");
      }
    }();
    const auto entry = std::ranges::find(index.manifests, tag_, name_in);
    if (entry == index.manifests.end()) return std::nullopt;
    try {
      const oci::Manifest manifest = oci::parse_manifest(text_of(*entry), name_);
      return Head{.ledger = parse(text_of(ledger_in(manifest, name_)), name_),
                  .version = entry->digest.str()};
    } catch (const NewerCache&) {
      throw;
    } catch (const Error& error) {
      throw DamagedCache(error, entry->digest.str());
    }
  }

  bool replace(const Ledger& ledger, const std::string& version, std::stop_token) override {
    create();
    const os::UniqueFd lock = lock_at(dir_ + "/.slipway/locks/index", LOCK_EX, true);
    oci::Index index = current_index();
    const auto entry = std::ranges::find(index.manifests, tag_, name_in);
    if (entry != index.manifests.end() ? entry->digest.str() != version : !version.empty())
      return false;
    // Somebody's eviction may have taken what we found there a moment ago.
    if (!missing(ledger).empty()) return false;
    const Named before = named_by(index);
    const oci::Descriptor document = put_text(kLedgerType, print(ledger));
    oci::Descriptor top = put_text("application/vnd.oci.image.manifest.v1+json",
                                   oci::print(manifest_of(document, ledger.blobs())));
    top.annotations[kName] = tag_;
    std::erase_if(index.manifests, [&](const auto& each) { return name_in(each) == tag_; });
    index.manifests.push_back(top);
    std::ranges::sort(index.manifests, {}, name_in);
    write_document("index.json", oci::print(index));
    remove_unnamed(before, named_by(index));
    return true;
  }

  std::set<oci::Digest> missing(const Ledger& ledger) override {
    std::set<oci::Digest> out;
    for (const auto& blob : ledger.blobs())
      if (!is_there(blob)) out.insert(blob.digest);
    return out;
  }

  void get(const oci::Descriptor& blob, const Sink& sink, std::stop_token stop) override {
    const os::UniqueFd fd = os::open_file(path_of(blob.digest), O_RDONLY);
    std::vector<uint8_t> buffer(size_t{256} * 1024);
    while (const size_t n = os::read_some(fd.get(), buffer)) {
      if (stop.stop_requested()) throw Cancelled();
      sink(std::span<const uint8_t>(buffer.data(), n));
    }
  }

  bool put(const oci::Descriptor& blob, const std::string& path, const std::function<void()>& bring,
           const Progress& progress, std::stop_token stop) override {
    create();
    if (is_there(blob)) return false;
    if (bring) bring();
    if (stop.stop_requested()) throw Cancelled();
    const os::UniqueFd from = os::open_file(path, O_RDONLY);
    const std::string temp = new_temp();
    try {
      const os::UniqueFd to = os::open_file(temp, O_WRONLY | O_CREAT | O_EXCL);
      if (os::copy_bytes(from.get(), to.get()) != blob.size)
        throw Error(fmt::format("the file of blob {} does not have its {} bytes", blob.digest.str(),
                                blob.size),
                    path);
      move_in(temp, blob.digest);
    } catch (...) {
      ::unlink(temp.c_str());
      throw;
    }
    if (progress) progress(blob.size, blob.size);
    return true;
  }

  void release() override { reading_.reset(); }

 private:
  std::string index_path() const { return dir_ + "/index.json"; }
  std::string path_of(const oci::Digest& digest) const {
    return dir_ + "/blobs/sha256/" + digest.hex();
  }

  /// Keeps what is read from being removed; where we may not write there is nobody to protect from.
  void protect() {
    if (reading_ || !os::exists(dir_ + "/.slipway/locks")) return;
    try {
      reading_ = lock_at(dir_ + "/.slipway/locks/readers", LOCK_SH, true);
    } catch (const Error&) {
    }
  }

  std::string text_of(const oci::Descriptor& blob) { return get_text(*this, blob, {}); }

  bool is_there(const oci::Descriptor& blob) const {
    struct stat st{};
    return ::stat(path_of(blob.digest).c_str(), &st) == 0 &&
           static_cast<uint64_t>(st.st_size) == blob.size;
  }

  void create() {
    const std::lock_guard lock(mutex_);
    if (temp_lock_) return;
    if (os::exists(dir_) && !os::is_directory(dir_))
      throw Error("the cache's destination is a file", dir_, "name a directory");
    if (os::exists(dir_) && !os::exists(dir_ + "/oci-layout") && !os::exists(dir_ + "/.slipway") &&
        !os::list_dir(dir_).empty())
      throw Error("the cache's destination has other things in it", dir_, "name a folder of its own");
    for (const char* each : {"/.slipway/locks", "/.slipway/tmp", "/blobs/sha256"}) os::make_dirs(dir_ + each);
    for (int i = 0; !temp_lock_; ++i) {
      temp_dir_ = fmt::format("{}/.slipway/tmp/{}", dir_, i);
      os::make_dirs(temp_dir_);
      try {
        temp_lock_ = lock_at(temp_dir_ + "/lock", LOCK_EX, false);
      } catch (const Error&) {  // swept at this moment
        if (os::is_directory(temp_dir_)) throw;
      }
      // Swept between our open and our lock: what we hold has no name.
      if (temp_lock_ && !os::exists(temp_dir_ + "/lock")) temp_lock_.reset();
    }
    for (const auto& left : os::list_dir(temp_dir_))
      if (left != "lock") ::unlink((temp_dir_ + "/" + left).c_str());
  }

  oci::Index current_index() {
    const auto bytes = os::read_file_if_exists(index_path());
    oci::Index index;
    if (bytes) {
      try {
        return oci::parse_index(*bytes, index_path());
      } catch (const Error&) {
        // What it named cannot be known any more; it is written anew.
      }
    }
    index.media_type = "application/vnd.oci.image.index.v1+json";
    write_document("oci-layout", "{\"imageLayoutVersion\": \"1.0.0\"}");
    return index;
  }

  std::string new_temp() { return fmt::format("{}/{}", temp_dir_, names_++); }

  void move_in(const std::string& temp, const oci::Digest& digest) {
    if (::rename(temp.c_str(), path_of(digest).c_str()) != 0)
      throw errno_error("create", path_of(digest));
  }

  oci::Descriptor put_text(std::string_view media_type, const std::string& text) {
    oci::Descriptor out;
    out.media_type = media_type;
    out.digest = oci::Digest::of(text);
    out.size = text.size();
    if (is_there(out)) return out;
    const std::string temp = new_temp();
    os::write_all(os::open_file(temp, O_WRONLY | O_CREAT | O_EXCL).get(), text);
    move_in(temp, out.digest);
    return out;
  }

  /// index.json, and what makes the folder a layout, are the only files that change.
  void write_document(const std::string& file, const std::string& text) {
    const std::string temp = new_temp();
    os::write_all(os::open_file(temp, O_WRONLY | O_CREAT | O_EXCL).get(), text);
    const std::string path = dir_ + "/" + file;
    if (::rename(temp.c_str(), path.c_str()) != 0) throw errno_error("create", path);
  }

  /// Hex digests of all that the caches in an index consist of. Of entries of others not everything
  /// can be known.
  struct Named {
    std::set<std::string> blobs;
    bool is_all = true;
  };

  Named named_by(const oci::Index& index) {
    Named out;
    for (const auto& entry : index.manifests) {
      out.blobs.insert(entry.digest.hex());
      try {
        const oci::Manifest manifest = oci::parse_manifest(text_of(entry), name_);
        out.is_all = out.is_all && manifest.config.media_type == kLedgerType;
        out.blobs.insert(manifest.config.digest.hex());
        for (const auto& blob : manifest.layers) out.blobs.insert(blob.digest.hex());
      } catch (const Error&) {
        out.is_all = false;
      }
    }
    return out;
  }

  /// True if no other export lives; what dead ones left goes.
  bool sweep_the_dead() {
    const std::string mine = os::base_name(temp_dir_);
    bool is_alone = true;
    for (const auto& each : os::list_dir(dir_ + "/.slipway/tmp")) {
      if (each == mine) continue;
      const std::string path = dir_ + "/.slipway/tmp/" + each;
      if (const os::UniqueFd dead = lock_at(path + "/lock", LOCK_EX, false))
        os::remove_tree(path);
      else
        is_alone = false;
    }
    return is_alone;
  }

  /// Removes what no cache names any more, unless somebody reads: a later export does it then. That
  /// includes blobs of exports that were killed before they came to name them, if nothing here is
  /// anybody else's and nobody exports now (who begins this moment notices in replace() and puts
  /// his blobs again).
  void remove_unnamed(const Named& before, const Named& after) {
    release();
    try {
      const bool is_alone = sweep_the_dead();
      const os::UniqueFd nobody_reads = lock_at(dir_ + "/.slipway/locks/readers", LOCK_EX, false);
      if (!nobody_reads) return;
      std::set<std::string> all = before.blobs;
      if (is_alone && after.is_all)
        for (const auto& hex : os::list_dir(dir_ + "/blobs/sha256")) all.insert(hex);
      for (const auto& hex : all)
        if (!after.blobs.contains(hex)) ::unlink((dir_ + "/blobs/sha256/" + hex).c_str());
    } catch (const Error&) {
      // The new ledger counts already; room is won back another time.
    }
  }

  const std::string dir_, tag_, name_;
  os::UniqueFd reading_;
  std::mutex mutex_;  // guards the next two while they are made
  std::string temp_dir_;
  os::UniqueFd temp_lock_;
  std::atomic<unsigned> names_ = 0;
};

}  // namespace

std::unique_ptr<Backend> open_local(const std::string& dir, const std::string& tag) {
  return std::make_unique<LocalCache>(dir, tag);
}

}  // namespace slipway::remote_cache
