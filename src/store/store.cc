// Opening and closing a store: its directories, lease and database, what dead processes left, and
// what a crash of the machine may have cut.
#include "store/store.h"

#include <algorithm>

#include <cstdlib>

#include "os/fs.h"
#include "store/impl.h"

namespace slipway::store {
namespace {

// The kernel writes data to disk at the latest 30 seconds after it was made, plus the time that
// writing takes.
constexpr int64_t kSettleSeconds = 120;

/// Changes with every start of the machine. Empty where the kernel does not say.
std::string boot_id() {
  return os::read_file_if_exists("/proc/sys/kernel/random/boot_id").value_or("");
}

Layout created(const std::string& root) {
  Layout layout(os::absolute_path(root));
  layout.create();
  return layout;
}

}  // namespace

Store::Impl::Impl(const std::string& root)
    : layout(created(root)), lease(layout), database(layout) {
  distrust_what_a_crash_may_have_cut();
  sweep_the_dead(layout, lease, [&](int64_t number) {
    return database.with([&](Connection& db) {
      return db.query("SELECT 1 FROM layers WHERE directory=?", number).step();
    });
  });
}

Store::Impl::~Impl() {
  try {
    write_notes();
    for (const int64_t number : unpublished) os::remove_tree(layout.layer(number));
  } catch (const std::exception&) {
    // Best effort: the order of removal is a little less exact, and prune finds the directories.
  }
}

void Store::Impl::distrust_what_a_crash_may_have_cut() {
  const std::string boot = boot_id();
  const auto is_known = [&](Connection& db) {
    return db.query("SELECT 1 FROM machine WHERE boot=?", boot).step();
  };
  if (database.with(is_known)) return;
  database.change([&](Connection& db) {
    if (is_known(db)) return;
    // Proof that the machine lived on: the last activity of any process, or the last publication.
    db.run(
        "UPDATE layers SET directory=NULL, directory_bytes=NULL WHERE directory IS NOT NULL AND "
        "published > max((SELECT max(published) FROM layers), (SELECT active FROM machine)) - ?",
        kSettleSeconds);
    db.run("UPDATE machine SET boot=?", boot);
  });
}

void Store::Impl::note_layer_use(const std::string& layer_id) {
  const std::lock_guard lock(mutex);
  used_layers[layer_id] = now();
}

void Store::Impl::note_record_use(const std::string& key) {
  const std::lock_guard lock(mutex);
  used_records[key] = now();
}

void Store::Impl::write_notes() {
  const std::lock_guard lock(mutex);
  if (used_layers.empty() && used_records.empty() && costs.empty()) return;
  database.change([&](Connection& db) {
    for (const auto& [name, time] : used_layers)
      db.run("UPDATE layers SET last_used=?1 WHERE name=?2 AND last_used<?1", time, name);
    for (const auto& [key, time] : used_records)
      db.run("UPDATE records SET last_used=?1 WHERE key=?2 AND last_used<?1", time, key);
    for (const auto& [name, milliseconds] : costs)
      db.run(
          "INSERT INTO costs VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET "
          "milliseconds=max(milliseconds, ?2)",
          name, milliseconds);
    db.run("UPDATE machine SET active=max(active, ?)", now());
  });
  costs.clear();
  used_layers.clear();
  used_records.clear();
}

Store::Store(const std::string& root) : impl_(std::make_unique<Impl>(root)) {}
Store::~Store() = default;

std::string Store::default_root(bool is_root) {
  const auto from = [](const char* variable) {
    const char* value = std::getenv(variable);
    return std::string(value ? value : "");
  };
  if (const std::string home = from("SLIPWAY_HOME"); !home.empty()) return home;
  if (is_root) return "/var/lib/slipway";
  if (const std::string data = from("XDG_DATA_HOME"); data.starts_with('/'))
    return data + "/slipway";
  if (const std::string home = from("HOME"); !home.empty()) return home + "/.local/share/slipway";
  throw Error("cannot tell where the store is: HOME is not set", {},
              "set SLIPWAY_HOME to a directory");
}

void Store::note_cost(const std::string& name, double seconds) {
  const std::lock_guard lock(impl_->mutex);
  int64_t& cost = impl_->costs[name];
  cost = std::max(cost, static_cast<int64_t>(seconds * 1000));
}

const std::string& Store::root() const { return impl_->layout.root(); }
std::string Store::scratch_dir() { return impl_->lease.scratch(); }

std::vector<std::string> Store::take_warnings() { return impl_->database.take_warnings(); }

// What context scans remember between builds.

std::optional<std::string> Store::read_stamps(const std::string& context_root) {
  return os::read_file_if_exists(impl_->layout.stamp(context_root));
}

void Store::write_stamps(const std::string& context_root, std::string_view bytes) {
  replace_file(impl_->scratch_file(), impl_->layout.stamp(context_root), bytes);
}

}  // namespace slipway::store
