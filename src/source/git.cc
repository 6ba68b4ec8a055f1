// Which commit a source means; git_checkout.cc brings its files.
#include "source/git.h"

#include <fmt/core.h>

#include "base/text.h"
#include "os/fs.h"

namespace slipway::source {
namespace {

using dockerfile::GitUrl;

struct RemoteRef {
  std::string object, name;
};

/// The lines of ls-remote: "<object>\t<name>", and "ref: <name>\tHEAD" of --symref.
struct Listing {
  std::vector<RemoteRef> refs;
  std::string head;  // what HEAD points at

  std::string object_of(const std::string& name) const {
    for (const auto& ref : refs)
      if (ref.name == name) return ref.object;
    return {};
  }
};

Listing parse_listing(const std::string& text) {
  Listing out;
  for (const auto& line : split(text, '\n')) {
    const size_t tab = line.find('\t');
    if (tab == line.npos) continue;
    const std::string name = line.substr(tab + 1);
    if (line.starts_with("ref: ") && name == "HEAD")
      out.head = line.substr(5, tab - 5);
    else if (dockerfile::is_commit(line.substr(0, tab)))
      out.refs.push_back({line.substr(0, tab), name});
  }
  return out;
}

/// What git's own tools would take "name" for; branches win over tags.
std::vector<std::string> full_names(const std::string& name) {
  const auto with = [&](const std::string& prefix) {
    return name.starts_with(prefix) ? name : prefix + name;
  };
  return {with("refs/"), with("refs/heads/"), with("refs/tags/")};
}

GitCommit find_ref(const GitUrl& url, const Listing& listing) {
  const std::string shown = dockerfile::without_password(url.remote);
  if (url.ref.empty() || url.ref == "HEAD") {
    const std::string object = listing.object_of("HEAD");
    if (object.empty())
      throw Error("the git repository has no default branch", shown, "name a branch: #BRANCH");
    return {
        .ref = listing.head.empty() ? "HEAD" : listing.head, .object = object, .commit = object};
  }
  for (const auto& name : full_names(url.ref)) {
    const std::string object = listing.object_of(name);
    if (object.empty()) continue;
    const std::string peeled = listing.object_of(name + "^{}");
    return {.ref = name, .object = object, .commit = peeled.empty() ? object : peeled};
  }
  const bool is_short =
      url.ref.size() >= 7 && url.ref.find_first_not_of("0123456789abcdef") == url.ref.npos;
  throw Error(fmt::format("the git repository has no branch or tag \"{}\"", url.ref), shown,
              is_short ? "a commit is written with all of its 40 digits"
                       : "check the name, and whether it was pushed");
}

void verify(const GitUrl& url, const GitCommit& commit) {
  const std::string wanted = to_lower(url.checksum);
  if (commit.object.starts_with(wanted) || commit.commit.starts_with(wanted)) return;
  const std::string found =
      commit.object == commit.commit ? commit.commit : commit.object + " or " + commit.commit;
  throw Error(fmt::format("{} is commit {}, not {}",
                          url.ref.empty() ? "the default branch" : url.ref, found, url.checksum),
              dockerfile::without_password(url.remote),
              "it moved or was tampered with; if the new commit is right, change the checksum");
}

}  // namespace

GitCommit Git::resolve(const GitSource& source) const {
  const GitUrl& url = source.url;
  GitCommit found;
  if (dockerfile::is_commit(url.ref)) {
    found = {.ref = {}, .object = url.ref, .commit = url.ref};
  } else if (url.fetch_by_commit) {
    std::string name = url.ref;
    if (!name.empty() && !name.starts_with("refs/")) name = "refs/heads/" + name;
    found = {.ref = name, .object = url.checksum, .commit = url.checksum};
  } else {
    const os::TempDir scratch(store_.scratch_dir(), "git-");
    const GitProgram git(url.remote, access_, scratch.path(), stop_);
    std::vector<std::string> args = {"ls-remote", "--symref", "--", url.remote};
    if (url.ref.empty())
      args.emplace_back("HEAD");
    else
      args.insert(args.end(), {url.ref, url.ref + "^{}"});
    found = find_ref(url, parse_listing(git.must("read the git repository", {}, std::move(args))));
  }
  if (!url.checksum.empty()) verify(url, found);
  return found;
}

std::string Git::snapshot_id(const GitSource& source, const GitCommit& commit) {
  const GitUrl& url = source.url;
  std::string id = "git:" + commit.commit;
  // A commit is its content, wherever it comes from; a git directory also says where, and by which
  // name.
  if (source.keep_git_dir && url.subdir.empty())
    id += fmt::format(" with git directory of {} {} {}", dockerfile::without_password(url.remote),
                      commit.ref, commit.object);
  if (!url.subdir.empty()) id += " directory " + url.subdir;
  if (!url.submodules.value_or(true)) id += " without submodules";
  if (url.commit_times) id += " with times";
  return id;
}

std::optional<int64_t> Git::time_of(const GitCommit& commit) const {
  const auto record = store_.find_record("git time " + commit.commit);
  if (!record) return std::nullopt;
  const auto seconds = parse_u64(record->value);
  return seconds ? std::optional(static_cast<int64_t>(*seconds)) : std::nullopt;
}

}  // namespace slipway::source
