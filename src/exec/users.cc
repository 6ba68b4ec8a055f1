// USER and --chown values -> ids, by the text of the image's passwd and group files. The rules are
// those of docker's GetExecUser: names before numbers, a number need not exist, supplementary
// groups only where no group was named.
#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "exec/run.h"

namespace slipway::exec {
namespace {

struct PasswdEntry {
  std::string name, home;
  uint32_t uid = 0, gid = 0;
};

struct GroupEntry {
  std::string name;
  uint32_t gid = 0;
  std::vector<std::string> members;
};

std::optional<uint32_t> parse_id(std::string_view text) {
  const auto number = parse_u64(text);
  if (!number || *number > std::numeric_limits<int32_t>::max()) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

std::vector<PasswdEntry> parse_passwd(std::string_view text) {
  std::vector<PasswdEntry> out;
  for (const auto& line : split(text, '\n')) {
    const auto fields = split(trim(line), ':');
    if (fields.size() < 4 || fields[0].empty() || fields[0][0] == '#') continue;
    const auto uid = parse_id(fields[2]), gid = parse_id(fields[3]);
    if (uid && gid) out.push_back({fields[0], fields.size() > 5 ? fields[5] : "", *uid, *gid});
  }
  return out;
}

std::vector<GroupEntry> parse_group(std::string_view text) {
  std::vector<GroupEntry> out;
  for (const auto& line : split(text, '\n')) {
    const auto fields = split(trim(line), ':');
    if (fields.size() < 3 || fields[0].empty() || fields[0][0] == '#') continue;
    if (const auto gid = parse_id(fields[2]))
      out.push_back({fields[0], *gid,
                     fields.size() > 3 ? split(fields[3], ',') : std::vector<std::string>{}});
  }
  return out;
}

template <typename Entries>
Error no_such(std::string_view kind, std::string_view name, std::string_view file,
              const Entries& entries) {
  std::vector<std::string> names;
  for (const auto& entry : entries) names.push_back(entry.name);
  std::string hint;
  if (const auto near = closest(name, names)) {
    hint = fmt::format("did you mean {}?", *near);
  } else {
    hint = fmt::format("create it in an earlier RUN, or use a number");
  }
  return Error(fmt::format("no {} {} in {} of the image", kind, name, file), {}, hint);
}

}  // namespace

Ids resolve_user(std::string_view user, std::string_view passwd, std::string_view group,
                 bool for_chown) {
  const size_t colon = user.find(':');
  std::string_view wanted_user = user.substr(0, colon);
  const std::string_view wanted_group =
      colon == user.npos ? std::string_view{} : user.substr(colon + 1);
  if (wanted_user.empty()) wanted_user = "0";
  const auto users = parse_passwd(passwd);
  const auto groups = parse_group(group);

  Ids ids;
  ids.home = "/";
  const auto number = parse_id(wanted_user);
  const auto matches = [&](const PasswdEntry& entry) {
    return entry.name == wanted_user || (number && entry.uid == *number);
  };
  const auto found = std::find_if(users.begin(), users.end(), matches);
  if (found != users.end()) {
    ids.uid = found->uid;
    ids.gid = found->gid;
    if (!found->home.empty()) ids.home = found->home;
  } else if (number) {
    ids.uid = *number;
    ids.gid = 0;
  } else if (wanted_user == "root") {
    // An image without /etc/passwd (FROM scratch) still has its root.
  } else {
    throw no_such("user", wanted_user, "/etc/passwd", users);
  }
  // COPY --chown=1000 and --chown=name:  the group follows the user where the file names none.
  if (for_chown && colon == user.npos && number) ids.gid = ids.uid;

  if (!wanted_group.empty()) {
    const auto group_number = parse_id(wanted_group);
    const auto named = std::find_if(groups.begin(), groups.end(), [&](const GroupEntry& entry) {
      return entry.name == wanted_group || (group_number && entry.gid == *group_number);
    });
    if (named != groups.end())
      ids.gid = named->gid;
    else if (group_number)
      ids.gid = *group_number;
    else if (wanted_group == "root")
      ids.gid = 0;
    else
      throw no_such("group", wanted_group, "/etc/group", groups);
  } else if (found != users.end() && !for_chown) {
    for (const auto& entry : groups)
      if (std::find(entry.members.begin(), entry.members.end(), found->name) != entry.members.end())
        ids.groups.push_back(entry.gid);
  }
  return ids;
}

}  // namespace slipway::exec
