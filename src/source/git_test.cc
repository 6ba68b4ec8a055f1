#include "source/git.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <memory>

#include "base/text.h"
#include "os/fs.h"
#include "os/process.h"
#include "testing/http_server.h"
#include "tree/copy.h"

namespace slipway::source {
namespace {

/// A repository, and a server for it on loopback that speaks git's smart protocol (through git's
/// own CGI program) or serves plain files.
class GitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!os::find_program("git")) GTEST_SKIP() << "git is not installed";
    sh("git init -q -b main repo.git && cd repo.git && printf one >file && mkdir dir && printf "
       "'#!/bin/sh\\n' >dir/run &&"
       " chmod 755 dir/run && ln -s ../file dir/link && git add . && git commit -qm one");
    server_ = std::make_unique<testing::HttpServer>(
        [this](testing::Exchange& exchange) { answer(exchange); });
    store_ = std::make_unique<store::Store>(dir_.path() + "/store");
  }

  /// A shell command in the test's folder; what it prints, without the final newline.
  std::string sh(const std::string& script) {
    os::Command command;
    command.argv = {"/bin/sh", "-euc", script};
    command.cwd = dir_.path();
    const char* path = ::getenv("PATH");
    command.env = {{std::string("PATH=") + (path ? path : "/usr/bin:/bin"), "HOME=/dev/null",
                    "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@a",
                    "GIT_COMMITTER_NAME=c", "GIT_COMMITTER_EMAIL=c@c",
                    "GIT_AUTHOR_DATE=@1000000000 +0000", "GIT_COMMITTER_DATE=@1500000000 +0000"}};
    const os::Finished done = os::run(command);
    EXPECT_TRUE(done.ok()) << script << "\n" << done.errors;
    return std::string(trim(done.output));
  }
  std::string commit_of(const std::string& ref) {
    return sh("git -C repo.git rev-parse '" + ref + "'");
  }

  std::string url(const std::string& rest = "") const {
    return server_->url() + "/repo.git" + rest;
  }
  static GitSource source(const std::string& text, bool keep_git_dir = false) {
    return {.url = dockerfile::parse_git_url(text).value(), .keep_git_dir = keep_git_dir};
  }
  Git git() { return Git(*store_, access_, 2, {}); }
  Snapshot files(const std::string& text, bool keep_git_dir = false) {
    const GitSource wanted = source(text, keep_git_dir);
    return git().files(wanted, git().resolve(wanted));
  }
  std::string message_of(const std::string& text) {
    try {
      files(text);
    } catch (const Error& e) {
      return e.render();
    }
    return "";
  }
  /// "path mode" of each entry but the root, one a line.
  static std::string listing(const Snapshot& snapshot) {
    std::string out;
    for (const auto& entry : snapshot.files->entries()) {
      if (entry.path.empty() || entry.path.starts_with(".git/")) continue;
      out += fmt::format("{} {:o}{}\n", entry.path, entry.mode,
                         entry.link.empty() ? "" : " -> " + entry.link);
    }
    return out;
  }
  void new_store() {
    store_ = std::make_unique<store::Store>(dir_.path() + "/store" + std::to_string(++stores_));
  }

  os::TempDir dir_{::testing::TempDir(), "git-"};
  std::unique_ptr<store::Store> store_;
  GitAccess access_;
  std::string wanted_header_;          // of Authorization; others get 401
  std::atomic<bool> is_dumb_ = false;  // plain files
  std::atomic<int> posts_ = 0;         // transfers of objects or lists of refs

 private:
  void answer(testing::Exchange& exchange) {
    const auto& request = exchange.request();
    if (!wanted_header_.empty() && request.header("authorization") != wanted_header_)
      return exchange.reply(401, {{"WWW-Authenticate", "Basic realm=x"}});
    if (is_dumb_) {
      const auto file = os::read_file_if_exists(dir_.path() + request.path);
      return file ? exchange.reply(200, {}, *file) : exchange.reply(404);
    }
    const size_t mark = request.target.find('?');
    const std::string body = exchange.read_body();
    if (request.method == "POST") ++posts_;
    os::Command backend;
    backend.argv = {"git", "http-backend"};
    const char* path = ::getenv("PATH");
    backend.env = {
        {std::string("PATH=") + (path ? path : "/usr/bin:/bin"), "GIT_PROJECT_ROOT=" + dir_.path(),
         "GIT_HTTP_EXPORT_ALL=1", "REQUEST_METHOD=" + request.method, "PATH_INFO=" + request.path,
         "QUERY_STRING=" + (mark == std::string::npos ? "" : request.target.substr(mark + 1)),
         "CONTENT_TYPE=" + request.header("content-type"),
         "CONTENT_LENGTH=" + std::to_string(body.size()),
         "HTTP_CONTENT_ENCODING=" + request.header("content-encoding"),
         "GIT_PROTOCOL=" + request.header("git-protocol"), "REMOTE_ADDR=127.0.0.1",
         "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"}};
    backend.input = body;
    const std::string out = os::run(backend).output;
    const size_t end = out.find("\r\n\r\n");
    int status = 200;
    testing::Exchange::Fields fields;
    for (const auto& line : split(out.substr(0, end), '\n')) {
      const size_t colon = line.find(": ");
      if (colon == std::string::npos) continue;
      const std::string value(trim(line.substr(colon + 2)));
      if (line.starts_with("Status"))
        status = std::stoi(value);
      else
        fields.emplace_back(line.substr(0, colon), value);
    }
    exchange.reply(status, fields,
                   end == std::string::npos ? "" : std::string_view(out).substr(end + 4));
  }

  std::unique_ptr<testing::HttpServer> server_;
  int stores_ = 0;

 protected:
  void stop_server() { server_->stop(); }
};

