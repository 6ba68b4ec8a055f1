#include "exec/ssh_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "os/fs.h"
#include "os/process.h"

namespace slipway::exec {
namespace {

using testing::HasSubstr;

class Ssh : public testing::Test {
 protected:
  void SetUp() override {
    if (!os::find_program("ssh-agent") || !os::find_program("ssh-keygen"))
      GTEST_SKIP() << "OpenSSH is not installed";
  }
  std::string make_key(const std::string& name, const std::string& passphrase) {
    const std::string key = temp_.path() + "/" + name;
    EXPECT_TRUE(os::run({.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-C", name, "-N", passphrase,
                                  "-f", key},
                         .env = {},
                         .cwd = {},
                         .input = {}})
                    .ok());
    return key;
  }
  static std::string keys_at(const std::string& socket) {
    return os::run({.argv = {"ssh-add", "-L"},
                    .env = std::vector<std::string>{"SSH_AUTH_SOCK=" + socket},
                    .cwd = {},
                    .input = {}})
        .output;
  }
  os::TempDir temp_{"/tmp", "ssh-"};  // sockets need short paths
};

TEST_F(Ssh, AStepReachesTheKeysThroughTheRelay) {
  const KeyAgent agent(temp_.path() + "/agent", {make_key("one", ""), make_key("two", "")});
  const std::string socket = temp_.path() + "/relay";
  const AgentRelay relay(socket, temp_.path() + "/agent", 0600, 0, 0);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(keys_at(socket), AllOf(HasSubstr(" one"), HasSubstr(" two")));
  struct stat st{};
  ASSERT_EQ(::stat(socket.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0600u);
}

TEST_F(Ssh, AKeyWithAPassphraseIsRefusedWithTheWayOut) {
  const std::string key = make_key("locked", "secret");
  try {
    const KeyAgent agent(temp_.path() + "/agent", {key});
    FAIL() << "the key should not have been usable";
  } catch (const Error& error) {
    EXPECT_THAT(error.render(), AllOf(HasSubstr(key), HasSubstr("passphrase")));
  }
}

TEST_F(Ssh, TheAgentEndsWithItsObject) {
  const std::string socket = temp_.path() + "/agent";
  { const KeyAgent agent(socket, {make_key("one", "")}); }
  EXPECT_EQ(keys_at(socket), "");
}

}  // namespace
}  // namespace slipway::exec
