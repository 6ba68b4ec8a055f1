#include "attest/sqlite_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "base/error.h"
#include "os/fs.h"

namespace slipway::attest {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

/// What the library itself writes for `sql`.
std::string database(const std::string& sql) {
  const os::TempDir dir(testing::TempDir());
  const std::string path = dir.path() + "/db";
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  char* message = nullptr;
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK)
      << (message ? message : "");
  sqlite3_close(db);
  return os::read_file(path);
}

TEST(SqliteTable, RowsComeInOrderOfTheirIds) {
  const auto bytes = database(
      "CREATE TABLE other(a); CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, blob BLOB);"
      "INSERT INTO Packages VALUES(7, x'6262'), (2, 'text'), (9, NULL);");
  EXPECT_THAT(read_sqlite_blobs(bytes, "Packages", 1, "db"), ElementsAre("text", "bb", ""));
}

TEST(SqliteTable, LargeValuesOverflowAndManyRowsMakeATree) {
  for (const char* page : {"512", "4096", "65536"}) {
    const auto bytes =
        database(std::string("PRAGMA page_size=") + page +
                 "; CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, blob BLOB);"
                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
                 "INSERT INTO Packages SELECT i, zeroblob(i * 7) FROM n;");
    const auto rows = read_sqlite_blobs(bytes, "Packages", 1, "db");
    ASSERT_THAT(rows, SizeIs(2000)) << page;
    for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].size(), (i + 1) * 7) << page;
  }
}

TEST(SqliteTable, AMissingTableIsAnError) {
  EXPECT_THROW(read_sqlite_blobs(database("CREATE TABLE a(b)"), "Packages", 1, "db"), Error);
  EXPECT_THROW(read_sqlite_blobs("SQLite", "Packages", 1, "db"), Error);
}

TEST(SqliteTable, DamagedFilesEndInAnErrorOrAnswer) {
  const auto whole = database(
      "PRAGMA page_size=512; CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, blob BLOB);"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) "
      "INSERT INTO Packages SELECT i, zeroblob(i * 30) FROM n;");
  size_t errors = 0;
  for (size_t at = 0; at < whole.size(); at += 37) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
    try {
      read_sqlite_blobs(damaged, "Packages", 1, "db");
    } catch (const Error&) {
      ++errors;
    }
  }
  EXPECT_GT(errors, 5u);
}

}  // namespace
}  // namespace slipway::attest
