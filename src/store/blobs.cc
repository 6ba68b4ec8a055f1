// Blobs: written to tmp/, renamed into blobs/sha256.
//
// Nothing is flushed to disk here, so a crash of the machine can cut off a blob that was just
// renamed. The database remembers how long each blob is; a file of another length is no blob. A
// file that the database does not know (copied in by another tool, or the database was lost) is
// read once.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include "base/error.h"
#include "hash/sha256.h"
#include "os/fd.h"
#include "os/fs.h"
#include "store/impl.h"

namespace slipway::store {
namespace {

constexpr size_t kGather = size_t{64} * 1024;  // small writes are gathered up to this

std::optional<uint64_t> file_size(const std::string& path) {
  struct stat st{};
  if (::stat(path.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) return std::nullopt;
  return static_cast<uint64_t>(st.st_size);
}

oci::Digest digest_of_file(const std::string& path) {
  const os::UniqueFd fd = os::open_file(path, O_RDONLY);
  hash::Sha256 hasher;
  std::vector<uint8_t> buffer(size_t{256} * 1024);
  while (const size_t n = os::read_some(fd.get(), buffer))
    hasher.update(std::span<const uint8_t>(buffer.data(), n));
  return oci::Digest::from_sum(hasher.finish());
}

class FileBlobWriter : public BlobWriter {
 public:
  FileBlobWriter(Store::Impl& store, std::string path)
      : store_(store),
        path_(std::move(path)),
        fd_(os::open_file(path_, O_WRONLY | O_CREAT | O_EXCL)) {
    gathered_.reserve(kGather);
  }
  ~FileBlobWriter() override {
    if (!committed_) ::unlink(path_.c_str());
  }

  void write(std::span<const uint8_t> bytes) override {
    CHECK(!committed_);
    size_ += bytes.size();
    if (gathered_.size() + bytes.size() > kGather) flush();
    if (bytes.size() >= kGather)
      os::write_all(fd_.get(), bytes);
    else
      gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
  }

  void commit(const oci::Digest& digest) override {
    CHECK(!committed_ && !digest.empty());
    flush();
    store_.lease.hold(blob_mark(digest));
    // The size first: a process that sees the file finds its size too, and a size without a file
    // does no harm.
    store_.remember_blob(digest, size_);
    const std::string path = store_.layout.blob(digest);
    if (::rename(path_.c_str(), path.c_str()) != 0) throw errno_error("create", path);
    committed_ = true;
    store_.see_whole(digest);
  }

 private:
  void flush() {
    os::write_all(fd_.get(), gathered_);
    gathered_.clear();
  }

  Store::Impl& store_;
  const std::string path_;
  os::UniqueFd fd_;
  std::vector<uint8_t> gathered_;
  uint64_t size_ = 0;
  bool committed_ = false;
};

}  // namespace

bool Store::Impl::is_seen_whole(const oci::Digest& digest) {
  const std::lock_guard lock(mutex);
  return whole_blobs.contains(digest.hex());
}

void Store::Impl::see_whole(const oci::Digest& digest) {
  const std::lock_guard lock(mutex);
  whole_blobs.insert(digest.hex());
}

std::unique_ptr<BlobWriter> Store::Impl::new_blob() {
  return std::make_unique<FileBlobWriter>(*this, scratch_file());
}

void Store::Impl::remember_blob(const oci::Digest& digest, uint64_t size) {
  database.change([&](Connection& db) {
    db.run("INSERT OR REPLACE INTO blobs VALUES(?, ?)", digest.hex(), size);
  });
}

bool Store::Impl::is_whole(const oci::Digest& digest) {
  const std::string path = layout.blob(digest);
  const auto size = file_size(path);
  if (!size) return false;
  const auto known = database.with([&](Connection& db) -> std::optional<uint64_t> {
    Query query = db.query("SELECT size FROM blobs WHERE digest=?", digest.hex());
    if (!query.step()) return std::nullopt;
    return static_cast<uint64_t>(query.integer(0));
  });
  if (known) return *known == *size;
  if (digest_of_file(path) != digest) return false;
  remember_blob(digest, *size);
  return true;
}

bool Store::has_blob(const oci::Digest& digest) const {
  const std::string path = blob_path(digest);
  if (digest.empty() || !file_size(path)) return false;
  if (impl_->is_seen_whole(digest)) return true;
  // The mark stands before the look that counts (leases.h).
  impl_->lease.hold(blob_mark(digest));
  if (!impl_->is_whole(digest)) return false;
  impl_->see_whole(digest);
  return true;
}

std::string Store::blob_path(const oci::Digest& digest) const { return impl_->layout.blob(digest); }

std::unique_ptr<BlobWriter> Store::new_blob() { return impl_->new_blob(); }

oci::Digest Store::put_blob(std::string_view bytes) {
  const oci::Digest digest = oci::Digest::of(bytes);
  if (has_blob(digest)) {
    touch(blob_path(digest));
    return digest;
  }
  const auto writer = new_blob();
  writer->write(std::span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
  writer->commit(digest);
  return digest;
}

std::string Store::read_blob(const oci::Digest& digest) const {
  const std::string path = blob_path(digest);
  impl_->lease.hold(blob_mark(digest));
  std::string bytes = os::read_file(path);
  if (oci::Digest::of(bytes) == digest) return bytes;
  ::unlink(path.c_str());
  throw Error("a blob of the store is damaged: its content is not what its name promises", path,
              "it has been removed; run the command again to fetch or make it anew");
}

}  // namespace slipway::store
