#include <thread>

#include "store/testing.h"

namespace slipway::store {
namespace {

using Sharing = Store::Sharing;

class CacheMounts : public StoreTest {};

TEST_F(CacheMounts, KeepWhatWasLeftInThem) {
  for (const Sharing sharing : {Sharing::Shared, Sharing::Private, Sharing::Locked}) {
    Store store(root_);
    const auto mount = store.open_cache_mount("/root/.cache", sharing, {});
    const std::string left = mount.path + "/left";
    EXPECT_EQ(os::exists(left), sharing != Sharing::Shared);
    write_to(left, "x");
  }
}

TEST_F(CacheMounts, OfDifferentIdsAreDifferent) {
  Store store(root_);
  const auto one = store.open_cache_mount("one", Sharing::Shared, {});
  const auto two = store.open_cache_mount("../two", Sharing::Shared, {});
  EXPECT_NE(one.path, two.path);
  EXPECT_TRUE(two.path.starts_with(root_ + "/mounts/"));
}

TEST_F(CacheMounts, CannotNameTheCloneOfARepository) {
  Store store(root_);
  const auto clone = store.open_clone("https://host/repo.git", {});
  write_to(clone.path + "/config", "x");
  for (const char* id : {"https://host/repo.git", "git https://host/repo.git", "git-https://host/repo.git"})
    EXPECT_NE(store.open_cache_mount(id, Sharing::Shared, {}).path, clone.path) << id;
}

TEST_F(CacheMounts, TheCloneOfARepositoryStays) {
  Store store(root_);
  write_to(store.open_clone("remote", {}).path + "/HEAD", "x");
  EXPECT_TRUE(os::exists(store.open_clone("remote", {}).path + "/HEAD"));
  EXPECT_FALSE(os::exists(store.open_clone("other", {}).path + "/HEAD"));
}

TEST_F(CacheMounts, SharedOnesAreOneDirectory) {
  Store one(root_), two(root_);
  const auto first = one.open_cache_mount("id", Sharing::Shared, {});
  const auto second = two.open_cache_mount("id", Sharing::Shared, {});
  EXPECT_EQ(first.path, second.path);
}

TEST_F(CacheMounts, APrivateOneInUseIsNotGivenOutAgain) {
  Store store(root_);
  auto first = store.open_cache_mount("id", Sharing::Private, {});
  const auto second = store.open_cache_mount("id", Sharing::Private, {});
  const auto shared = store.open_cache_mount("id", Sharing::Shared, {});
  EXPECT_NE(first.path, second.path);
  EXPECT_NE(first.path, shared.path);
  EXPECT_NE(second.path, shared.path);
  const std::string path = first.path;
  first.lock = Lock();
  EXPECT_EQ(store.open_cache_mount("id", Sharing::Private, {}).path, path);
}

TEST_F(CacheMounts, ALockedOneIsWaitedFor) {
  Store store(root_);
  auto first = store.open_cache_mount("id", Sharing::Locked, {});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(store.open_cache_mount("id", Sharing::Locked, stop.get_token()), Cancelled);
  std::jthread waiter(
      [&] { EXPECT_EQ(store.open_cache_mount("id", Sharing::Locked, {}).path, first.path); });
  first.lock = Lock();
}

TEST_F(CacheMounts, ThoseInUseAreNotPruned) {
  Store store(root_);
  for (const Sharing sharing : {Sharing::Shared, Sharing::Private, Sharing::Locked}) {
    const auto mount = store.open_cache_mount("id", sharing, {});
    Store(root_).prune({.all = true});
    EXPECT_TRUE(os::exists(mount.path));
  }
  Store(root_).prune({.all = true});
  EXPECT_TRUE(os::list_dir(root_ + "/mounts").empty());
  EXPECT_TRUE(os::exists(store.open_cache_mount("id", Sharing::Shared, {}).path));
}

}  // namespace
}  // namespace slipway::store
