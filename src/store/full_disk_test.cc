// A disk that fills up: every operation fails with an Error that says so, leaves nothing half-made
// in sight, and works again once there is room. On a small tmpfs in namespaces of a child process.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "os/fd.h"
#include "store/inventory.h"
#include "store/testing.h"

namespace slipway::store {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class FullDisk : public StoreTest {
 protected:
  static bool can_mount() {
    return in_child([] {
      if (!enter()) throw Error("no namespaces here");
    });
  }
  static bool enter() {
    const uid_t uid = ::getuid();
    const gid_t gid = ::getgid();
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    const auto put = [](const char* path, const std::string& text) {
      const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
      const bool ok = fd >= 0 && ::write(fd, text.data(), text.size()) > 0;
      ::close(fd);
      return ok;
    };
    return put("/proc/self/setgroups", "deny") &&
           put("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1") &&
           put("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1") &&
           ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  }
  void mount_small() {
    if (!enter()) throw Error("no namespaces here");
    os::make_dirs(disk_);
    if (::mount("tmpfs", disk_.c_str(), "tmpfs", 0, "size=4m,mode=0700") != 0)
      throw errno_error("mount a small file system");
  }
  /// Takes all room that is left; removing the file gives it back.
  std::string fill_up() {
    const std::string path = disk_ + "/ballast";
    const os::UniqueFd fd = os::open_file(path, O_WRONLY | O_CREAT);
    const std::string block(4096, 'x');
    while (::write(fd.get(), block.data(), block.size()) > 0) {
    }
    return path;
  }

  const std::string disk_ = os::clean_path(temp_.path() + "/disk");
  const std::string store_root_ = disk_ + "/store";
};

TEST_F(FullDisk, EveryWriteFailsWithTheReasonAndWorksAgainWithRoom) {
  if (!can_mount()) GTEST_SKIP() << "this machine does not let us mount a tmpfs in a namespace";
  EXPECT_TRUE(in_child([&] {
    mount_small();
    Store store(store_root_);
    put_image(store, "app:1", "layer");
    store.put_record("kept", "value", {});
    const std::string dir = store.new_dir();
    const std::string big(1'000'000, 'b');
    const std::string ballast = fill_up();

    EXPECT_THAT(message_of([&] { store.put_blob(big); }), HasSubstr("No space left"));
    EXPECT_THAT(message_of([&] { store.put_blob(big); }), HasSubstr("slipway prune"));
    EXPECT_THAT(message_of([&] { store.put_layer_tree("run:1", big); }),
                HasSubstr("No space left"));
    EXPECT_THAT(message_of([&] { store.write_stamps("context", big); }),
                HasSubstr("No space left"));
    EXPECT_THAT(message_of([&] { store.put_record("key", big, {}); }), HasSubstr("No space left"));
    EXPECT_THAT(message_of([&] {
                  for (int i = 0; i < 1000; ++i)
                    store.put_record("key" + std::to_string(i), "value", {});
                }),
                HasSubstr("No space left"));
    EXPECT_FALSE(store.has_blob(oci::Digest::of(big)));
    EXPECT_EQ(store.layer_tree("run:1"), std::nullopt);
    EXPECT_EQ(store.read_stamps("context"), std::nullopt);
    EXPECT_EQ(store.find_record("key"), std::nullopt);
    EXPECT_EQ(store.find_record("kept")->value, "value");
    EXPECT_EQ(store.images().size(), 1u);
    EXPECT_THAT(os::list_dir(store.scratch_dir()), IsEmpty());

    ASSERT_EQ(::unlink(ballast.c_str()), 0);
    EXPECT_TRUE(store.has_blob(store.put_blob(big)));
    store.put_record("key", big, {});
    EXPECT_EQ(store.find_record("key")->value, big);
    EXPECT_EQ(store.publish_dir("run:1", dir), dir);
    EXPECT_THAT(store.take_warnings(), IsEmpty());
  }));
}

TEST_F(FullDisk, PruneMakesRoom) {
  if (!can_mount()) GTEST_SKIP() << "this machine does not let us mount a tmpfs in a namespace";
  EXPECT_TRUE(in_child([&] {
    mount_small();
    {
      Store store(store_root_);
      for (int i = 0; i < 10; ++i) {
        const std::string id = "run:" + std::to_string(i);
        publish(store, id, 100'000);
        store.put_record(id, R"({"layer":")" + id + R"("})", {});
      }
    }
    const std::string ballast = fill_up();
    Store(store_root_).prune({.all = true});
    Store store(store_root_);
    EXPECT_THAT(store.take_warnings(), IsEmpty());
    EXPECT_THAT(os::list_dir(store_root_ + "/layers"), IsEmpty());
    EXPECT_EQ(store.find_record("run:1"), std::nullopt);
    store.put_blob(std::string(500'000, 'b'));
  }));
}

}  // namespace
}  // namespace slipway::store
