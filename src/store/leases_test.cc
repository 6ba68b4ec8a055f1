#include "store/leases.h"

#include <csignal>

#include "store/locks.h"
#include "store/testing.h"

namespace slipway::store {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class Leases : public StoreTest {
 protected:
  /// Runs `body` in a child that then dies without a word.
  void die_after(const std::function<void()>& body) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      body();
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
  }
};

TEST_F(Leases, WhatADeadProcessLeftIsSweptByTheNext) {
  die_after([&] {
    auto* store = new Store(root_);
    publish(*store, "run:kept");
    write_to(store->new_dir() + "/half", "x");
    store->new_blob().release();
    write_to(store->scratch_dir() + "/scratch", "x");
    new Lock(store->lock_key("step", {}));
  });
  ASSERT_THAT(os::list_dir(root_ + "/layers"), SizeIs(2));
  ASSERT_THAT(os::list_dir(root_ + "/tmp"), SizeIs(1));
  Store store(root_);
  EXPECT_NE(store.layer_dir("run:kept"), std::nullopt);
  EXPECT_THAT(os::list_dir(root_ + "/layers"), SizeIs(1));
  EXPECT_THAT(os::list_dir(root_ + "/leases"), SizeIs(1));
  EXPECT_THAT(os::list_dir(store.scratch_dir()), IsEmpty());
  EXPECT_THAT(os::list_dir(root_ + "/tmp"), SizeIs(1));
  EXPECT_TRUE(try_lock_key(Layout(root_).key_locks(), "step").has_value());
}

TEST_F(Leases, WhatALiveProcessMakesIsLeftAlone) {
  Store store(root_);
  const std::string dir = store.new_dir();
  const auto writer = store.new_blob();
  die_after([&] { new Store(root_); });
  {
    Store other(root_);
  }
  EXPECT_TRUE(os::exists(dir));
  EXPECT_THAT(os::list_dir(store.scratch_dir()), SizeIs(1));
  EXPECT_EQ(store.publish_dir("run:1", dir), dir);
  Store(root_).prune({.all = true});
  EXPECT_EQ(store.layer_dir("run:1"), dir);
}

TEST_F(Leases, AMarkIsWrittenOnceAndReadByOthers) {
  Store store(root_);
  const Layout layout(root_);
  Lease lease(layout);
  lease.hold("x1");
  lease.hold("x1");
  lease.hold("x2");
  EXPECT_EQ(os::read_file(root_ + "/leases/" + lease.name()), "x1\nx2\n");
  const Marks marks = marks_of_the_living(layout);
  EXPECT_TRUE(marks.contains("x1") && marks.contains("x2"));
}

TEST_F(Leases, NothingIsLeftOfAProcessThatEnds) {
  {
    Store store(root_);
    store.put_record("key", "1", {});
  }
  EXPECT_THAT(os::list_dir(root_ + "/leases"), IsEmpty());
  EXPECT_THAT(os::list_dir(root_ + "/tmp"), IsEmpty());
}

}  // namespace
}  // namespace slipway::store
