// Machines that meet: against a registry in memory that misbehaves on demand, and the real one.
#include "joins/meeting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "joins/test_images.h"
#include "testing/docker_registry.h"
#include "testing/fake_registry.h"

namespace slipway::joins {
namespace {

using slipway::testing::DockerRegistry;
using slipway::testing::Exchange;
using slipway::testing::FakeRegistry;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<std::string> kPlatforms = {"linux/amd64", "linux/arm64", "linux/riscv64"};

class Meeting : public JoinFixture {
 protected:
  static Plan plan_of(const std::string& host, const char* id = "run-1",
                      const std::vector<std::string>& expected = kPlatforms) {
    Plan plan{.target = registry::parse_reference(host + "/team/app:1"), .id = id, .expected = {}};
    for (const auto& text : expected) plan.expected.push_back(oci::parse_platform(text));
    return plan;
  }

  /// What one machine does: pushes its image and attestation, enters them, publishes if it is the
  /// last.
  State build(const Plan& plan, const std::string& text, int round = 0) {
    registry::Client client(options());
    const oci::Platform own = oci::parse_platform(text);
    const auto image = push_image(client, plan.target, own, round);
    const auto note = push_attestation(client, plan.target, image);
    Fragment fragment = fragment_of(plan, {own}, index_of({image, note}), "test");
    fragment.from = "machine of " + text;
    enter(client, fragment, {});
    return settle(client, plan, false, {});
  }

  /// The index that one machine with all platforms would push.
  std::string whole(const Plan& plan, int round = 0) {
    registry::Client client(options());
    std::vector<oci::Descriptor> entries, notes;
    for (const auto& platform : plan.expected) {
      entries.push_back(push_image(client, plan.target, platform, round));
      notes.push_back(push_attestation(client, plan.target, entries.back()));
    }
    entries.insert(entries.end(), notes.begin(), notes.end());
    return index_of(entries);
  }