const std::string kFiles = "dir 755\ndir/link 777 -> ../file\ndir/run 755\nfile 644\n";

TEST_F(GitTest, TheDefaultBranchIsWhatTheServerSays) {
  const GitCommit commit = git().resolve(source(url()));
  EXPECT_EQ(commit.ref, "refs/heads/main");
  EXPECT_EQ(commit.commit, commit_of("HEAD"));
  EXPECT_EQ(listing(files(url())), kFiles);
}

TEST_F(GitTest, RefsAreBranchesTagsAndFullNames) {
  sh("cd repo.git && git tag light && git tag -am x heavy && git branch side/way && git update-ref "
     "refs/pull/7/head HEAD");
  const std::string commit = commit_of("HEAD");
  EXPECT_EQ(git().resolve(source(url("#light"))).ref, "refs/tags/light");
  EXPECT_EQ(git().resolve(source(url("#heavy"))).object, commit_of("heavy"));
  EXPECT_EQ(git().resolve(source(url("#heavy"))).commit, commit);
  EXPECT_EQ(git().resolve(source(url("#side/way"))).ref, "refs/heads/side/way");
  EXPECT_EQ(git().resolve(source(url("#heads/main"))).commit, commit);
  EXPECT_EQ(git().resolve(source(url("#refs/pull/7/head"))).commit, commit);
  for (const char* ref :
       {"#light", "#heavy", "#side/way", "#refs/pull/7/head", "?tag=heavy", "?branch=main"})
    EXPECT_EQ(listing(files(url(ref))), kFiles) << ref;
}

TEST_F(GitTest, ABranchWinsOverATagOfItsName) {
  sh("cd repo.git && git tag both && git commit -q --allow-empty -m two && git branch both");
  EXPECT_EQ(git().resolve(source(url("#both"))).commit, commit_of("refs/heads/both"));
  EXPECT_EQ(git().resolve(source(url("?tag=both"))).commit, commit_of("refs/tags/both"));
}

TEST_F(GitTest, AWholeCommitNeedsNoServerOnceItsFilesAreHere) {
  const std::string at = url("#" + commit_of("HEAD"));
  files(at);
  stop_server();
  EXPECT_EQ(listing(files(at)), kFiles);
}

TEST_F(GitTest, ResolvingTransfersNoObjects) {
  git().resolve(source(url("#main")));
  EXPECT_LE(posts_, 1);  // the list of refs
  EXPECT_FALSE(find_snapshot(*store_, "git:" + commit_of("HEAD")));
}

