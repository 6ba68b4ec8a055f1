#include "cli/specs.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "cli/parse_args.h"

namespace slipway::cli {
namespace {

struct Pair {
  std::string key, value;
};

/// "key=value" of a field, the key in lower case.
Pair pair_of(std::string_view field, std::string_view flag) {
  const size_t equals = field.find('=');
  if (equals == field.npos)
    throw Error(fmt::format("\"{}\" is not of the form key=value", field), std::string(flag),
                "separate key=value pairs with commas; quote a pair that has a comma: \"key=a,b\"");
  return {to_lower(trim(field.substr(0, equals))), std::string(field.substr(equals + 1))};
}

bool bool_of(const Pair& pair, std::string_view flag) {
  const auto value = parse_bool(pair.value);
  if (!value)
    throw Error(fmt::format("{}={} is neither true nor false", pair.key, pair.value),
                std::string(flag));
  return *value;
}

[[noreturn]] void unknown_key(const Pair& pair, std::string_view flag,
                              const std::vector<std::string>& known) {
  const auto near = closest(pair.key, known);
  throw Error(fmt::format("unknown key \"{}\"", pair.key), std::string(flag),
              near ? fmt::format("did you mean {}?", *near)
                   : fmt::format("the keys are: {}", join(known, ", ")));
}

bool is_ip(const std::string& text) {
  unsigned char address[16];
  return ::inet_pton(AF_INET, text.c_str(), address) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), address) == 1;
}

}  // namespace

build::OutputSpec parse_output(std::string_view text) {
  constexpr std::string_view kFlag = "--output";
  const auto fields = csv_fields(text, kFlag);
  build::OutputSpec out;
  if (fields.size() == 1 && fields[0] == text && !text.starts_with("type=")) {
    out.type = text == "-" ? "tar" : "local";
    out.dest = text;
    return out;
  }
  for (const auto& field : fields) {
    const Pair pair = pair_of(field, kFlag);
    if (pair.key == "type")
      out.type = pair.value;
    else if (pair.key == "dest")
      out.dest = pair.value;
    else
      out.attrs[pair.key] = pair.value;
  }
  static const std::vector<std::string> kTypes = {"local", "tar",      "oci",      "docker",
                                                  "image", "registry", "cacheonly"};
  if (out.type.empty())
    throw Error(fmt::format("\"{}\" has no type", text), std::string(kFlag),
                "write type=local,dest=DIR, type=oci,dest=FILE, type=docker, type=registry ...");
  if (std::find(kTypes.begin(), kTypes.end(), out.type) == kTypes.end()) {
    const auto near = closest(out.type, kTypes);
    throw Error(fmt::format("unknown output type \"{}\"", out.type), std::string(kFlag),
                near ? fmt::format("did you mean type={}?", *near)
                     : fmt::format("the types are: {}", join(kTypes, ", ")));
  }
  const auto tar = out.attrs.find("tar");
  const bool is_directory =
      out.type == "local" || ((out.type == "oci" || out.type == "docker") &&
                              tar != out.attrs.end() && !parse_bool(tar->second).value_or(true));
  if (is_directory && (out.dest.empty() || out.dest == "-"))
    throw Error(fmt::format("an output of type {} needs a directory", out.type), std::string(kFlag),
                fmt::format("write type={},dest=DIR", out.type));
  if (!is_directory && out.dest.empty() && (out.type == "oci" || out.type == "tar")) out.dest = "-";
  return out;
}

build::SecretSpec parse_secret(std::string_view text, const Environment& environment) {
  constexpr std::string_view kFlag = "--secret";
  build::SecretSpec secret;
  std::string type;
  for (const auto& field : csv_fields(text, kFlag)) {
    const Pair pair = pair_of(field, kFlag);
    if (pair.key == "type")
      type = pair.value;
    else if (pair.key == "id")
      secret.id = pair.value;
    else if (pair.key == "src" || pair.key == "source")
      secret.src = pair.value;
    else if (pair.key == "env")
      secret.env = pair.value;
    else
      unknown_key(pair, kFlag, {"id", "src", "env", "type"});
  }
  if (!type.empty() && type != "file" && type != "env")
    throw Error(fmt::format("unknown secret type \"{}\"", type), std::string(kFlag),
                "the types are file and env");
  if (secret.id.empty())
    throw Error(fmt::format("\"{}\" has no id", text), std::string(kFlag),
                "write id=NAME[,src=FILE|,env=VARIABLE]");
  if (type == "env" && secret.env.empty()) secret.env = std::exchange(secret.src, {});
  if (!secret.env.empty()) {
    secret.src.clear();
  } else if (secret.src.empty()) {
    if (type != "file" && (type == "env" || environment(secret.id)))
      secret.env = secret.id;
    else
      secret.src = secret.id;
  }
  return secret;
}

