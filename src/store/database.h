// slipway.db: what a layout cannot say (docs/formats/store.md has the schema). Opens or creates it,
// and replaces it by an empty one when it turns out to be damaged: it only holds what a build can
// make again. Thread-safe; one use at a time.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "store/files.h"
#include "store/sqlite.h"

namespace slipway::store {

class Database {
 public:
  /// Throws Error for a database of a newer version.
  explicit Database(const Layout& layout);

  /// Calls `use` with the connection. `use` is called again on an empty database if it met damage,
  /// so it must not have effects of its own before its last statement.
  template <typename Use>
  auto with(Use&& use) {
    const std::lock_guard lock(mutex_);
    for (int attempt = 0;; ++attempt) {
      try {
        return use(*connection_);
      } catch (const DamagedDatabase& damage) {
        replace(damage, attempt);
      }
    }
  }
  /// The same inside a write transaction.
  template <typename Use>
  auto change(Use&& use) {
    return with([&](Connection& connection) {
      Transaction transaction(connection);
      if constexpr (std::is_void_v<decltype(use(connection))>) {
        use(connection);
        transaction.commit();
      } else {
        auto result = use(connection);
        transaction.commit();
        return result;
      }
    });
  }

  std::vector<std::string> take_warnings();

 private:
  void open();
  void replace(const DamagedDatabase& damage, int attempt);
  void put_aside(const DamagedDatabase& damage);

  const Layout& layout_;
  std::mutex mutex_;  // guards what follows
  std::unique_ptr<Connection> connection_;
  std::vector<std::string> warnings_;
};

}  // namespace slipway::store
