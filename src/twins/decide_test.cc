// Conditions, each with an execution for which it holds and one for which it does not.
#include "twins/decide.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace slipway::twins {
namespace {

struct Files {
  std::map<std::string, std::string> texts, owners;
  Surroundings surroundings() const {
    const auto find = [](const std::map<std::string, std::string>& in, const std::string& key) {
      const auto found = in.find(key);
      return found == in.end() ? std::nullopt : std::optional(found->second);
    };
    return {.text = [this, find](const std::string& path) { return find(texts, path); },
            .owner = [this, find](const std::string& path) { return find(owners, path); }};
  }
};

bool may_run(const std::string& package, const std::string& file, std::vector<std::string> argv,
             std::vector<std::string> env = {}, const Files& files = {}) {
  exec::Execution execution;
  execution.file = file;
  execution.argv = std::move(argv);
  execution.env = std::move(env);
  return std::ranges::any_of(find_rules(built_in_rules(), Grade::Exact, package, file),
                             [&](const Rule* rule) { return hold(*rule, execution, files.surroundings()); });
}

bool bash(std::vector<std::string> argv, const Files& files = {}) {
  argv.insert(argv.begin(), "bash");
  return may_run("bash", "/usr/bin/bash", std::move(argv), {}, files);
}

TEST(Decide, PreloadsAndLibraryPathsAreDoubtful) {
  exec::Execution execution;
  execution.env = {"PATH=/bin", "HOME=/root"};
  EXPECT_FALSE(has_doubtful_environment(execution));
  for (const char* variable : {"LD_PRELOAD=libfakeroot.so", "LD_AUDIT=/a.so", "LD_LIBRARY_PATH=/opt", "QEMU_STRACE=1",
                               "GLIBC_TUNABLES=x", "GCONV_PATH=/g"}) {
    execution.env = {"PATH=/bin", variable};
    EXPECT_TRUE(has_doubtful_environment(execution)) << variable;
  }
}

TEST(Decide, AProgramThatMayReadItselfIsEmulated) {
  const auto may = [](std::vector<std::string> argv, std::string directory = "/root") {
    exec::Execution execution;
    execution.argv = std::move(argv);
    execution.working_directory = std::move(directory);
    return may_look_at_itself(execution);
  };
  EXPECT_TRUE(may({"cp", "/proc/self/exe", "/copy"}));
  EXPECT_TRUE(may({"sh", "-c", "sha256sum </proc/self/exe"}));
  EXPECT_TRUE(may({"cp", "proc/self/exe", "/copy"}, "/"));
  EXPECT_TRUE(may({"cp", "exe", "/copy"}, "/proc/self"));
  EXPECT_FALSE(may({"cp", "/etc/passwd", "/copy"}));
  EXPECT_FALSE(may({"cp", "processor", "/copy"}));
}

TEST(Decide, SeqIsTwinnedForWholeNumbersOnly) {
  EXPECT_TRUE(may_run("coreutils", "/usr/bin/seq", {"seq", "1", "-1", "-5"}));
  EXPECT_FALSE(may_run("coreutils", "/usr/bin/seq", {"seq", "0", "0.1", "1"}));
  EXPECT_FALSE(may_run("coreutils", "/usr/bin/seq", {"seq", "-f", "%g", "3"}));
}

TEST(Decide, SortIsTwinnedUnlessItComparesLongDoubles) {
  EXPECT_TRUE(may_run("coreutils", "/usr/bin/sort", {"sort", "-u", "-k2,2n", "file"}));
  EXPECT_FALSE(may_run("coreutils", "/usr/bin/sort", {"sort", "-rg"}));
  EXPECT_FALSE(may_run("coreutils", "/usr/bin/sort", {"sort", "-k1,1g"}));
  EXPECT_FALSE(may_run("coreutils", "/usr/bin/sort", {"sort", "--sort=general-numeric"}));
}

TEST(Decide, BashIsTwinnedWhereAllItRunsCanBeSeen) {
  EXPECT_TRUE(bash({"-c", "set -e; for f in a b; do echo $f; done"}));
  EXPECT_TRUE(bash({"-euxo", "pipefail", "-c", "ls | wc -l"}));
  EXPECT_TRUE(bash({"/x.sh", "a"}, {.texts = {{"/x.sh", "#!/bin/bash\necho $1\n"}}, .owners = {}}));
  EXPECT_FALSE(bash({"/y.sh"})) << "the script cannot be read";
  EXPECT_FALSE(bash({})) << "the script comes from standard input";
  EXPECT_FALSE(bash({"-s"}));
  EXPECT_FALSE(bash({"-c", "echo $HOSTTYPE"}));
  EXPECT_FALSE(bash({"-c", "case $MACHTYPE in x*) ;; esac"}));
  EXPECT_FALSE(bash({"-c", "printf '%.3f' 1.5"}));
  EXPECT_FALSE(bash({"-c", "set -a\n. /etc/os-release"}));
  EXPECT_FALSE(bash({"-c", "source ./env"}));
  EXPECT_FALSE(bash({"--version"}));
}

TEST(Decide, PerlRunsKnownScriptsOnly) {
  const Files files{.texts = {}, .owners = {{"/usr/share/debconf/frontend", "debconf"}, {"/opt/x", "x"}}};
  const auto perl = [&](std::vector<std::string> argv, std::vector<std::string> env = {}) {
    argv.insert(argv.begin(), "perl");
    return may_run("perl-base", "/usr/bin/perl", std::move(argv), std::move(env), files);
  };
  EXPECT_TRUE(perl({"-w", "/usr/share/debconf/frontend", "/var/lib/dpkg/info/tzdata.config"}));
  EXPECT_FALSE(perl({"/opt/x"}));
  EXPECT_FALSE(perl({"-e", "print $^X"}));
  EXPECT_FALSE(perl({"-MConfig", "/usr/share/debconf/frontend"}));
  EXPECT_FALSE(perl({"/usr/share/debconf/frontend"}, {"PERL5LIB=/opt"}));
  EXPECT_FALSE(perl({}));
}

TEST(Decide, OpensslSumsAndCertificates) {
  EXPECT_TRUE(may_run("openssl", "/usr/bin/openssl", {"openssl", "rehash", "-v", "."}));
  EXPECT_TRUE(may_run("openssl", "/usr/bin/openssl", {"openssl", "dgst", "-sha256", "f"}));
  EXPECT_FALSE(may_run("openssl", "/usr/bin/openssl", {"openssl", "version", "-a"}));
  EXPECT_FALSE(may_run("openssl", "/usr/bin/openssl", {"openssl", "dgst", "-engine", "x", "f"}));
}

}  // namespace
}  // namespace slipway::twins
