#include "dockerfile/git_url.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace slipway::dockerfile {
namespace {

constexpr std::string_view kHub = "github.com/";
constexpr std::string_view kQueryHint =
    "the keys are ref, branch, tag, commit, checksum, subdir, keep-git-dir, submodules, mtime and "
    "fetch-by-commit";

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool all_of(std::string_view text, std::string_view further) {
  return std::ranges::all_of(
      text, [&](char c) { return is_alnum(c) || further.find(c) != further.npos; });
}

std::optional<uint8_t> hex_byte(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const auto value = parse_u64(text.substr(0, 2), 16);
  return value ? std::optional(static_cast<uint8_t>(*value)) : std::nullopt;
}

/// %XX decoded; nullopt for a malformed escape.
std::optional<std::string> decoded(std::string_view text, bool plus_is_blank) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const auto byte = hex_byte(text.substr(i + 1));
      if (!byte) return std::nullopt;
      out += static_cast<char>(*byte);
      i += 2;
    } else {
      out += plus_is_blank && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

/// Like path.Clean below "/", without the slash: ".." cannot lead out.
std::string clean_subdir(std::string_view path) {
  std::vector<std::string> parts;
  for (auto& part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..")
      parts.push_back(std::move(part));
    else if (!parts.empty())
      parts.pop_back();
  }
  return join(parts, "/");
}

/// `text` cut into its three parts at the first '#' and the first '?' before it.
struct Pieces {
  std::string_view address, query, fragment;
};

Pieces cut(std::string_view text) {
  Pieces out;
  const size_t hash = text.find('#');
  if (hash != text.npos) out.fragment = text.substr(hash + 1);
  text = text.substr(0, hash);
  const size_t mark = text.find('?');
  if (mark != text.npos) out.query = text.substr(mark + 1);
  out.address = text.substr(0, mark);
  return out;
}

/// user@host:path, which scp and git take for ssh. No slash may stand before the colon.
bool is_scp_style(std::string_view address) {
  const size_t at = address.find('@');
  if (at == address.npos || at == 0 || !all_of(address.substr(0, at), "-_")) return false;
  const size_t colon = address.find(':', at);
  return colon != address.npos && colon > at + 1 &&
         all_of(address.substr(at + 1, colon - at - 1), "-.");
}

bool as_bool(const std::string& key, const std::optional<std::string>& value) {
  if (!value) return true;
  for (const auto* yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (*value == yes) return true;
  for (const auto* no : {"0", "f", "F", "false", "FALSE", "False"})
    if (*value == no) return false;
  throw Error(fmt::format("{}={} in a git URL is neither true nor false", key, *value));
}

/// What a fragment and a query say of one thing must agree.
void agree(std::string& slot, const std::string& value, const char* what) {
  if (!slot.empty() && slot != value)
    throw Error(fmt::format("the git URL names two {}: \"{}\" and \"{}\"", what, slot, value), {},
                "keep one of them");
  slot = value;
}

std::map<std::string, std::optional<std::string>> parse_query(std::string_view query) {
  std::map<std::string, std::optional<std::string>> out;
  for (const auto& pair : split(query, '&')) {
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const auto key = decoded(std::string_view(pair).substr(0, equals), true);
    std::optional<std::string> value;
    if (equals != pair.npos && equals + 1 < pair.size()) {
      value = decoded(std::string_view(pair).substr(equals + 1), true);
      if (!value) throw Error(fmt::format("\"{}\" in a git URL has a bad %-escape", pair));
    }
    if (!key) throw Error(fmt::format("\"{}\" in a git URL has a bad %-escape", pair));
    if (!out.emplace(*key, value).second)
      throw Error(fmt::format("the git URL has {} twice", *key), {}, "keep one of them");
  }
  return out;
}

void apply_query(GitUrl& url, std::string_view query) {
  std::string tag, branch;
  for (const auto& [key, value] : parse_query(query)) {
    const auto text = [&, &key = key, &value = value]() -> const std::string& {
      if (!value) throw Error(fmt::format("{} in a git URL has no value", key));
      return *value;
    };
    if (key == "ref")
      agree(url.ref, text(), "refs");
    else if (key == "tag")
      tag = text();
    else if (key == "branch")
      branch = text();
    else if (key == "subdir")
      agree(url.subdir, text(), "directories");
    else if (key == "checksum" || key == "commit")
      agree(url.checksum, text(), "commits");
    else if (key == "keep-git-dir")
      url.keep_git_dir = as_bool(key, value);
    else if (key == "submodules")
      url.submodules = as_bool(key, value);
    else if (key == "fetch-by-commit")
      url.fetch_by_commit = as_bool(key, value);
    else if (key != "mtime")
      throw Error(fmt::format("a git URL cannot have the key \"{}\"", key), {},
                  std::string(kQueryHint));
    else if (text() == "commit" || text() == "checkout")
      url.commit_times = text() == "commit";
    else
      throw Error(fmt::format("mtime={} in a git URL is neither commit nor checkout", text()));
  }
  const auto qualified = [](const std::string& name, const std::string& prefix) {
    return name.starts_with(prefix) ? name : prefix + name;
  };
  if (!tag.empty() && !branch.empty())
    throw Error(
        fmt::format("the git URL names both the tag \"{}\" and the branch \"{}\"", tag, branch), {},
        "keep one of them");
  if (!tag.empty()) agree(url.ref, qualified(tag, "refs/tags/"), "refs");
  if (!branch.empty()) agree(url.ref, qualified(branch, "refs/heads/"), "refs");
}

void check(const GitUrl& url) {
  if (url.ref.starts_with('-'))
    throw Error(fmt::format("\"{}\" is not the name of a git ref", url.ref));
  const bool is_hex = std::ranges::all_of(
      url.checksum, [](char c) { return hex_byte(std::string{'0', c}).has_value(); });
  if (!is_hex)
    throw Error(fmt::format("\"{}\" is not a commit", url.checksum), {},
                "a commit is written as its hexadecimal digits");
  if (url.fetch_by_commit && !is_commit(url.checksum) && !is_commit(url.ref))
    throw Error("fetch-by-commit needs to know the whole commit", {},
                "add &commit= with its 40 hexadecimal digits");
}

}  // namespace

bool GitUrl::is_ssh() const {
  return remote.find("://") == remote.npos ? !could_be_path : remote.starts_with("ssh://");
}

std::optional<GitUrl> parse_git_url(std::string_view text) {
  // Where BuildKit's URL parser gives up, the text is a path to it.
  if (std::ranges::any_of(text,
                          [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }))
    return std::nullopt;
  const Pieces pieces = cut(text);
  GitUrl url;
  std::optional<std::string> fragment = std::string(pieces.fragment);
  const size_t colons = pieces.address.find("://");
  if (pieces.address.starts_with(kHub)) {
    url.could_be_path = true;
    url.remote = "https://" + std::string(pieces.address);
    fragment = decoded(pieces.fragment, false);
  } else if (colons != pieces.address.npos && colons > 0 &&
             all_of(pieces.address.substr(0, colons), "")) {
    const std::string scheme = to_lower(pieces.address.substr(0, colons));
    const bool is_http = scheme == "http" || scheme == "https";
    if (!is_http && scheme != "ssh" && scheme != "git") return std::nullopt;
    if (is_http && !pieces.address.ends_with(".git")) return std::nullopt;
    url.remote = scheme + std::string(pieces.address.substr(colons));
    fragment = decoded(pieces.fragment, false);
  } else if (is_scp_style(pieces.address)) {
    url.remote = pieces.address;
  } else {
    return std::nullopt;
  }
  if (!fragment) return std::nullopt;
  const size_t colon = fragment->find(':');
  url.ref = fragment->substr(0, colon);
  if (colon != fragment->npos) url.subdir = fragment->substr(colon + 1);
  url.subdir = clean_subdir(url.subdir);
  try {
    apply_query(url, pieces.query);
    url.subdir = clean_subdir(url.subdir);
    check(url);
  } catch (Error& e) {
    throw e.at(without_password(text));
  }
  return url;
}

bool is_commit(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string without_password(std::string_view url) {
  const size_t colons = url.find("://");
  if (colons == url.npos) return std::string(url);
  const size_t start = colons + 3;
  const size_t end = std::min(url.find_first_of("/?#", start), url.size());
  const size_t at = url.substr(0, end).rfind('@');
  if (at == url.npos || at < start) return std::string(url);
  // ssh://git@host: the user is part of the address. Elsewhere a user alone is usually a token.
  const std::string_view user = url.substr(start, at - start);
  const bool keeps_user = url.starts_with("ssh://");
  std::string out(url.substr(0, start));
  if (keeps_user) out.append(user.substr(0, user.find(':'))).append("@");
  return out.append(url.substr(at + 1));
}

}  // namespace slipway::dockerfile
