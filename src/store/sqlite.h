// SQLite behind one adapter: a connection with its prepared statements, values bound and read in
// order. What SQLite reports becomes an Error, or DamagedDatabase, which Database (database.h)
// answers. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

struct sqlite3;
struct sqlite3_stmt;

namespace slipway::store {

/// The file is not a database of ours, or is one with broken pages.
struct DamagedDatabase {
  std::string why;
};

/// A value bound as a BLOB; strings are bound as TEXT.
struct Bytes {
  std::string_view value;
};

/// One execution of a prepared statement; resets it at the end. Two executions of the same
/// statement must not overlap.
class Query {
 public:
  Query(sqlite3* db, sqlite3_stmt* statement, const std::string& path)
      : db_(db), statement_(statement), path_(path) {}
  Query(Query&& other) noexcept;
  Query& operator=(Query&&) = delete;
  ~Query();

  void bind(int at, int64_t value);
  void bind(int at, std::string_view value);
  void bind(int at, Bytes value);
  void bind(int at, std::nullopt_t);

  /// True while there is a row to read; the columns below count from 0.
  bool step();
  /// For statements without rows.
  void run() {
    while (step()) {
    }
  }
  int64_t integer(int column);
  std::string text(int column);  // TEXT and BLOB alike
  bool is_null(int column);

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_;
  const std::string& path_;
};

class Connection {
 public:
  /// Opens or creates the file. Throws DamagedDatabase only from the first statement on.
  explicit Connection(std::string path);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// `sql` must be a literal: its address stays the key of the prepared statement.
  template <typename... Values>
  Query query(std::string_view sql, const Values&... values) {
    Query made = prepared(sql);
    int at = 0;
    (bind_one(made, ++at, values), ...);
    return made;
  }
  template <typename... Values>
  void run(std::string_view sql, const Values&... values) {
    query(sql, values...).run();
  }
  /// Several statements without values, not kept.
  void execute(const std::string& sql);
  int64_t changes() const;  // rows that the last statement changed

 private:
  template <typename T>
  static void bind_one(Query& query, int at, const T& value) {
    if constexpr (std::is_integral_v<T>)
      query.bind(at, static_cast<int64_t>(value));
    else if constexpr (std::is_same_v<T, Bytes> || std::is_same_v<T, std::nullopt_t>)
      query.bind(at, value);
    else
      query.bind(at, std::string_view(value));
  }
  Query prepared(std::string_view sql);

  std::string path_;
  sqlite3* db_ = nullptr;
  std::map<const char*, sqlite3_stmt*> statements_;
};

/// A write transaction; rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) {
    connection_.run("BEGIN IMMEDIATE");
  }
  ~Transaction();
  void commit() {
    connection_.run("COMMIT");
    open_ = false;
  }

 private:
  Connection& connection_;
  bool open_ = true;
};

}  // namespace slipway::store
