// A process that is killed at a random moment loses its unfinished work and nothing else.
#include <csignal>
#include <random>

#include "os/fd.h"
#include "store/inventory.h"
#include "store/testing.h"

namespace slipway::store {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr int kRounds = 50;
constexpr unsigned kMostOperations = 60;
constexpr unsigned kMostSpins = 300'000;  // moves the end to anywhere within an operation

class Killed : public StoreTest {
 protected:
  /// Everything a build does to a store, over and over, with content that says what it is.
  /// Says so on `progress` after each operation.
  [[noreturn]] void work(int round, int progress) {
    const auto done = [&] {
      if (::write(progress, "x", 1) != 1) ::_exit(2);
    };
    Store store(root_);
    done();
    for (int i = 0;; ++i) {
      const std::string name = std::to_string(round) + "-" + std::to_string(i);
      const std::string id = "run:" + name;
      const Lock lock = store.lock_key(id, {});
      const std::string dir = store.new_dir();
      done();
      write_to(dir + "/name", id);
      store.publish_dir(id, dir);
      done();
      store.put_layer_tree(id, id);
      done();
      const oci::Digest digest = store.put_blob(id + std::string(50'000, 'b'));
      done();
      store.put_layer_blob(id, {.form = "gzip", .digest = digest, .size = 1});
      store.put_record(name, R"({"layer":")" + id + R"("})", {{"name", name}});
      done();
      put_image(store, "app:" + std::to_string(i % 3), name);
      done();
      store.open_cache_mount("mount", Store::Sharing::Private, {});
      store.write_stamps("context", name);
      done();
      if (i % 3 == 2) store.prune({.max_bytes = 1'000'000});
      done();
    }
  }

  /// Every row has its file, every file its right content, and nothing half-made is left.
  void expect_consistent() {
    Store store(root_);
    ASSERT_THAT(store.take_warnings(), IsEmpty());
    const Inventory all = [&] {
      Store::Impl impl(root_);
      return take_inventory(impl);
    }();
    for (const auto& layer : all.layers) {
      if (layer.directory) {
        EXPECT_EQ(os::read_file(store.layer_dir(layer.id).value() + "/name"), layer.id);
      }
      if (const auto tree = store.layer_tree(layer.id)) {
        EXPECT_EQ(*tree, layer.id);
      }
      for (const auto& blob : store.layer_blobs(layer.id)) {
        ASSERT_TRUE(store.has_blob(blob.digest));
        EXPECT_TRUE(store.read_blob(blob.digest).starts_with(layer.id + "b"));
      }
    }
    for (const auto& record : all.records) {
      const auto found = store.find_record(record.key);
      ASSERT_TRUE(found.has_value());
      EXPECT_EQ(found->parts, (KeyParts{{"name", record.key}}));
      EXPECT_THAT(record.layers, SizeIs(1)) << "prune took the layer and left the record";
    }
    for (const auto& [hex, blob] : all.blobs)
      (void)store.read_blob(oci::Digest::parse_or_throw("sha256:" + hex));
    for (const auto& image : store.images()) {
      const auto manifest = oci::parse_manifest(store.read_blob(image.descriptor.digest), "m");
      EXPECT_TRUE(store.has_blob(manifest.config.digest));
      EXPECT_TRUE(store.has_blob(manifest.layers.at(0).digest));
    }
    EXPECT_THAT(os::list_dir(root_ + "/tmp"), SizeIs(1));
    EXPECT_THAT(os::list_dir(store.scratch_dir()), IsEmpty());
    EXPECT_THAT(os::list_dir(root_ + "/leases"), SizeIs(1));
  }

  static Store::Impl& impl_of(Store& store);
};

TEST_F(Killed, AtAnyMomentLeavesAConsistentStore) {
  std::mt19937 random(1);
  for (int round = 0; round < kRounds && !HasFailure(); ++round) {
    int progress[2];
    ASSERT_EQ(::pipe(progress), 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
      try {
        work(round, progress[1]);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "child: %s\n", error.what());
      }
      ::_exit(1);
    }
    ::close(progress[1]);
    const os::UniqueFd listen(progress[0]);
    char byte = 0;
    for (unsigned left = random() % kMostOperations; left > 0; --left)
      ASSERT_EQ(::read(listen.get(), &byte, 1), 1) << "the child failed before it was killed";
    for (volatile unsigned spins = random() % kMostSpins; spins > 0;) spins = spins - 1;
    ::kill(pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    expect_consistent();
  }
  Store store(root_);
  EXPECT_FALSE(store.images().empty()) << "no child came far enough to test anything";
}

}  // namespace
}  // namespace slipway::store