build::SshSpec parse_ssh(std::string_view text) {
  build::SshSpec ssh;
  const size_t equals = text.find('=');
  ssh.id = text.substr(0, equals);
  if (ssh.id.empty()) ssh.id = "default";
  if (equals == text.npos) return ssh;
  ssh.paths = split(text.substr(equals + 1), ',');
  for (const auto& path : ssh.paths)
    if (path.empty())
      throw Error(fmt::format("\"{}\" names no socket or key", text), "--ssh",
                  "write default, ID=SOCKET or ID=KEY,KEY");
  return ssh;
}

std::vector<build::CacheSpec> parse_cache(std::string_view text, std::string_view flag) {
  const auto fields = csv_fields(text, flag);
  std::vector<build::CacheSpec> out;
  if (text.find('=') == text.npos) {
    for (const auto& field : fields) out.push_back({.type = "registry", .attrs = {{"ref", field}}});
    return out;
  }
  build::CacheSpec& cache = out.emplace_back();
  for (const auto& field : fields) {
    Pair pair = pair_of(field, flag);
    if (pair.key == "type")
      cache.type = pair.value;
    else
      cache.attrs[pair.key] = pair.value;
  }
  static const std::vector<std::string> kTypes = {"registry", "local", "inline",
                                                  "gha",      "s3",    "azblob"};
  if (cache.type.empty())
    throw Error(fmt::format("\"{}\" has no type", text), std::string(flag),
                fmt::format("the types are: {}", join(kTypes, ", ")));
  if (std::find(kTypes.begin(), kTypes.end(), cache.type) == kTypes.end())
    throw Error(fmt::format("unknown cache type \"{}\"", cache.type), std::string(flag),
                fmt::format("the types are: {}", join(kTypes, ", ")));
  return out;
}

build::AttestSpec parse_attest(std::string_view text, std::string_view flag) {
  build::AttestSpec attest;
  for (const auto& field : csv_fields(text, flag)) {
    const Pair pair = pair_of(field, flag);
    if (pair.key == "type")
      attest.type = pair.value;
    else if (pair.key == "disabled")
      attest.disabled = bool_of(pair, flag);
    else
      attest.attrs[pair.key] = pair.value;
  }
  if (attest.type != "sbom" && attest.type != "provenance")
    throw Error(attest.type.empty() ? fmt::format("\"{}\" has no type", text)
                                    : fmt::format("unknown attestation type \"{}\"", attest.type),
                std::string(flag), "write type=sbom or type=provenance");
  return attest;
}

build::AttestSpec parse_attest_shorthand(std::string_view type, std::string_view text) {
  const std::string flag = fmt::format("--{}", type);
  if (const auto enabled = parse_bool(text))
    return {.type = std::string(type), .disabled = !*enabled, .attrs = {}};
  return parse_attest(fmt::format("type={},{}", type, text), flag);
}

std::vector<build::AnnotationSpec> parse_annotation(std::string_view text) {
  constexpr const char* kFlag = "--annotation";
  const size_t equals = text.find('=');
  const std::string_view left = text.substr(0, equals);
  if (equals == text.npos || left.empty())
    throw Error(fmt::format("\"{}\" is not of the form [type:]key=value", text), kFlag);
  const std::string value(text.substr(equals + 1));
  const size_t colon = left.find(':');
  if (colon == left.npos)
    return {{.level = {}, .platform = {}, .key = std::string(left), .value = value}};

  static const std::vector<std::string> kLevels = {"manifest", "manifest-descriptor", "index",
                                                   "index-descriptor"};
  std::vector<build::AnnotationSpec> out;
  for (const auto& word : split(left.substr(0, colon), ',')) {
    build::AnnotationSpec annotation{
        .level = word, .platform = {}, .key = std::string(left.substr(colon + 1)), .value = value};
    if (const size_t bracket = word.find('['); bracket != word.npos) {
      if (!word.ends_with(']'))
        throw Error(fmt::format("\"{}\" has no closing bracket", word), kFlag,
                    "write manifest[linux/arm64]:key=value");
      annotation.level = word.substr(0, bracket);
      annotation.platform = oci::parse_platform(
          std::string_view(word).substr(bracket + 1, word.size() - bracket - 2));
    }
    if (std::find(kLevels.begin(), kLevels.end(), annotation.level) == kLevels.end()) {
      const auto near = closest(annotation.level, kLevels);
      throw Error(fmt::format("unknown annotation type \"{}\"", annotation.level), kFlag,
                  near ? fmt::format("did you mean {}?", *near)
                       : fmt::format("the types are: {}", join(kLevels, ", ")));
    }
    out.push_back(std::move(annotation));
  }
  return out;
}

