// The schema of slipway.db, and what happens when the file is new, newer than this program, or
// damaged.
#include <fmt/core.h>

#include <cerrno>
#include <cstdio>

#include "os/fs.h"
#include "store/database.h"
#include "store/locks.h"

namespace slipway::store {
namespace {

constexpr int kVersion = 1;
constexpr int kMaxAttempts = 3;

// 256 pages of 4 KiB: the log that the first process after an idle time has to read stays at 1 MiB.
constexpr const char* kEachConnection =
    "PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=256; PRAGMA journal_size_limit=1048576;";

// A crash of the machine while the file is new costs nothing: no flush, which would take longer
// than a small build.
constexpr const char* kNewFile =
    "PRAGMA synchronous=OFF; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;";

constexpr const char* kSchema = R"(
BEGIN IMMEDIATE;
CREATE TABLE records(
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  value BLOB NOT NULL,
  parts BLOB NOT NULL,
  created INTEGER NOT NULL,
  last_used INTEGER NOT NULL);
CREATE TABLE layers(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  directory INTEGER UNIQUE,
  directory_bytes INTEGER,
  published INTEGER NOT NULL DEFAULT 0,
  tree_size INTEGER,
  last_used INTEGER NOT NULL);
CREATE TABLE layer_blobs(
  layer INTEGER NOT NULL,
  form TEXT NOT NULL,
  digest TEXT NOT NULL,
  diff_id TEXT NOT NULL,
  size INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  PRIMARY KEY(layer, form)) WITHOUT ROWID;
CREATE TABLE blobs(
  digest TEXT PRIMARY KEY,
  size INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE costs(
  name TEXT PRIMARY KEY,
  milliseconds INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE machine(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  boot TEXT NOT NULL,
  active INTEGER NOT NULL);
INSERT INTO machine VALUES(1, '', 0);
PRAGMA user_version=1;
COMMIT;
)";

// Stores of earlier programs of the same version do not have it, and those programs do not mind it.
constexpr const char* kLaterTables = R"(
CREATE TABLE IF NOT EXISTS costs(
  name TEXT PRIMARY KEY,
  milliseconds INTEGER NOT NULL) WITHOUT ROWID;
)";

int64_t version_of(Connection& connection) {
  Query query = connection.query("PRAGMA user_version");
  return query.step() ? query.integer(0) : 0;
}

bool is_sound(Connection& connection) {
  Query query = connection.query("PRAGMA quick_check(1)");
  return query.step() && query.text(0) == "ok";
}

}  // namespace

Database::Database(const Layout& layout) : layout_(layout) {
  for (int attempt = 0; !connection_; ++attempt) {
    try {
      open();
    } catch (const DamagedDatabase& damage) {
      replace(damage, attempt);
    }
  }
}

void Database::open() {
  const std::string path = layout_.database();
  auto connection = std::make_unique<Connection>(path);
  int64_t version = version_of(*connection);
  if (version == 0) {
    const Lock lock = lock_briefly(layout_.schema_lock(), LockKind::Exclusive);
    version = version_of(*connection);
    if (version == 0) {
      if (Query tables = connection->query("SELECT 1 FROM sqlite_schema"); tables.step())
        throw DamagedDatabase{"it holds tables of something else"};
      connection->execute(kNewFile);
      connection->execute(kSchema);
      version = kVersion;
    }
  }
  if (version > kVersion)
    throw Error(fmt::format("this store was written by a newer slipway (records of version {}, "
                            "this program knows {})",
                            version, kVersion),
                path, "use the newer slipway, or another store (SLIPWAY_HOME)");
  connection->execute(kEachConnection);
  const bool is_complete =
      connection->query("SELECT 1 FROM sqlite_schema WHERE name='costs'").step();
  if (!is_complete) connection->execute(kLaterTables);
  // Reads the schema's pages: most damage shows here rather than in the middle of a build.
  connection->query("SELECT 1 FROM records, layers, layer_blobs, blobs, machine LIMIT 1").step();
  connection_ = std::move(connection);
}

// Other processes may meet the same damage at the same moment: one of them replaces the file, the
// rest find it sound. A process that still has the old one open goes on with it harmlessly.
void Database::replace(const DamagedDatabase& damage, int attempt) {
  if (attempt >= kMaxAttempts)
    throw Error(fmt::format("the store's records are damaged: {}", damage.why), layout_.database(),
                "move this file away, and the ones beside it that end in -wal and -shm; images and "
                "blobs stay");
  connection_.reset();
  {
    const Lock lock = lock_briefly(layout_.schema_lock(), LockKind::Exclusive);
    bool sound = false;
    if (attempt == 0) {
      try {
        Connection look(layout_.database());
        sound = version_of(look) != 0 && is_sound(look);
      } catch (const DamagedDatabase&) {
        sound = false;
      }
    }
    if (!sound) put_aside(damage);
  }
  try {
    open();
  } catch (const DamagedDatabase& again) {
    replace(again, attempt + 1);
  }
}

void Database::put_aside(const DamagedDatabase& damage) {
  const std::string path = layout_.database();
  std::string to;
  for (int i = 1; to.empty() || os::exists(to); ++i) to = fmt::format("{}.damaged-{}", path, i);
  if (::rename(path.c_str(), to.c_str()) != 0 && errno != ENOENT)
    throw errno_error("put aside", path);
  for (const char* suffix : {"-wal", "-shm"})
    if (::rename((path + suffix).c_str(), (to + suffix).c_str()) != 0 && errno != ENOENT)
      throw errno_error("put aside", path + suffix);
  warnings_.push_back(
      fmt::format("the store's records were damaged ({}) and are now in {}; images are unharmed, "
                  "steps run again",
                  damage.why, to));
}

std::vector<std::string> Database::take_warnings() {
  const std::lock_guard lock(mutex_);
  return std::exchange(warnings_, {});
}

}  // namespace slipway::store
