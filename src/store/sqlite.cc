#include "store/sqlite.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include <cerrno>
#include <utility>

#include "base/error.h"

namespace slipway::store {
namespace {

constexpr int kBusyMilliseconds = 30'000;

[[noreturn]] void fail(sqlite3* db, int code, const std::string& path) {
  const std::string text = db ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw DamagedDatabase{text};
    case SQLITE_FULL:
      errno = ENOSPC;
      throw errno_error("write", path);
    case SQLITE_BUSY:
      throw Error("another process has been writing the store's records for half a minute", path,
                  "wait for it, or end it if it hangs");
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      if (const int system = db ? sqlite3_system_errno(db) : 0; system != 0) {
        errno = system;
        throw errno_error("use", path);
      }
      throw Error(fmt::format("cannot use the store's records: {}", text), path,
                  "check who owns the store and whether its disk is writable");
    default:
      throw Error(fmt::format("cannot use the store's records: {}", text), path);
  }
}

}  // namespace

Query::Query(Query&& other) noexcept
    : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)), path_(other.path_) {}

Query::~Query() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Query::bind(int at, int64_t value) { sqlite3_bind_int64(statement_, at, value); }
void Query::bind(int at, std::string_view value) {
  sqlite3_bind_text64(statement_, at, value.data() ? value.data() : "", value.size(),
                      SQLITE_TRANSIENT, SQLITE_UTF8);
}
void Query::bind(int at, Bytes bytes) {
  const char* data = bytes.value.data() ? bytes.value.data() : "";
  sqlite3_bind_blob64(statement_, at, data, bytes.value.size(), SQLITE_TRANSIENT);
}
void Query::bind(int at, std::nullopt_t) { sqlite3_bind_null(statement_, at); }

bool Query::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail(db_, code, path_);
}

int64_t Query::integer(int column) { return sqlite3_column_int64(statement_, column); }
std::string Query::text(int column) {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data ? std::string(static_cast<const char*>(data), static_cast<size_t>(size)) : "";
}
bool Query::is_null(int column) { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

Connection::Connection(std::string path) : path_(std::move(path)) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (const int code = sqlite3_open_v2(path_.c_str(), &db_, flags, nullptr); code != SQLITE_OK) {
    try {
      fail(db_, code, path_);
    } catch (...) {
      sqlite3_close(db_);
      throw;
    }
  }
  sqlite3_extended_result_codes(db_, 1);
  sqlite3_busy_timeout(db_, kBusyMilliseconds);
  // The last process to close would otherwise copy the log into the database and flush both to
  // disk: milliseconds at the end of every build. The log is bounded by wal_autocheckpoint.
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

Query Connection::prepared(std::string_view sql) {
  sqlite3_stmt*& statement = statements_[sql.data()];
  if (!statement) {
    const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) fail(db_, code, path_);
  }
  return Query(db_, statement, path_);
}

void Connection::execute(const std::string& sql) {
  if (const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr); code != SQLITE_OK)
    fail(db_, code, path_);
}

int64_t Connection::changes() const { return sqlite3_changes64(db_); }

Transaction::~Transaction() {
  if (!open_) return;
  try {
    connection_.run("ROLLBACK");
  } catch (...) {
    // SQLite has rolled back by itself (full disk) or the file is damaged: nothing is left open.
  }
}

}  // namespace slipway::store
