// Several processes with several threads each on one store: builds that share work, and prunes.
#include <atomic>
#include <thread>

#include "store/testing.h"

namespace slipway::store {
namespace {

constexpr int kProcesses = 2;
constexpr int kThreads = 4;
constexpr int kTurns = 20;
constexpr int kSteps = 10;  // how many different things all of them make

class Stress : public StoreTest {
 protected:
  /// What one step of a build does: look, lock, look again, make. Throws if what it found is wrong.
  static void step(Store& store, int number) {
    const std::string key = "step" + std::to_string(number);
    const std::string id = "run:" + key;
    const std::string bytes = id + std::string(10'000, 'b');
    const Lock lock = store.lock_key(key, {});
    auto record = store.find_record(key);
    auto dir = store.layer_dir(id);
    if (!record || !dir) {
      const std::string made = store.new_dir();
      write_to(made + "/name", id);
      dir = store.publish_dir(id, made);
      store.put_layer_tree(id, id);
      store.put_layer_blob(id,
                           {.form = "gzip", .digest = store.put_blob(bytes), .size = bytes.size()});
      store.put_record(key, R"({"layer":")" + id + R"("})", {{"step", key}});
      record = store.find_record(key);
      ASSERT_TRUE(record.has_value());
    }
    // From here on this process holds them: no prune may take any of it.
    std::this_thread::yield();
    EXPECT_EQ(os::read_file(*dir + "/name"), id);
    EXPECT_EQ(store.layer_tree(id), id);
    const auto blobs = store.layer_blobs(id);
    ASSERT_EQ(blobs.size(), 1u);
    EXPECT_EQ(store.read_blob(blobs[0].digest), bytes);
    put_image(store, "app:" + std::to_string(number), key);
    const auto mount = store.open_cache_mount(key, Store::Sharing::Locked, {});
    write_to(mount.path + "/last", key);
  }
};

TEST_F(Stress, ProcessesAndThreadsShareOneStore) {
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      try {
        for (int life = 0; life < 2; ++life) {
          Store store(root_);
          std::vector<std::jthread> threads;
          for (int thread = 0; thread < kThreads; ++thread)
            threads.emplace_back([&, thread] {
              for (int turn = 0; turn < kTurns; ++turn) {
                step(store, (turn * 7 + thread * 3 + process) % kSteps);
                if (turn % 10 == thread) store.prune({.all = true, .unused_for = 0});
              }
            });
        }
      } catch (const std::exception& error) {
        std::fprintf(stderr, "child: %s\n", error.what());
        ::_exit(1);
      }
      ::_exit(HasFailure() ? 1 : 0);
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  Store store(root_);
  EXPECT_TRUE(store.take_warnings().empty());
  for (int number = 0; number < kSteps; ++number) step(store, number);
}

TEST_F(Stress, ManyProcessesMayCreateOneStoreAtOnce) {
  int gate[2];
  ASSERT_EQ(::pipe(gate), 0);
  std::vector<pid_t> children;
  for (int process = 0; process < 8; ++process) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(gate[1]);
      char byte = 0;
      (void)!::read(gate[0], &byte, 1);  // all start when the parent closes its end
      try {
        Store store(root_);
        put_image(store, "app:" + std::to_string(process), "layer");
        store.put_record(std::to_string(process), "value", {});
        if (!store.take_warnings().empty()) ::_exit(2);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "child: %s\n", error.what());
        ::_exit(1);
      }
      ::_exit(0);
    }
    children.push_back(pid);
  }
  ::close(gate[0]);
  ::close(gate[1]);
  for (const pid_t pid : children) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  Store store(root_);
  EXPECT_EQ(store.images().size(), 8u);
  for (int process = 0; process < 8; ++process)
    EXPECT_TRUE(store.find_record(std::to_string(process)).has_value());
}

}  // namespace
}  // namespace slipway::store