build::UlimitSpec parse_ulimit(std::string_view text) {
  constexpr const char* kFlag = "--ulimit";
  static const std::vector<std::string> kNames = {
      "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue", "nice",
      "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack"};
  const Pair pair = pair_of(text, kFlag);
  if (std::find(kNames.begin(), kNames.end(), pair.key) == kNames.end())
    unknown_key(pair, kFlag, kNames);
  const auto parts = split(pair.value, ':');
  const auto soft = parse_i64(parts[0]);
  const auto hard = parts.size() == 2 ? parse_i64(parts[1]) : soft;
  if (parts.size() > 2 || !soft || !hard)
    throw Error(fmt::format("\"{}\" is not of the form type=soft[:hard]", text), kFlag,
                "for example nofile=1024:2048; -1 is unlimited");
  const auto order = [](int64_t limit) {
    return limit == -1 ? std::numeric_limits<int64_t>::max() : limit;
  };
  if (order(*soft) > order(*hard))
    throw Error(fmt::format("the soft limit {} is greater than the hard limit {}", *soft, *hard),
                kFlag);
  return {.name = pair.key, .soft = *soft, .hard = *hard};
}

std::vector<build::HostSpec> parse_add_host(std::string_view text) {
  constexpr const char* kFlag = "--add-host";
  constexpr const char* kHint = "write host=ip or host:ip, for example db=10.0.0.7";
  size_t separator = text.find('=');
  if (separator == text.npos) separator = text.find(':');
  if (separator == text.npos || separator == 0 || separator + 1 == text.size())
    throw Error(fmt::format("\"{}\" is no host and address", text), kFlag, kHint);
  const std::string host = to_lower(text.substr(0, separator));
  std::vector<build::HostSpec> out;
  for (std::string ip : split(text.substr(separator + 1), ',')) {
    if (ip.size() > 2 && ip.front() == '[' && ip.back() == ']') ip = ip.substr(1, ip.size() - 2);
    if (ip != "host-gateway" && !is_ip(ip))
      throw Error(fmt::format("\"{}\" is no IP address", ip), kFlag, kHint);
    out.push_back({.host = host, .ip = std::move(ip)});
  }
  return out;
}

std::pair<std::string, std::string> parse_resource(std::string_view text) {
  constexpr const char* kFlag = "--resource";
  Pair pair = pair_of(text, kFlag);
  pair.value = trim(pair.value);
  const bool is_memory = pair.key == "memory" || pair.key == "memory-swap";
  const bool is_number =
      pair.key == "cpu-shares" || pair.key == "cpu-period" || pair.key == "cpu-quota";
  const bool is_list = pair.key == "cpuset-cpus" || pair.key == "cpuset-mems";
  if (!is_memory && !is_number && !is_list)
    unknown_key(pair, kFlag,
                {"memory", "memory-swap", "cpu-shares", "cpu-period", "cpu-quota", "cpuset-cpus",
                 "cpuset-mems"});
  if (is_memory && !(pair.key == "memory-swap" && pair.value == "-1"))
    pair.value = std::to_string(parse_bytes(pair.value, fmt::format("{} {}", kFlag, pair.key)));
  if (is_number && !parse_i64(pair.value))
    throw Error(fmt::format("\"{}\" is no number", pair.value),
                fmt::format("{} {}", kFlag, pair.key));
  if (is_list &&
      (pair.value.empty() || pair.value.find_first_not_of("0123456789,-") != pair.value.npos))
    throw Error(fmt::format("\"{}\" is no list of numbers", pair.value),
                fmt::format("{} {}", kFlag, pair.key), "write 0-3 or 0,1");
  return {std::move(pair.key), std::move(pair.value)};
}