  std::string published(const Plan& plan) {
    registry::Client client(options());
    const auto document = client.fetch_pushed(plan.target);
    return document ? document->bytes : "";
  }
};

TEST_F(Meeting, TheLastMachinePublishesInEveryOrder) {
  std::vector<std::string> order = kPlatforms;
  std::ranges::sort(order);
  int orders = 0;
  do {
    FakeRegistry registry;
    const Plan plan = plan_of(registry.host());
    for (size_t i = 0; i < order.size(); ++i) {
      const State state = build(plan, order[i]);
      EXPECT_EQ(missing(state.slots).size(), order.size() - 1 - i);
      EXPECT_EQ(state.is_published, i + 1 == order.size());
      EXPECT_EQ(published(plan).empty(), i + 1 < order.size());
    }
    EXPECT_EQ(published(plan), whole(plan));
    EXPECT_EQ(registry.count("PUT", "/manifests/1.join-"), 6);  // a tag and the head for each
    ++orders;
  } while (std::ranges::next_permutation(order).found);
  EXPECT_EQ(orders, 6);
}

TEST_F(Meeting, TheRealRegistryServesAsWell) {
  const auto registry = DockerRegistry::start();
  if (!registry) GTEST_SKIP() << "docker-registry is not installed";
  const Plan plan = plan_of(registry->host());
  EXPECT_FALSE(build(plan, "linux/riscv64").is_published);
  EXPECT_FALSE(build(plan, "linux/amd64").is_published);
  EXPECT_TRUE(build(plan, "linux/arm64").is_published);
  EXPECT_EQ(published(plan), whole(plan));
  registry::Client client(options());
  EXPECT_EQ(joins_of(client, plan.target, {}).size(), 1u);
  abandon(client, plan, {});
  EXPECT_TRUE(joins_of(client, plan.target, {}).empty());
  EXPECT_EQ(published(plan), whole(plan));
}

TEST_F(Meeting, ARunAgainReplacesItsOwnFragmentAndPublishesAgain) {
  FakeRegistry registry;
  const Plan plan = plan_of(registry.host());
  for (const auto& text : kPlatforms) build(plan, text);
  const int before = registry.count("PUT", "/manifests/1");
  EXPECT_TRUE(build(plan, "linux/arm64").is_published);
  // The same again publishes nothing: only the fragment's two tags are written.
  EXPECT_EQ(registry.count("PUT", "/manifests/1"), before + 2);
  EXPECT_TRUE(build(plan, "linux/arm64", 1).is_published);
  EXPECT_NE(published(plan), whole(plan));
  for (const auto& text : kPlatforms) build(plan, text, 1);
  EXPECT_EQ(published(plan), whole(plan, 1));
}

TEST_F(Meeting, AMachineThatDiedBeforeItsFragmentIsWaitedForAndRunAgain) {
  FakeRegistry registry;
  const Plan plan = plan_of(registry.host());
  build(plan, "linux/amd64");
  {
    // It pushed its image and came no further.
    registry::Client client(options());
    push_image(client, plan.target, platform("linux/arm64"));
  }
  EXPECT_THAT(missing(build(plan, "linux/riscv64").slots), ElementsAre(platform("linux/arm64")));
  EXPECT_EQ(published(plan), "");
  EXPECT_TRUE(build(plan, "linux/arm64").is_published);
  EXPECT_EQ(published(plan), whole(plan));
}

TEST_F(Meeting, WhoFinishesTogetherPublishesTheSame) {
  for (int round = 0; round < 10; ++round) {
    FakeRegistry registry;
    const Plan plan = plan_of(registry.host());
    std::mutex mutex;
    std::set<std::string> published_bytes;
    registry.intercept([&](Exchange& exchange) {
      if (exchange.request().method != "PUT" || !exchange.request().path.ends_with("/manifests/1"))
        return false;
      const std::string bytes = exchange.read_body();
      {
        const std::lock_guard lock(mutex);
        published_bytes.insert(bytes);
      }
      const auto digest = registry.put_manifest("team/app", "1", std::string(oci::kIndex), bytes);
      exchange.reply(201, {{"Docker-Content-Digest", digest.str()}});
      return true;
    });
    int publishers = 0;
    {
      std::vector<std::jthread> machines;
      for (const auto& text : kPlatforms)
        machines.emplace_back([&, text] {
          if (!build(plan, text).is_published) return;
          const std::lock_guard lock(mutex);
          ++publishers;
        });
    }
    EXPECT_GE(publishers, 1);
    EXPECT_EQ(published_bytes.size(), 1u);
    EXPECT_EQ(published(plan), whole(plan));
  }
}

TEST_F(Meeting, AFragmentThatIsReplacedWhileSomebodyPublishesIsNotLost) {
  FakeRegistry registry;
  const Plan plan = plan_of(registry.host());
  build(plan, "linux/amd64");
  build(plan, "linux/arm64");
  bool is_replaced = false;
  registry.intercept([&](Exchange& exchange) {
    if (is_replaced || exchange.request().method != "PUT" ||
        !exchange.request().path.ends_with("/manifests/1"))
      return false;
    // At this moment the arm64 machine's second run enters its fragment, and dies.
    is_replaced = true;
    registry::Client client(options());
    const auto image = push_image(client, plan.target, platform("linux/arm64"), 1);
    enter(client, fragment_of(plan, {platform("linux/arm64")}, index_of({image}), "test"), {});
    return false;
  });
  EXPECT_TRUE(build(plan, "linux/riscv64").is_published);
  registry::Client client(options());
  EXPECT_TRUE(look(client, plan, {}).is_published);
}

TEST_F(Meeting, LostConnectionsAreTriedAgain) {
  FakeRegistry registry;
  const Plan plan = plan_of(registry.host());
  // Every second request for a manifest is dropped; of a PUT only the answer, half of the times.
  std::mutex mutex;
  std::map<std::string, int> seen;
  registry.intercept([&](Exchange& exchange) {
    const std::string what = exchange.request().method + exchange.request().path;
    if (!what.contains("/manifests/")) return false;
    int count = 0;
    {
      const std::lock_guard lock(mutex);
      count = seen[what]++;
    }
    if (count % 2 == 1) return false;
    if (exchange.request().method == "PUT" && count % 4 == 0) {
      const std::string path = exchange.request().path;
      registry.put_manifest("team/app", path.substr(path.rfind('/') + 1),
                            exchange.request().header("content-type"), exchange.read_body());
    }
    exchange.drop();
    return true;
  });
  for (const auto& text : kPlatforms) build(plan, text);
  registry.intercept({});
  EXPECT_EQ(published(plan), whole(plan));
}

TEST_F(Meeting, OthersThatExpectSomethingElseAreAnErrorForOneAtLeast) {
  FakeRegistry registry;
  const Plan mine = plan_of(registry.host(), "run-1", {"linux/amd64", "linux/arm64"});
  const Plan theirs = plan_of(registry.host());
  build(mine, "linux/amd64");
  EXPECT_THAT(error_text([&] { build(theirs, "linux/riscv64"); }),
              HasSubstr("machine of linux/amd64 expects linux/amd64, linux/arm64"));
  // Other runs of the same tag do not care.
  build(plan_of(registry.host(), "run-2"), "linux/riscv64");
  EXPECT_TRUE(build(mine, "linux/arm64").is_published);
  // Somebody who looked before the other was there finds his fragments at the end.
  registry::Client client(options());
  EXPECT_THAT(error_text([&] { settle(client, theirs, false, {}); }), HasSubstr("do not agree"));
}

TEST_F(Meeting, FinishingPublishesWhatIsThereOnlyIfAsked) {
  FakeRegistry registry;
  const Plan plan = plan_of(registry.host());
  build(plan, "linux/arm64");
  registry::Client client(options());
  EXPECT_FALSE(settle(client, plan, false, {}).is_published);
  EXPECT_EQ(published(plan), "");
  EXPECT_TRUE(settle(client, plan, true, {}).is_published);
  EXPECT_EQ(oci::parse_index(published(plan), "x").manifests.size(), 2u);
  EXPECT_FALSE(settle(client, plan_of(registry.host(), "run-9"), true, {}).is_published);
}

TEST_F(Meeting, AnAbandonedJoinIsForgottenWhateverTheRegistryRemoves) {
  for (const auto deletes : {FakeRegistry::Deletes::All, FakeRegistry::Deletes::Digests,
                             FakeRegistry::Deletes::Nothing}) {
    FakeRegistry registry;
    registry.allow_deletes(deletes);
    const Plan plan = plan_of(registry.host());
    build(plan, "linux/amd64");
    registry::Client client(options());
    EXPECT_EQ(find_join(client, plan.target, "run-1", {})->expected, plan.expected);
    abandon(client, plan, {});
    EXPECT_FALSE(find_join(client, plan.target, "run-1", {}));
    EXPECT_EQ(missing(look(client, plan, {}).slots).size(), 3u);
    // Other expectations are no disagreement any more.
    const Plan other = plan_of(registry.host(), "run-1", {"linux/amd64"});
    EXPECT_TRUE(build(other, "linux/amd64").is_published);
  }
}

TEST_F(Meeting, JoinsOfATagAreFoundOnManyPages) {
  FakeRegistry registry;
  registry.set_page_size(2);
  std::vector<std::string> wanted;
  for (const char* id : {"run-1", "run-2", "run-3"}) build(plan_of(registry.host(), id), "linux/amd64");
  registry::Client client(options());
  std::set<std::string> ids;
  for (const auto& plan : joins_of(client, plan_of(registry.host()).target, {})) ids.insert(plan.id);
  EXPECT_EQ(ids, (std::set<std::string>{"run-1", "run-2", "run-3"}));
}

}  // namespace
}  // namespace slipway::joins
