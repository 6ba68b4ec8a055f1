// The dispatcher in front of the emulator: what a step's processes become, as the kernel sees it.
#include "exec/dispatch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "exec/foreign.h"
#include "exec/ground.h"
#include "exec/mounts.h"
#include "exec/sandbox.h"
#include "exec/step_fixture.h"

namespace slipway::exec {
namespace {

/// Gives busybox of this machine for /bin/twinned, with what the test sets as arguments, and remembers what it was asked.
class Busybox : public Substitutes {
 public:
  explicit Busybox(const std::string& folder)
      : file_(os::open_file("/bin/busybox", O_RDONLY)), mount_(clone_mount(folder, ReadOnly::Yes)) {}
  int mount() const override { return mount_.get(); }
  std::vector<std::pair<std::string, std::string>> shown() const override { return {{"/", "/dev/.slipway/twinlib"}}; }
  void begin(int root) override { has_root = root >= 0; }
  void end() override { has_ended = true; }
  std::optional<Substitute> find(const Execution& execution) noexcept override {
    asked.push_back(execution);
    if (execution.file != "/bin/twinned") return std::nullopt;
    return Substitute{.file = file_.get(), .argv = argv, .env = env};
  }
  bool is_one(dev_t device, ino_t inode) const override {
    struct stat st;
    return ::fstat(file_.get(), &st) == 0 && st.st_dev == device && st.st_ino == inode;
  }

  std::vector<Execution> asked;
  std::vector<std::string> argv, env;
  bool has_root = false, has_ended = false;

 private:
  os::UniqueFd file_, mount_;
};

/// Steps on a root with two programs of another architecture, which do nothing but exit with kProbeExitCode.
class Dispatched : public RunStep {
 protected:
  void SetUp() override {
    RunStep::SetUp();
    if (IsSkipped()) return;
    const oci::Platform foreign{"linux", oci::host_platform().arch == "arm64" ? "amd64" : "arm64", "", ""};
    try {
      enable_emulation({foreign});
    } catch (const Error& error) {
      GTEST_SKIP() << error.message();
    }
    if (!use_dispatcher()) GTEST_SKIP() << "another program watches system calls here";
    for (const char* name : {"bin/twinned", "bin/plain", "inner/bin/twinned"}) {
      write(std::string("base/") + name, probe_executable(*foreign_arch(foreign)));
      ASSERT_EQ(::chmod(path(std::string("base/") + name).c_str(), 0755), 0);
    }
    std::filesystem::copy_file(kBusybox, path("base/bin/chroot"));
    ASSERT_EQ(::symlink("twinned", path("base/bin/link").c_str()), 0);
    os::make_dirs(path("twin"));
    busybox.emplace(path("twin"));
  }
  std::optional<Busybox> busybox;
};

TEST_F(Dispatched, WithoutSubstitutesForeignProgramsRunInTheirEmulator) {
  EXPECT_EQ(sh("/bin/plain; echo $?; /bin/twinned").exit_code, kProbeExitCode);
  EXPECT_EQ(output, "42\n");
}

TEST_F(Dispatched, TheEmulatorWorksBelowAnotherRoot) {
  spec.substitutes = &*busybox;
  EXPECT_EQ(sh("exec chroot /inner /bin/twinned").exit_code, kProbeExitCode);
  EXPECT_TRUE(busybox->asked.empty()) << "what lies below another root has no twin";
}

TEST_F(Dispatched, AProgramThatMayNotBeReadRuns) {
  ASSERT_EQ(::chmod(path("base/bin/plain").c_str(), 0111), 0);
  if (ground().ns.mapping != IdMapping::Single) spec.user = "www";
  EXPECT_EQ(sh("/bin/plain").exit_code, kProbeExitCode);
}

TEST_F(Dispatched, ASubstituteRunsInPlaceOfTheForeignProgram) {
  spec.substitutes = &*busybox;
  busybox->argv = {"echo", "native", "words"};
  const RunResult result = sh("/bin/twinned a b && /bin/plain");
  EXPECT_EQ(output, "native words\n");
  EXPECT_EQ(result.exit_code, kProbeExitCode);
  EXPECT_TRUE(busybox->has_root && busybox->has_ended);
  EXPECT_TRUE(std::ranges::any_of(result.programs, [](const ProgramCost& cost) { return cost.is_twin; }));
}

TEST_F(Dispatched, TheQuestionSaysWhatIsExecuted) {
  spec.substitutes = &*busybox;
  busybox->argv = {"true"};
  sh("cd /var && K=v exec /bin/link one 'two words' ''");
  ASSERT_EQ(busybox->asked.size(), 1u);
  const Execution& asked = busybox->asked[0];
  EXPECT_EQ(asked.path, "/bin/link");
  EXPECT_EQ(asked.file, "/bin/twinned");
  EXPECT_THAT(asked.argv, testing::ElementsAre("/bin/link", "one", "two words", ""));
  EXPECT_THAT(asked.env, testing::Contains("K=v"));
  EXPECT_EQ(asked.working_directory, "/var");
  EXPECT_FALSE(asked.is_privileged);
}

TEST_F(Dispatched, VariablesOfTheAnswerReplaceThoseOfTheirName) {
  spec.substitutes = &*busybox;
  busybox->argv = {"env"};
  busybox->env = {"GOARCH=arm64"};
  sh("GOARCH=wrong KEPT=1 /bin/twinned");
  EXPECT_THAT(output, testing::HasSubstr("GOARCH=arm64\n"));
  EXPECT_THAT(output, testing::HasSubstr("KEPT=1\n"));
  EXPECT_THAT(output, testing::Not(testing::HasSubstr("wrong")));
}

TEST_F(Dispatched, LongArgumentsAndManyOfThemAreUnderstood) {
  spec.substitutes = &*busybox;
  busybox->argv = {"true"};
  sh("/bin/twinned $(seq 20000) " + std::string(100'000, 'x'));
  ASSERT_EQ(busybox->asked.size(), 1u);
  EXPECT_EQ(busybox->asked[0].argv.size(), 20002u);
  EXPECT_EQ(busybox->asked[0].argv.back().size(), 100'000u);
}

TEST_F(Dispatched, AnAnswerThatDoesNotFitIsTheEmulator) {
  spec.substitutes = &*busybox;
  busybox->argv = {"echo", std::string(40'000, 'x')};
  EXPECT_EQ(sh("/bin/twinned").exit_code, kProbeExitCode);
}

}  // namespace
}  // namespace slipway::exec