std::pair<std::string, std::string> parse_build_context(std::string_view text) {
  constexpr const char* kFlag = "--build-context";
  const size_t equals = text.find('=');
  if (equals == text.npos || equals == 0 || equals + 1 == text.size())
    throw Error(fmt::format("\"{}\" is not of the form name=source", text), kFlag,
                "for example deps=../deps");
  std::string name(text.substr(0, equals));
  if (to_lower(name) != name)
    throw Error(fmt::format("the name \"{}\" has upper-case letters", name), kFlag,
                fmt::format("write {}", to_lower(name)));
  for (const std::string_view prefix :
       {"docker.io/library/", "index.docker.io/library/", "docker.io/"})
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
  if (name.ends_with(":latest")) name.resize(name.size() - 7);
  if (name.empty() || name.find_first_of(" \t\n") != name.npos)
    throw Error(fmt::format("\"{}\" is no name of a context", text.substr(0, equals)), kFlag);
  return {std::move(name), std::string(text.substr(equals + 1))};
}

build::CallSpec parse_call(std::string_view text) {
  constexpr std::string_view kFlag = "--call";
  build::CallSpec call;
  call.name.clear();
  for (const auto& field : csv_fields(text, kFlag)) {
    if (field.find('=') == field.npos) {
      if (!call.name.empty())
        throw Error(fmt::format("\"{}\" names two methods", text), std::string(kFlag));
      call.name = field;
      continue;
    }
    const Pair pair = pair_of(field, kFlag);
    if (pair.key == "format")
      call.format = pair.value;
    else if (pair.key == "ignorestatus")
      call.ignore_status = bool_of(pair, kFlag);
    else
      unknown_key(pair, kFlag, {"format", "ignorestatus"});
  }
  if (call.name == "check") call.name = "lint";
  if (call.name.empty()) call.name = "build";
  static const std::vector<std::string> kNames = {"build", "lint", "outline", "targets",
                                                  "subrequests.describe"};
  if (std::find(kNames.begin(), kNames.end(), call.name) == kNames.end()) {
    const auto near = closest(call.name, kNames);
    throw Error(fmt::format("unknown method \"{}\"", call.name), std::string(kFlag),
                near ? fmt::format("did you mean {}?", *near == "lint" ? "check" : *near)
                     : "the methods are: build, check, outline, targets, subrequests.describe");
  }
  if (!call.format.empty() && call.format != "json" && call.format != "text")
    throw Error(fmt::format("unknown format \"{}\"", call.format), std::string(kFlag),
                "the formats are text and json");
  if (call.format == "text") call.format.clear();
  return call;
}

build::PolicySpec parse_policy(std::string_view text) {
  constexpr std::string_view kFlag = "--policy";
  build::PolicySpec policy;
  for (const auto& field : csv_fields(text, kFlag)) {
    const Pair pair = pair_of(field, kFlag);
    if (pair.key == "filename" && pair.value.empty())
      throw Error("filename has no value", std::string(kFlag));
    if (pair.key == "filename")
      policy.files.push_back(pair.value);
    else if (pair.key == "reset")
      policy.reset = bool_of(pair, kFlag);
    else if (pair.key == "disabled")
      policy.disabled = bool_of(pair, kFlag);
    else if (pair.key == "strict")
      policy.strict = bool_of(pair, kFlag);
    else if (pair.key == "log-level")
      policy.log_level = pair.value;
    else
      unknown_key(pair, kFlag, {"filename", "reset", "disabled", "strict", "log-level"});
  }
  return policy;
}

void check_entitlement(std::string_view text) {
  const std::string name(text.substr(0, text.find('=')));
  static const std::vector<std::string> kNames = {"network.host", "security.insecure", "device",
                                                  "buildx.local.delete"};
  if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
    const auto near = closest(name, kNames);
    throw Error(fmt::format("unknown entitlement \"{}\"", text), "--allow",
                near ? fmt::format("did you mean {}?", *near)
                     : fmt::format("the entitlements are: {}", join(kNames, ", ")));
  }
  if (name != text && name != "device")
    throw Error(fmt::format("{} takes no value", name), "--allow");
}

uint64_t parse_bytes(std::string_view text, std::string_view flag) {
  const auto bytes = parse_size(text);
  if (!bytes)
    throw Error(fmt::format("\"{}\" is no size", text), std::string(flag),
                "write a number with k, m or g, for example 64m");
  return *bytes;
}

}  // namespace slipway::cli
