// The little languages inside flag values: --output, --secret, --ulimit and so on, as buildx reads
// them. Pure functions from text to the types of build/request.h; every one throws Error with the
// flag's name as its place and a hint.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/csv.h"
#include "build/request.h"

namespace slipway::cli {

/// The value of an environment variable; nullopt if it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// "type=oci,dest=x.tar,...", a path alone (type=local) or "-" (type=tar). oci and tar without dest
/// go to standard output.
build::OutputSpec parse_output(std::string_view text);
/// "id=x[,src=path|,env=NAME][,type=file|env]"; without a source the variable named id, else the
/// file named id.
build::SecretSpec parse_secret(std::string_view text, const Environment& environment);
/// "default", "id", "id=socket" or "id=key,key".
build::SshSpec parse_ssh(std::string_view text);
/// "ref,ref" or "type=...,key=value"; several entries in the first form.
std::vector<build::CacheSpec> parse_cache(std::string_view text, std::string_view flag);
/// "type=sbom,key=value[,disabled=true]".
build::AttestSpec parse_attest(std::string_view text, std::string_view flag = "--attest");
/// "true", "false" or "key=value,..." of --provenance and --sbom.
build::AttestSpec parse_attest_shorthand(std::string_view type, std::string_view text);
/// "[level[platform],...:]key=value".
std::vector<build::AnnotationSpec> parse_annotation(std::string_view text);
/// "nofile=1024[:2048]".
build::UlimitSpec parse_ulimit(std::string_view text);
/// "host=ip[,ip]", "host:ip", "host=[::1]", "host=host-gateway".
std::vector<build::HostSpec> parse_add_host(std::string_view text);
/// "memory=2g", "cpu-quota=50000": key and value, memory in bytes.
std::pair<std::string, std::string> parse_resource(std::string_view text);
/// "name=source", the name as a short image reference ("alpine" for
/// docker.io/library/alpine:latest).
std::pair<std::string, std::string> parse_build_context(std::string_view text);
/// "check[,format=json][,ignorestatus=true]".
build::CallSpec parse_call(std::string_view text);
/// "filename=x[,filename=y][,reset=bool][,disabled=bool][,strict=bool][,log-level=level]".
build::PolicySpec parse_policy(std::string_view text);
/// A known entitlement: network.host, security.insecure, device[=...], buildx.local.delete.
void check_entitlement(std::string_view text);
/// "512", "64k", "1.5g" into bytes.
uint64_t parse_bytes(std::string_view text, std::string_view flag);

}  // namespace slipway::cli
