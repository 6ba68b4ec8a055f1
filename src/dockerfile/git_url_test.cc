#include "dockerfile/git_url.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace slipway::dockerfile {
namespace {

const std::string kCommit = "0123456789abcdef0123456789abcdef01234567";

GitUrl parsed(std::string_view text) {
  const auto url = parse_git_url(text);
  if (!url) throw Error("not git", std::string(text));
  return *url;
}

std::string error_of(std::string_view text) {
  try {
    parse_git_url(text);
  } catch (const Error& e) {
    return e.render();
  }
  return "";
}

TEST(GitUrl, SchemesAndSpellingsThatAreGit) {
  for (const char* text :
       {"https://host/repo.git", "http://host/repo.git#main", "HTTPS://host/a/b.git",
        "git://host/any/path", "ssh://git@host:22/path", "git@host:owner/repo",
        "git@host:repo.git#x:y", "me_1@my-host.example:r", "github.com/owner/repo",
        "https://host/x.git?ref=main", "https://user:pw@host/x.git"})
    EXPECT_TRUE(parse_git_url(text)) << text;
}

TEST(GitUrl, AnythingElseIsNot) {
  for (const char* text :
       {"", ".", "./repo.git", "../x.git", "/abs/repo.git", "repo.git", "https://host/x.tar.gz",
        "https://host/repo", "https://host/repo.git/", "file:///repo.git", "ftp://host/x.git",
        "docker-image://a", "@host:x", "git@:x", "a b@host:x", "https://host/x.git\n", "host:path",
        "github.comm/a/b", "git@host/x"})
    EXPECT_FALSE(parse_git_url(text)) << text;
}

TEST(GitUrl, TheFragmentHasRefAndDirectory) {
  EXPECT_EQ(parsed("https://host/r.git#v1:a/b"),
            (GitUrl{.remote = "https://host/r.git", .ref = "v1", .subdir = "a/b"}));
  EXPECT_EQ(parsed("https://host/r.git#:a"),
            (GitUrl{.remote = "https://host/r.git", .subdir = "a"}));
  EXPECT_EQ(parsed("git@host:r#x?y"), (GitUrl{.remote = "git@host:r", .ref = "x?y"}));
  EXPECT_EQ(parsed("https://host/r.git#a%2Fb").ref, "a/b");
  EXPECT_EQ(parsed("git@host:r#a%2Fb").ref, "a%2Fb");
  EXPECT_EQ(parsed("github.com/o/r#v2").remote, "https://github.com/o/r");
}

TEST(GitUrl, TheDirectoryCannotLeadOut) {
  EXPECT_EQ(parsed("https://host/r.git#:../../etc").subdir, "etc");
  EXPECT_EQ(parsed("https://host/r.git#:/a//./b/../c/").subdir, "a/c");
  EXPECT_EQ(parsed("https://host/r.git?subdir=../x").subdir, "x");
}

TEST(GitUrl, TheQueryNamesEachThing) {
  const GitUrl url = parsed(
      "https://host/"
      "r.git?branch=dev&subdir=s&commit=abc&keep-git-dir&submodules=false&mtime=commit");
  EXPECT_EQ(url.ref, "refs/heads/dev");
  EXPECT_EQ(url.subdir, "s");
  EXPECT_EQ(url.checksum, "abc");
  EXPECT_EQ(url.keep_git_dir, true);
  EXPECT_EQ(url.submodules, false);
  EXPECT_TRUE(url.commit_times);
  EXPECT_EQ(url.remote, "https://host/r.git");
  EXPECT_EQ(parsed("https://host/r.git?tag=v1").ref, "refs/tags/v1");
  EXPECT_EQ(parsed("https://host/r.git?tag=refs/tags/v1").ref, "refs/tags/v1");
  EXPECT_EQ(parsed("https://host/r.git?ref=a%2Bb+c").ref, "a+b c");
  EXPECT_EQ(parsed("https://host/r.git?keep-git-dir=0").keep_git_dir, false);
  EXPECT_TRUE(parsed("https://host/r.git?fetch-by-commit=1&commit=" + kCommit).fetch_by_commit);
  EXPECT_EQ(parsed("git@host:r?ref=main#main:sub").subdir, "sub");
}

TEST(GitUrl, ContradictionsAreErrors) {
  EXPECT_NE(error_of("https://h/r.git?ref=a#b").find("two refs: \"b\" and \"a\""),
            std::string::npos);
  EXPECT_NE(error_of("https://h/r.git?branch=a&tag=b").find("both the tag"), std::string::npos);
  EXPECT_NE(error_of("https://h/r.git?subdir=a#:b").find("two directories"), std::string::npos);
  EXPECT_NE(error_of("https://h/r.git?ref=a&ref=a").find("ref twice"), std::string::npos);
  EXPECT_NE(error_of("https://h/r.git?commit=aa&checksum=bb").find("two commits"),
            std::string::npos);
  EXPECT_EQ(error_of("https://h/r.git?ref=a#a:sub"), "");
}

TEST(GitUrl, UnknownOrMalformedKeysAreErrors) {
  EXPECT_NE(error_of("https://h/r.git?depth=1").find("cannot have the key \"depth\""),
            std::string::npos);
  EXPECT_NE(error_of("https://h/r.git?ref=").find("ref in a git URL has no value"),
            std::string::npos);
  EXPECT_NE(error_of("https://h/r.git?submodules=maybe").find("neither true nor false"),
            std::string::npos);
  EXPECT_NE(error_of("https://h/r.git?mtime=now").find("neither commit nor checkout"),
            std::string::npos);
  EXPECT_NE(error_of("https://h/r.git?ref=%zz").find("bad %-escape"), std::string::npos);
  EXPECT_NE(error_of("https://h/r.git?commit=xyz").find("is not a commit"), std::string::npos);
  EXPECT_NE(error_of("https://h/r.git?fetch-by-commit&commit=abc").find("whole commit"),
            std::string::npos);
  EXPECT_NE(error_of("https://h/r.git#--upload-pack=x").find("not the name of a git ref"),
            std::string::npos);
}

TEST(GitUrl, ErrorsDoNotShowPasswords) {
  EXPECT_EQ(error_of("https://me:secret@h/r.git?depth=1").find("secret"), std::string::npos);
  EXPECT_EQ(without_password("https://token@h/r.git"), "https://h/r.git");
  EXPECT_EQ(without_password("ssh://git:pw@h/r"), "ssh://git@h/r");
  EXPECT_EQ(without_password("https://h/r@v2.git"), "https://h/r@v2.git");
  EXPECT_EQ(without_password("git@h:r"), "git@h:r");
}

TEST(GitUrl, KnowsItsTransport) {
  EXPECT_TRUE(parsed("git@h:r").is_ssh());
  EXPECT_TRUE(parsed("ssh://h/r").is_ssh());
  EXPECT_FALSE(parsed("https://h/r.git").is_ssh());
  EXPECT_FALSE(parsed("github.com/a/b").is_ssh());
}

TEST(GitUrl, AWholeCommitIsFortyOrSixtyFourDigits) {
  EXPECT_TRUE(is_commit(kCommit));
  EXPECT_TRUE(is_commit(std::string(64, 'a')));
  EXPECT_FALSE(is_commit(kCommit.substr(1)));
  EXPECT_FALSE(is_commit(std::string(40, 'A')));
}

}  // namespace
}  // namespace slipway::dockerfile
