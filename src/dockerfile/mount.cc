// See mount.h.
#include "dockerfile/mount.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "dockerfile/scan.h"
#include "dockerfile/values.h"

namespace slipway::dockerfile {
namespace {

const std::vector<std::string> kKeys = {"type", "from",        "source",   "src",      "target",
                                        "dst",  "destination", "readonly", "ro",       "readwrite",
                                        "rw",   "id",          "sharing",  "required", "size",
                                        "mode", "uid",         "gid",      "env"};
const std::vector<std::string> kTypes = {"bind", "cache", "tmpfs", "secret", "ssh"};
const std::vector<std::string> kSharing = {"shared", "private", "locked"};

std::string suggestion(std::string_view word, const std::vector<std::string>& known,
                       std::string_view what) {
  if (const auto near = closest(word, known)) return fmt::format("did you mean {}?", *near);
  return fmt::format("{}: {}", what, join(known, ", "));
}

[[noreturn]] void fail(std::string what, std::string hint = {}) {
  throw Error(std::move(what), {}, std::move(hint));
}

size_t index_of(std::string_view word, const std::vector<std::string>& known,
                std::string_view what) {
  const auto it = std::find(known.begin(), known.end(), to_lower(word));
  if (it == known.end())
    fail(fmt::format("unsupported {} {}", what, shown(word)), suggestion(word, known, "one of"));
  return static_cast<size_t>(it - known.begin());
}

// A "$" that is not the last character.
bool has_variable(std::string_view value) {
  const size_t dollar = value.find('$');
  return dollar != value.npos && dollar + 1 != value.size();
}

class Reader {
 public:
  Mount read(const MountSpec& spec,
             const std::function<std::string(const std::string&)>& expanded) {
    // The type decides what other keys mean, so the fields are read in order, as BuildKit does.
    for (const auto& field : spec.fields) {
      if (std::find(kKeys.begin(), kKeys.end(), field.key) == kKeys.end())
        fail(fmt::format("unexpected key {} in {}", shown(field.key),
                         shown(field.value ? field.key + "=" + *field.value : field.key)),
             suggestion(field.key, kKeys, "known keys"));
      if (!field.value)
        bare(field.key);
      else
        keyed(field.key, expanded(*field.value));
    }
    finish();
    return mount_;
  }

 private:
  bool is(Mount::Type type) const { return mount_.type == type; }
  [[noreturn]] void unexpected(std::string_view key) const {
    fail(fmt::format("unexpected key '{}' for mount type '{}'", key, to_string(mount_.type)));
  }
  static bool boolean(std::string_view key, std::string_view value) {
    const auto parsed = parse_bool(value);
    if (!parsed)
      fail(fmt::format("invalid value for {}: {}", key, shown(value)), "write true or false");
    return *parsed;
  }
  static uint32_t number(std::string_view key, std::string_view value, int base) {
    const auto parsed = parse_u64(value, base);
    if (!parsed || *parsed > 0xffffffff)
      fail(fmt::format("invalid value {} for {}", shown(value), key));
    return static_cast<uint32_t>(*parsed);
  }
  void set_read_only(bool read_only) {
    mount_.read_only = read_only;
    read_only_given_ = true;
  }

  void bare(const std::string& key) {
    if (key == "readonly" || key == "ro") return set_read_only(true);
    if (key == "readwrite" || key == "rw") return set_read_only(false);
    if (key != "required")
      fail(fmt::format("invalid field '{}': it must be a key=value pair", key));
    if (!is(Mount::Type::Secret) && !is(Mount::Type::Ssh)) unexpected(key);
    mount_.required = true;
  }

