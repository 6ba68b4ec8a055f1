// For tests of git sources: a repository, and a server for it on loopback that speaks git's smart
// protocol (through git's own CGI program) or serves plain files.
#pragma once

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>

#include "base/text.h"
#include "os/fs.h"
#include "os/process.h"
#include "source/git.h"
#include "store/store.h"
#include "testing/http_server.h"

namespace slipway::source {

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

}  // namespace slipway::source
