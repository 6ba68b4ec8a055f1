// Layers: what the store has of each (unpacked directory, listing, blobs), found by what the layer
// holds.
//
// A directory is made in place, under the number it keeps: publishing it is one row in the
// database, and nothing that has it mounted notices. Numbers are short because the option string of
// an overlay mount is bounded.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/text.h"
#include "os/fs.h"
#include "store/impl.h"

namespace slipway::store {
namespace {

void ensure_row(Connection& db, const std::string& layer_id) {
  db.run("INSERT INTO layers(name, last_used) VALUES(?, ?) ON CONFLICT(name) DO NOTHING", layer_id,
         now());
}

std::optional<int64_t> published_number(Connection& db, const std::string& layer_id) {
  Query query = db.query("SELECT directory FROM layers WHERE name=?", layer_id);
  if (!query.step() || query.is_null(0)) return std::nullopt;
  return query.integer(0);
}

/// The highest number that a directory has or, if somebody removed it by hand, should have: a
/// number that a row still names must not come to mean something else.
int64_t last_number(Store::Impl& store) {
  int64_t last = store.database.with([](Connection& db) {
    Query query = db.query("SELECT max(directory) FROM layers");
    return query.step() ? query.integer(0) : 0;
  });
  for (const auto& name : os::list_dir(store.layout.layers()))
    last = std::max(last, static_cast<int64_t>(parse_u64(name).value_or(0)));
  return last;
}

}  // namespace

std::optional<std::string> Store::layer_dir(const std::string& layer_id) {
  const auto find = [&] {
    return impl_->database.with([&](Connection& db) { return published_number(db, layer_id); });
  };
  if (!find()) return std::nullopt;
  impl_->lease.hold(layer_mark(layer_id));
  const auto number = find();
  if (!number) return std::nullopt;
  const std::string path = impl_->layout.layer(*number);
  if (!os::is_directory(path)) return std::nullopt;  // somebody removed it by hand
  impl_->note_layer_use(layer_id);
  return path;
}

std::string Store::new_dir() {
  int64_t number = 0;
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->next_directory == 0) {
      impl_->next_directory = last_number(*impl_) + 1;
    }
    number = impl_->next_directory++;
  }
  while (true) {
    const std::string path = impl_->layout.layer(number);
    impl_->lease.hold(directory_mark(number));
    if (::mkdir(path.c_str(), 0755) == 0) {
      ::chmod(path.c_str(), 0755);  // the root of an image, whatever our umask
      const std::lock_guard lock(impl_->mutex);
      impl_->unpublished.insert(number);
      return path;
    }
    if (errno != EEXIST) throw errno_error("create directory", path);
    const std::lock_guard lock(impl_->mutex);
    number = impl_->next_directory++;
  }
}

std::string Store::publish_dir(const std::string& layer_id, const std::string& dir) {
  const auto ours = static_cast<int64_t>(parse_u64(os::base_name(dir)).value_or(0));
  CHECK(ours != 0 && dir == impl_->layout.layer(ours));
  impl_->lease.hold(layer_mark(layer_id));
  const int64_t published = impl_->database.change([&](Connection& db) {
    if (const auto theirs = published_number(db, layer_id);
        theirs && os::is_directory(impl_->layout.layer(*theirs)))
      return *theirs;
    ensure_row(db, layer_id);
    db.run("UPDATE layers SET directory=NULL WHERE directory=?", ours);
    db.run(
        "UPDATE layers SET directory=?1, directory_bytes=NULL, published=?2, last_used=?2 "
        "WHERE name=?3",
        ours, now(), layer_id);
    return ours;
  });
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->unpublished.erase(ours);
  }
  if (published != ours) os::remove_tree(dir);
  return impl_->layout.layer(published);
}

void Store::drop_dir(const std::string& dir) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->unpublished.erase(static_cast<int64_t>(parse_u64(os::base_name(dir)).value_or(0)));
  }
  os::remove_tree(dir);
}

std::optional<std::string> Store::layer_tree(const std::string& layer_id) {
  const std::string path = impl_->layout.tree(layer_id);
  if (!os::exists(path)) return std::nullopt;
  impl_->lease.hold(layer_mark(layer_id));
  const auto size = impl_->database.with([&](Connection& db) -> std::optional<uint64_t> {
    Query query = db.query("SELECT tree_size FROM layers WHERE name=?", layer_id);
    if (!query.step() || query.is_null(0)) return std::nullopt;
    return static_cast<uint64_t>(query.integer(0));
  });
  auto bytes = os::read_file_if_exists(path);
  // Cut off by a crash of the machine, or of a database that was lost.
  if (!bytes || !size || *size != bytes->size()) return std::nullopt;
  impl_->note_layer_use(layer_id);
  return bytes;
}

void Store::put_layer_tree(const std::string& layer_id, std::string_view serialized) {
  impl_->lease.hold(layer_mark(layer_id));
  replace_file(impl_->scratch_file(), impl_->layout.tree(layer_id), serialized);
  impl_->database.change([&](Connection& db) {
    ensure_row(db, layer_id);
    db.run("UPDATE layers SET tree_size=?1, last_used=?2 WHERE name=?3", serialized.size(), now(),
           layer_id);
  });
}

std::vector<LayerBlob> Store::layer_blobs(const std::string& layer_id) {
  const auto read = [&] {
    return impl_->database.with([&](Connection& db) {
      std::vector<LayerBlob> blobs;
      Query query = db.query(
          "SELECT form, b.digest, diff_id, b.size, media_type FROM layers l "
          "JOIN layer_blobs b ON b.layer = l.id WHERE l.name=? ORDER BY form",
          layer_id);
      while (query.step())
        blobs.push_back(
            {.form = query.text(0),
             .digest = oci::Digest::parse("sha256:" + query.text(1)).value_or(oci::Digest()),
             .diff_id = oci::Digest::parse("sha256:" + query.text(2)).value_or(oci::Digest()),
             .size = static_cast<uint64_t>(query.integer(3)),
             .media_type = query.text(4)});
      return blobs;
    });
  };
  if (read().empty()) return {};
  impl_->lease.hold(layer_mark(layer_id));
  impl_->note_layer_use(layer_id);
  return read();
}

void Store::put_layer_blob(const std::string& layer_id, const LayerBlob& blob) {
  impl_->lease.hold(layer_mark(layer_id));
  impl_->database.change([&](Connection& db) {
    ensure_row(db, layer_id);
    db.run(
        "INSERT OR REPLACE INTO layer_blobs SELECT id, ?2, ?3, ?4, ?5, ?6 FROM layers WHERE "
        "name=?1",
        layer_id, blob.form, blob.digest.hex(), blob.diff_id.hex(), blob.size, blob.media_type);
  });
}

}  // namespace slipway::store
