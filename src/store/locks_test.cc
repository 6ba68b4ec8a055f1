#include "store/locks.h"

#include <atomic>
#include <thread>

#include "store/files.h"
#include "store/testing.h"

namespace slipway::store {
namespace {

class Locks : public StoreTest {
 protected:
  bool is_free(const std::string& key) const {
    return try_lock_key(Layout(root_).key_locks(), key).has_value();
  }
};

TEST_F(Locks, OneKeyIsHeldByOneThreadAtATime) {
  Store store(root_);
  std::atomic<int> inside = 0, most = 0, turns = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        for (int turn = 0; turn < 20; ++turn) {
          const Lock lock = store.lock_key("step", {});
          most = std::max(most.load(), ++inside);
          ++turns;
          --inside;
        }
      });
  }
  EXPECT_EQ(most, 1);
  EXPECT_EQ(turns, 160);
}

TEST_F(Locks, DifferentKeysDoNotWaitForEachOther) {
  Store store(root_);
  const Lock one = store.lock_key("one", {});
  const Lock two = store.lock_key("two", {});
  EXPECT_TRUE(one && two);
}

TEST_F(Locks, WhoWaitsCanBeCancelled) {
  Store store(root_);
  const Lock held = store.lock_key("step", {});
  std::stop_source stop;
  std::jthread waiter([&] { EXPECT_THROW(store.lock_key("step", stop.get_token()), Cancelled); });
  stop.request_stop();
}

TEST_F(Locks, OtherProcessesWaitToo) {
  Store store(root_);
  const Lock held = store.lock_key("step", {});
  EXPECT_TRUE(in_child([&] { EXPECT_FALSE(is_free("step")); }));
}

TEST_F(Locks, AReleasedLockIsFreeThoughAForkedChildStillHasItsDescriptor) {
  Store store(root_);
  Lock lock = store.lock_key("step", {});
  int gate[2];
  ASSERT_EQ(::pipe(gate), 0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(gate[1]);
    char byte = 0;
    (void)!::read(gate[0], &byte, 1);  // until the parent has looked
    ::_exit(0);
  }
  lock = Lock();
  EXPECT_TRUE(is_free("step"));
  ::close(gate[0]);
  ::close(gate[1]);
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
}

TEST_F(Locks, AMovedLockIsHeldOnce) {
  Store store(root_);
  Lock first = store.lock_key("step", {});
  Lock second = std::move(first);
  EXPECT_TRUE(second);
  EXPECT_FALSE(is_free("step"));
  second = Lock();
  EXPECT_TRUE(is_free("step"));
}

}  // namespace
}  // namespace slipway::store