  void keyed(const std::string& key, const std::string& value) {
    if (key == "type") {
      mount_.type = static_cast<Mount::Type>(index_of(value, kTypes, "mount type"));
    } else if (key == "from") {
      mount_.from = value;
    } else if (key == "source" || key == "src") {
      mount_.source = value;
    } else if (key == "target" || key == "dst" || key == "destination") {
      mount_.target = value;
    } else if (key == "readonly" || key == "ro") {
      set_read_only(boolean(key, value));
    } else if (key == "readwrite" || key == "rw") {
      set_read_only(!boolean(key, value));
    } else if (key == "required") {
      if (!is(Mount::Type::Secret) && !is(Mount::Type::Ssh)) unexpected(key);
      mount_.required = boolean(key, value);
    } else if (key == "size") {
      if (!is(Mount::Type::Tmpfs)) unexpected(key);
      const auto size = parse_size(value);
      if (!size)
        fail(fmt::format("invalid value for size: {}", shown(value)),
             "write bytes or a size such as 64m");
      mount_.size = *size;
    } else if (key == "id") {
      mount_.id = value;
    } else if (key == "sharing") {
      mount_.sharing = static_cast<Mount::Sharing>(index_of(value, kSharing, "sharing value"));
      sharing_given_ = true;
    } else if (key == "mode") {
      mount_.mode = number(key, value, 8);
    } else if (key == "uid") {
      mount_.uid = number(key, value, 10);
    } else if (key == "gid") {
      mount_.gid = number(key, value, 10);
    } else if (key == "env") {
      mount_.env = value;
    }
  }

  void finish() {
    const bool secret = is(Mount::Type::Secret), ssh = is(Mount::Type::Ssh),
               cache = is(Mount::Type::Cache);
    if (!secret && !ssh && !cache) {
      const auto refuse = [&](std::string_view key) {
        fail(fmt::format("{} not allowed for \"{}\" type mounts", key, to_string(mount_.type)));
      };
      if (mount_.mode) refuse("mode");
      if (mount_.uid) refuse("uid");
      if (mount_.gid) refuse("gid");
    }
    if (!read_only_given_) mount_.read_only = !cache && !is(Mount::Type::Tmpfs);
    if (secret) {
      if (!mount_.from.empty()) fail("secret mount should not have a from");
      if (sharing_given_) fail("secret mount should not define sharing");
      if (mount_.source.empty() && mount_.target.empty() && mount_.id.empty())
        fail("secret mount without id, source and target",
             "name the secret: --mount=type=secret,id=NAME");
      if (!mount_.source.empty() && !mount_.id.empty())
        fail("secret mount with both source and id");
    }
    if (sharing_given_ && !cache)
      fail(fmt::format("sharing not allowed for \"{}\" type mounts", to_string(mount_.type)));
  }

  Mount mount_;
  bool read_only_given_ = false;
  bool sharing_given_ = false;
};

}  // namespace

MountSpec parse_mount(std::string_view text) {
  const auto fields = split_csv(text);
  if (!fields)
    fail(fmt::format("mount {} is not a list of comma-separated fields", shown(text)),
         "an example: --mount=type=cache,target=/root/.cache");
  MountSpec spec{std::string(text), {}};
  for (const auto& field : *fields) {
    const size_t equals = field.find('=');
    MountSpec::Field parsed{to_lower(std::string_view(field).substr(0, equals)), std::nullopt};
    if (equals != field.npos) parsed.value = field.substr(equals + 1);
    if (parsed.key == "from" && parsed.value && has_variable(*parsed.value))
      fail("'from' doesn't support variable expansion, define alias stage instead",
           fmt::format("write FROM {} AS alias with a global ARG, then from=alias", *parsed.value));
    spec.fields.push_back(std::move(parsed));
  }
  return spec;
}

Mount resolve_mount(const MountSpec& spec, const Lookup& env, char escape,
                    std::vector<Names>* words) {
  ExpandOptions options;
  options.escape = escape;
  return Reader().read(spec, [&](const std::string& value) {
    return expand_word(value, env, options, words ? &words->emplace_back() : nullptr);
  });
}

Span span_of(const Instruction& run, const MountSpec& spec) { return span_of(run, spec.text); }

std::string_view to_string(Mount::Type type) { return kTypes[static_cast<size_t>(type)]; }
std::string_view to_string(Mount::Sharing sharing) {
  return kSharing[static_cast<size_t>(sharing)];
}

}  // namespace slipway::dockerfile
