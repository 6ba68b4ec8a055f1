// The keys of RUN --mount, type by type (compat 5.5).
#include "dockerfile/mount.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "dockerfile/parse.h"

namespace slipway::dockerfile {
namespace {

std::optional<std::string> env(std::string_view name) {
  if (name == "V") return "value";
  if (name == "N") return "7";
  return std::nullopt;
}

Mount resolve(std::string_view text) { return resolve_mount(parse_mount(text), env); }

std::string mistake(std::string_view text) {
  try {
    resolve(text);
  } catch (const Error& error) {
    return error.message() + (error.hint().empty() ? "" : " (" + error.hint() + ")");
  }
  return "";
}

TEST(Mount, BindIsTheDefaultAndReadOnly) {
  const auto mount = resolve("target=/a");
  EXPECT_EQ(mount.type, Mount::Type::Bind);
  EXPECT_EQ(mount.target, "/a");
  EXPECT_TRUE(mount.read_only);
  EXPECT_FALSE(resolve("target=/a,rw").read_only);
  EXPECT_FALSE(resolve("target=/a,readwrite=true").read_only);
  EXPECT_TRUE(resolve("target=/a,rw=false").read_only);
  EXPECT_FALSE(resolve("target=/a,readonly=0").read_only);
  const auto from = resolve("type=BIND,from=x,src=s,dst=/d,RO");
  EXPECT_EQ(from.from, "x");
  EXPECT_EQ(from.source, "s");
  EXPECT_EQ(from.target, "/d");
  EXPECT_EQ(resolve("destination=d,source=e").target, "d");
}

TEST(Mount, CacheHasIdSharingAndOwner) {
  const auto mount =
      resolve("type=cache,target=/c,id=x,sharing=Locked,mode=0700,uid=1,gid=2,from=f,source=/s");
  EXPECT_EQ(mount.type, Mount::Type::Cache);
  EXPECT_FALSE(mount.read_only);
  EXPECT_EQ(mount.id, "x");
  EXPECT_EQ(mount.sharing, Mount::Sharing::Locked);
  EXPECT_EQ(mount.mode, 0700u);
  EXPECT_EQ(mount.uid, 1u);
  EXPECT_EQ(mount.gid, 2u);
  EXPECT_TRUE(resolve("type=cache,target=/c,ro").read_only);
  EXPECT_EQ(resolve("type=cache,target=/c").sharing, Mount::Sharing::Shared);
}

TEST(Mount, TmpfsSecretAndSsh) {
  const auto tmpfs = resolve("type=tmpfs,target=/t,size=64m");
  EXPECT_EQ(tmpfs.size, 64u << 20);
  EXPECT_FALSE(tmpfs.read_only);
  const auto secret = resolve("type=secret,id=s,env=TOKEN,required,mode=0440,uid=5");
  EXPECT_EQ(secret.id, "s");
  EXPECT_EQ(secret.env, "TOKEN");
  EXPECT_TRUE(secret.required);
  EXPECT_EQ(secret.mode, 0440u);
  EXPECT_EQ(resolve("type=secret,src=s").source, "s");
  EXPECT_FALSE(resolve("type=secret,target=/x,required=false").required);
  EXPECT_TRUE(resolve("type=ssh,required=true").required);
  EXPECT_EQ(resolve("type=ssh").mode, std::nullopt);
}

TEST(Mount, ValuesAreExpandedButFrom) {
  const auto mount = resolve("type=cache,target=/${V},id=$V-x,uid=$N,mode=0$N$N,source=\\$V");
  EXPECT_EQ(mount.target, "/value");
  EXPECT_EQ(mount.id, "value-x");
  EXPECT_EQ(mount.uid, 7u);
  EXPECT_EQ(mount.mode, 077u);
  EXPECT_EQ(mount.source, "$V");
  EXPECT_EQ(mistake("from=$V,target=/x"),
            "'from' doesn't support variable expansion, define alias stage instead (write FROM $V "
            "AS alias with a global "
            "ARG, then from=alias)");
  EXPECT_EQ(mistake("type=$V,target=/x"),
            "unsupported mount type \"value\" (one of: bind, cache, tmpfs, secret, ssh)");
  EXPECT_EQ(resolve("type=${T:-cache},target=/x").type, Mount::Type::Cache);
  EXPECT_EQ(resolve("from=a$,target=/x").from, "a$");
  std::vector<Names> words;
  resolve_mount(parse_mount("target=$V,id=$W"), env, '\\', &words);
  ASSERT_EQ(words.size(), 2u);
  EXPECT_EQ(words[0].used, std::set<std::string>{"V"});
  EXPECT_EQ(words[1].unset, std::set<std::string>{"W"});
}

TEST(Mount, FieldsMayBeQuotedAsInCsv) {
  EXPECT_EQ(resolve("\"target=/a,b\",\"id='c\"\"d'\"").target, "/a,b");
  EXPECT_EQ(mistake("").substr(0, 11), "mount \"\" is");
  EXPECT_EQ(mistake("a\"b=c").substr(0, 6), "mount ");
  EXPECT_EQ(mistake("\"target=/a").substr(0, 6), "mount ");
}

TEST(Mount, MistakesAreNamedWithSuggestions) {
  const std::pair<const char*, const char*> cases[] = {
      {"taget=/x", "unexpected key \"taget\" in \"taget=/x\" (did you mean target?)"},
      {"target=/x,readoly", "unexpected key \"readoly\" in \"readoly\" (did you mean readonly?)"},
      {"type=secrte,id=x", "unsupported mount type \"secrte\" (did you mean secret?)"},
      {"type=cache,target=/x,sharing=lokced",
       "unsupported sharing value \"lokced\" (did you mean locked?)"},
      {"type=cache,target=/x,mode=8", "invalid value \"8\" for mode"},
      {"type=cache,target=/x,uid=-1", "invalid value \"-1\" for uid"},
      {"target=/x,ro=maybe", "invalid value for ro: \"maybe\" (write true or false)"},
      {"target", "invalid field 'target': it must be a key=value pair"},
      {"target=/x,required", "unexpected key 'required' for mount type 'bind'"},
      {"target=/x,size=1", "unexpected key 'size' for mount type 'bind'"},
      {"type=tmpfs,target=/x,size=much",
       "invalid value for size: \"much\" (write bytes or a size such as 64m)"},
      {"target=/x,mode=0644", "mode not allowed for \"bind\" type mounts"},
      {"type=tmpfs,target=/x,uid=1", "uid not allowed for \"tmpfs\" type mounts"},
      {"target=/x,gid=1", "gid not allowed for \"bind\" type mounts"},
      {"target=/x,sharing=shared", "sharing not allowed for \"bind\" type mounts"},
      {"type=secret",
       "secret mount without id, source and target (name the secret: --mount=type=secret,id=NAME)"},
      {"type=secret,id=a,src=b", "secret mount with both source and id"},
      {"type=secret,id=a,from=b", "secret mount should not have a from"},
      {"type=secret,id=a,sharing=shared", "secret mount should not define sharing"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(mistake(text), expected);
  // A stage that is not built may have them.
  EXPECT_NO_THROW(parse_mount("type=cache,target=/x,mode=8,taget=/x"));
}

TEST(Mount, ItsPlaceIsThatOfItsValue) {
  const auto run = parse_one("RUN --network=none \\\n  --mount=type=ssh x", "F");
  const auto span = span_of(run, run.as<dockerfile::Run>()->mounts[0]);
  EXPECT_EQ(span.line, 2);
  EXPECT_EQ(span.column, 11);
}

}  // namespace
}  // namespace slipway::dockerfile
