// The same steps for other callers. Where the test program is started by root, it starts itself
// again as a user with subordinate ids and as one without; those are then in a user namespace
// inside root's, as in a container.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>

#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "exec/ground.h"
#include "os/fs.h"
#include "os/process.h"

namespace slipway::exec {
namespace {

constexpr char kNobody[] = "nobody";
constexpr char kTests[] =
    "--gtest_filter=RunStep.ReportsTheExitCode:RunStep.LeavesUpperEmpty*:RunStep.KeepsOwners*:"
    "RunStep.RunsAsTheWantedUser:"
    "RunStep.AUserWhoIsNotMapped*:RunStep.HasDockers*:RunStep.HasTheUsualDevices:RunStep."
    "BindsFiles*:"
    "RunStep.ShowsTheTopmost*:RunStep.MarksARemoved*:RunStep.WithoutNetwork*:RunStep."
    "ACancelledStep*:RunStep.ManyRunAtOnce:"
    "RunStep.RunsForeignPrograms*";

/// The first user with ids in both files.
std::optional<std::string> user_with_subordinate_ids() {
  const std::string groups = os::read_file_if_exists("/etc/subgid").value_or("");
  for (const auto& line : split(os::read_file_if_exists("/etc/subuid").value_or(""), '\n')) {
    const std::string name = line.substr(0, line.find(':'));
    if (!name.empty() && ::getpwnam(name.c_str()) && ("\n" + groups).contains("\n" + name + ":"))
      return name;
  }
  return std::nullopt;
}

void expect_tests_pass_as(const std::string& user) {
  const passwd* entry = ::getpwnam(user.c_str());
  ASSERT_NE(entry, nullptr) << user;
  const os::Finished done =
      os::run({.argv = {"setpriv", "--reuid", std::to_string(entry->pw_uid), "--regid",
                        std::to_string(entry->pw_gid), "--clear-groups",
                        std::filesystem::read_symlink("/proc/self/exe").string(), kTests}});
  EXPECT_TRUE(done.ok()) << done.output << done.errors;
  EXPECT_THAT(done.output, testing::HasSubstr("[  PASSED  ]"));
}

class Callers : public testing::Test {
 protected:
  void SetUp() override {
    if (ground().ns.mapping != IdMapping::Root)
      GTEST_SKIP() << "only root can start programs as others";
  }
};

TEST_F(Callers, AUserWithSubordinateIdsCanRunSteps) {
  const auto user = user_with_subordinate_ids();
  if (!user) GTEST_SKIP() << "nobody has subordinate ids here";
  expect_tests_pass_as(*user);
}

TEST_F(Callers, AUserWithASingleIdCanRunSteps) { expect_tests_pass_as(kNobody); }

}  // namespace
}  // namespace slipway::exec