TEST_F(GitTest, FilesAreTheSameWhateverTheUmaskAndTheHour) {
  const mode_t before = ::umask(077);
  const Snapshot strict = files(url());
  ::umask(before);
  new_store();
  const Snapshot usual = files(url());
  EXPECT_EQ(tree::tree_digest(*strict.files), tree::tree_digest(*usual.files));
  EXPECT_EQ(strict.files->find("file")->mtime_ns, tree::kNeutralTime * 1'000'000'000);
  struct stat st{};
  ASSERT_EQ(::stat((strict.dir + "/file").c_str(), &st), 0);
  EXPECT_EQ(st.st_mtim.tv_sec, tree::kNeutralTime);
  EXPECT_EQ(st.st_mode & 0777, 0644u);
}

TEST_F(GitTest, FilesMayHaveTheCommitsTime) {
  const Snapshot snapshot = files(url("?mtime=commit"));
  EXPECT_EQ(snapshot.files->find("file")->mtime_ns, 1'500'000'000'000'000'000);
  EXPECT_EQ(git().time_of(git().resolve(source(url()))), 1'500'000'000);
}

TEST_F(GitTest, ALaterCommitIsFetchedOnTopOfTheClone) {
  files(url());
  sh("cd repo.git && printf two >file && git commit -qam two");
  EXPECT_EQ(read_file(files(url()), "file", 100), "two");
  sh("cd repo.git && git reset -q --hard HEAD~1 && printf three >file && git commit -qam three");
  EXPECT_EQ(read_file(files(url()), "file", 100), "three");
}

TEST_F(GitTest, RefsThatBecomeFoldersAndTagsThatMoveAreFollowed) {
  sh("cd repo.git && git branch a && git tag -am x t");
  files(url("#a"));
  files(url("#t"));
  sh("cd repo.git && git branch -D a && printf two >file && git commit -qam two && git branch a/b "
     "&& git tag -fam x t");
  EXPECT_EQ(read_file(files(url("#a/b")), "file", 100), "two");
  EXPECT_EQ(read_file(files(url("#t")), "file", 100), "two");
}

TEST_F(GitTest, ACommitThatNoRefNamesAnyMoreIsFoundInTheHistory) {
  const std::string old = commit_of("HEAD");
  sh("cd repo.git && printf two >file && git commit -qam two");
  EXPECT_EQ(read_file(files(url("#" + old)), "file", 100), "one");
}

TEST_F(GitTest, PlainFileServersWork) {
  const std::string old = commit_of("HEAD");
  sh("cd repo.git && printf two >file && git commit -qam two && cd .. && git clone -q --bare "
     "repo.git dumb.git &&"
     " git -C dumb.git update-server-info && rm -rf repo.git && mv dumb.git repo.git");
  is_dumb_ = true;
  EXPECT_EQ(read_file(files(url()), "file", 100), "two");
  EXPECT_EQ(read_file(files(url("#" + old)), "file", 100), "one");
}

TEST_F(GitTest, ADamagedCloneIsMadeAnew) {
  files(url());
  sh("printf two >repo.git/file && git -C repo.git commit -qam two");
  const std::string clone = store_->open_clone(url(), {}).path + "/repository";
  sh("find '" + clone + "' -name '*.pack' -exec chmod u+w {} + -exec truncate -s 20 {} +; touch '" +
     clone + "/shallow.lock'");
  EXPECT_EQ(read_file(files(url()), "file", 100), "two");
}

TEST_F(GitTest, ADirectoryOfTheRepositoryIsTheRoot) {
  EXPECT_EQ(listing(files(url("#main:dir"))), "link 777 -> ../file\nrun 755\n");
  EXPECT_EQ(listing(files(url("?subdir=dir"))), "link 777 -> ../file\nrun 755\n");
}

TEST_F(GitTest, ADirectoryThatIsNotThereIsAnError) {
  EXPECT_NE(message_of(url("#:missing")).find("has no directory missing"), std::string::npos);
  EXPECT_NE(message_of(url("#:file")).find("has no directory file"), std::string::npos);
}

TEST_F(GitTest, ADirectoryBehindALinkIsRefused) {
  sh("cd repo.git && ln -s / root && ln -s dir inner && git add . && git commit -qm links");
  EXPECT_NE(message_of(url("#:root/etc")).find("leads through the link root"), std::string::npos);
  EXPECT_NE(message_of(url("#:inner")).find("leads through the link inner"), std::string::npos);
}

TEST_F(GitTest, LinksAreFollowedInsideTheSnapshotOnly) {
  sh("cd repo.git && ln -s /etc/passwd Dockerfile && ln -s ../../../../file up && git add . && git "
     "commit -qm links");
  const Snapshot snapshot = files(url());
  EXPECT_EQ(read_file(snapshot, "Dockerfile", 1 << 20), std::nullopt);
  EXPECT_EQ(read_file(snapshot, "up", 100), "one");
  EXPECT_EQ(read_file(snapshot, "../../file", 100), "one");
  EXPECT_THROW(read_file(snapshot, "dir", 100), Error);
  EXPECT_THROW(read_file(snapshot, "file", 2), Error);
}

TEST_F(GitTest, AChecksumNamesTheCommitOrTheTag) {
  sh("cd repo.git && git tag -am x heavy");
  const std::string commit = commit_of("HEAD"), tag = commit_of("heavy");
  for (const auto& good : {commit, commit.substr(0, 7), tag})
    EXPECT_EQ(listing(files(url("?tag=heavy&checksum=" + good))), kFiles);
  EXPECT_NE(message_of(url("?tag=heavy&checksum=" + std::string(40, '0')))
                .find("is commit " + tag + " or " + commit),
            std::string::npos);
  EXPECT_NE(message_of(url("?checksum=00#" + commit)).find("not 00"), std::string::npos);
}

TEST_F(GitTest, FetchByCommitDoesNotAskWhatTheRefIs) {
  const std::string old = commit_of("HEAD");
  sh("cd repo.git && printf two >file && git commit -qam two");
  EXPECT_EQ(read_file(files(url("?fetch-by-commit&branch=main&commit=" + old)), "file", 100),
            "one");
}

TEST_F(GitTest, FailuresSayWhatToDo) {
  EXPECT_NE(message_of(url("#nothing")).find("no branch or tag \"nothing\""), std::string::npos);
  EXPECT_NE(message_of(url("#" + commit_of("HEAD").substr(0, 8))).find("all of its 40 digits"),
            std::string::npos);
  EXPECT_NE(message_of(url("#" + std::string(40, '1'))).find("no commit 1111"), std::string::npos);
  const std::string missing = message_of(url("/../other.git"));
  EXPECT_NE(missing.find("other.git"), std::string::npos);
  EXPECT_NE(missing.find("hint"), std::string::npos) << missing;
  const std::string at = url();
  stop_server();
  EXPECT_NE(message_of(at).find("server does not answer"), std::string::npos);
}

TEST_F(GitTest, ATokenIsSentAndStaysOutOfMessages) {
  wanted_header_ = "basic eC1hY2Nlc3MtdG9rZW46czNjcmV0";  // x-access-token:s3cret
  EXPECT_NE(message_of(url()).find("GIT_AUTH_TOKEN"), std::string::npos);
  access_.secrets["GIT_AUTH_TOKEN"] = "s3cret\n";
  EXPECT_EQ(listing(files(url())), kFiles);
  new_store();
  wanted_header_ = "Basic abc";
  const std::string refused = message_of(url());
  EXPECT_EQ(refused.find("s3cret"), std::string::npos);
  access_.secrets["GIT_AUTH_HEADER." + url().substr(7, url().find('/', 7) - 7)] = "Basic abc";
  EXPECT_EQ(listing(files(url())), kFiles);
}

TEST_F(GitTest, SshWithoutAnAgentIsRefusedBeforeAnythingRuns) {
  EXPECT_NE(message_of("git@127.0.0.1:repo").find("--ssh default"), std::string::npos);
}

TEST_F(GitTest, SshGetsTheAgentAndNoneOfTheUsersConfiguration) {
  sh("mkdir bin && printf '#!/bin/sh\\necho \"$SSH_AUTH_SOCK $*\" >>%s/asked\\nfor last; do :; "
     "done\\n"
     "exec sh -c \"$last\"\\n' \"$PWD\" >bin/ssh && chmod 755 bin/ssh");
  const std::string path = ::getenv("PATH");
  ::setenv("PATH", (dir_.path() + "/bin:" + path).c_str(), 1);
  access_.ssh_agent = "/agent.sock";
  access_.known_hosts = "/home/of me/known_hosts";
  const std::string got = listing(files("me@server:" + dir_.path() + "/repo.git"));
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(got, kFiles);
  const std::string asked = os::read_file(dir_.path() + "/asked");
  EXPECT_EQ(asked.substr(0, asked.find(' ')), "/agent.sock");
  for (const char* part :
       {"-F /dev/null", "BatchMode=yes", "\"/home/of me/known_hosts\"", " me@server "})
    EXPECT_NE(asked.find(part), std::string::npos) << part << " in " << asked;
}

TEST_F(GitTest, SubmodulesComeAlongWithoutTheirGitLinks) {
  sh("git init -q -b main sub.git && cd sub.git && printf inner >inner && git add . && git commit "
     "-qm sub && cd ../repo.git &&"
     " git -c protocol.file.allow=always submodule --quiet add ../sub.git lib/sub && git config -f "
     ".gitmodules"
     " submodule.lib/sub.url ../sub.git && git commit -qam sub");
  const std::string all = listing(files(url()));
  EXPECT_NE(all.find("lib/sub/inner 644"), std::string::npos) << all;
  EXPECT_EQ(all.find(".git "), std::string::npos) << all;
  EXPECT_EQ(listing(files(url("?submodules=false"))).find("inner"), std::string::npos);
}

TEST_F(GitTest, SubmodulesOnThisMachinesDiskAreRefused) {
  sh("git init -q -b main sub.git && cd sub.git && git commit -q --allow-empty -m sub && cd "
     "../repo.git &&"
     " git -c protocol.file.allow=always submodule --quiet add \"$PWD/../sub.git\" sub && git "
     "commit -qam sub");
  EXPECT_NE(message_of(url()).find("not allowed"), std::string::npos);
}

TEST_F(GitTest, NothingOfARepositoryRunsAProgram) {
  sh("cd repo.git && printf '* filter=evil\\n' >.gitattributes && printf '[filter "
     "\"evil\"]\\nsmudge = touch " +
     dir_.path() + "/ran\\n[core]\\nfsmonitor = touch " + dir_.path() +
     "/ran\\n' >.gitconfig && git add . && git commit -qm evil");
  files(url(), true);
  EXPECT_FALSE(os::exists(dir_.path() + "/ran"));
}

TEST_F(GitTest, AKeptGitDirectoryIsAWorkingOne) {
  sh("cd repo.git && printf two >file && git commit -qam two && git tag -am x heavy");
  for (const char* ref : {"#main", "#heavy", ""}) {
    const std::string at = "git -c safe.directory='*' -C '" + files(url(ref), true).dir + "' ";
    EXPECT_EQ(sh(at + "rev-parse HEAD"), commit_of("HEAD"));
    EXPECT_EQ(sh(at + "status --porcelain"), "");
    EXPECT_EQ(sh(at + "rev-list --count HEAD"), "1");
    EXPECT_EQ(sh(at + "config remote.origin.url"), url());
    EXPECT_EQ(sh(at + "fsck 2>&1"), "");
  }
  EXPECT_EQ(sh("git -c safe.directory='*' -C '" + files(url("#heavy"), true).dir + "' describe"),
            "heavy");
}

TEST_F(GitTest, AKeptGitDirectoryIsTheSameEverywhere) {
  sh("git init -q -b main sub.git && cd sub.git && printf inner >inner && git add . && git commit "
     "-qm sub && cd ../repo.git &&"
     " git -c protocol.file.allow=always submodule --quiet add ../sub.git sub && git commit -qam "
     "sub");
  const Snapshot first = files(url("#main"), true);
  EXPECT_TRUE(first.files->find(".git/modules/sub/HEAD"));
  EXPECT_TRUE(first.files->find("sub/.git"));
  new_store();
  sh("cd repo.git && printf two >file && git commit -qam two && git repack -qad && git branch "
     "other && git reset -q --hard HEAD~1");
  files(url("#other"));  // the clone has more than is needed
  const Snapshot second = files(url("#main"), true);
  EXPECT_EQ(tree::tree_digest(*first.files), tree::tree_digest(*second.files));
}

TEST_F(GitTest, TheNamesOfWhatIsKeptDependOnWhatIsAskedFor) {
  const GitCommit commit{.ref = "refs/heads/main", .object = "o", .commit = "c"};
  const auto id = [&](const std::string& rest, bool keep) {
    return Git::snapshot_id(source("https://h/r.git" + rest, keep), commit);
  };
  EXPECT_EQ(id("", false), Git::snapshot_id(source("git@h:r"), commit));
  EXPECT_NE(id("", false), id("", true));
  EXPECT_EQ(id("#:a", false), id("#:a", true));
  EXPECT_NE(id("#:a", false), id("#:b", false));
  EXPECT_NE(id("", false), id("?submodules=0", false));
  EXPECT_NE(id("", false), id("?mtime=commit", false));
}

}  // namespace
}  // namespace slipway::source
