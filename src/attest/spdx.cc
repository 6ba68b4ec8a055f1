#include "attest/spdx.h"

#include <fmt/core.h>

#include <map>

#include "attest/licenses.h"
#include "base/text.h"
#include "hash/sha256.h"
#include "json/json.h"

namespace slipway::attest {
namespace {

constexpr const char* kNoAssertion = "NOASSERTION";
constexpr const char* kDocumentId = "SPDXRef-DOCUMENT";
constexpr const char* kSubjectId = "SPDXRef-Subject";

/// Identifiers may have letters, digits, dots and dashes only; the hash tells those apart that look
/// the same.
std::string id_of(const Package& package) {
  std::string name;
  for (const char c : package.name) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '-';
    name += is_plain ? c : '-';
  }
  return fmt::format("SPDXRef-Package-{}-{}-{}", package.type, name,
                     hash::sha256_hex(package.purl()).substr(0, 16));
}

/// "Jane Doe <jane@example.org>" as SPDX spells agents. Who is a person and who a team no database
/// says.
std::string agent(std::string_view stated) {
  std::string name, address;
  const size_t open = stated.find('<'), close = stated.find('>');
  if (open != stated.npos && close != stated.npos && close > open)
    address = stated.substr(open + 1, close - open - 1);
  for (const char c : stated.substr(0, open)) name += c == '(' || c == ')' ? ' ' : c;
  name = trim(name);
  if (name.empty()) return kNoAssertion;
  return "Organization: " + name + (address.empty() ? "" : " (" + address + ")");
}

bool is_url(std::string_view text) {
  return (text.starts_with("https://") || text.starts_with("http://")) &&
         text.find(' ') == text.npos;
}

json::Value external_url(const std::string& purl) {
  json::Value out = json::Value::object();
  out["referenceCategory"] = "PACKAGE-MANAGER";
  out["referenceType"] = "purl";
  out["referenceLocator"] = purl;
  return out;
}

json::Value relationship(const std::string& from, const char* type, const std::string& to) {
  json::Value out = json::Value::object();
  out["spdxElementId"] = from;
  out["relationshipType"] = type;
  out["relatedSpdxElement"] = to;
  return out;
}

class Document {
 public:
  json::Value package(const Package& package) {
    json::Value out = json::Value::object();
    out["name"] = package.space.empty() || package.type == "deb" || package.type == "apk" ||
                          package.type == "rpm"
                      ? package.name
                      : package.space + "/" + package.name;
    out["SPDXID"] = id_of(package);
    if (!package.version.empty()) out["versionInfo"] = package.version;
    if (!package.supplier.empty()) out["supplier"] = agent(package.supplier);
    out["downloadLocation"] = kNoAssertion;
    out["filesAnalyzed"] = false;
    if (is_url(package.homepage)) out["homepage"] = package.homepage;
    std::string found;
    for (const auto& path : package.found_in)
      found += (found.empty() ? "found in /" : ", /") + path;
    out["sourceInfo"] = found;
    out["licenseConcluded"] = kNoAssertion;
    out["licenseDeclared"] = license(package.license);
    out["copyrightText"] = kNoAssertion;
    if (!package.summary.empty()) out["summary"] = package.summary;
    out["externalRefs"] = json::Value::array({external_url(package.purl())});
    return out;
  }

  json::Value quoted_licenses() const {
    json::Value out = json::Value::array();
    for (const auto& [id, text] : quoted_) {
      json::Value one = json::Value::object();
      one["licenseId"] = id;
      one["extractedText"] = text;
      out.push_back(std::move(one));
    }
    return out;
  }

 private:
  std::string license(const std::string& stated) {
    if (stated.empty()) return kNoAssertion;
    if (is_spdx_expression(stated)) return stated;
    const std::string id = license_reference(stated);
    quoted_[id] = stated;
    return id;
  }

  std::map<std::string, std::string> quoted_;
};

json::Value subject(const SpdxOptions& options) {
  json::Value out = json::Value::object();
  out["name"] = options.name;
  out["SPDXID"] = kSubjectId;
  if (!options.version.empty()) out["versionInfo"] = options.version;
  out["downloadLocation"] = kNoAssertion;
  out["filesAnalyzed"] = false;
  out["licenseConcluded"] = kNoAssertion;
  out["licenseDeclared"] = kNoAssertion;
  out["copyrightText"] = kNoAssertion;
  out["primaryPackagePurpose"] = options.version.empty() ? "ARCHIVE" : "CONTAINER";
  if (!options.purl.empty()) out["externalRefs"] = json::Value::array({external_url(options.purl)});
  return out;
}

json::Value system_package(const Distribution& distribution) {
  json::Value out = json::Value::object();
  out["name"] = distribution.id;
  out["SPDXID"] = "SPDXRef-OperatingSystem";
  if (!distribution.version.empty()) out["versionInfo"] = distribution.version;
  out["downloadLocation"] = kNoAssertion;
  out["filesAnalyzed"] = false;
  out["licenseConcluded"] = kNoAssertion;
  out["licenseDeclared"] = kNoAssertion;
  out["copyrightText"] = kNoAssertion;
  if (!distribution.name.empty()) out["summary"] = distribution.name;
  out["primaryPackagePurpose"] = "OPERATING-SYSTEM";
  return out;
}

}  // namespace

std::string spdx_document(const Inventory& inventory, const SpdxOptions& options) {
  json::Value out = json::Value::object();
  out["spdxVersion"] = "SPDX-2.3";
  out["dataLicense"] = "CC0-1.0";
  out["SPDXID"] = kDocumentId;
  out["name"] = options.name;
  out["documentNamespace"] = "urn:slipway:sbom:" + options.name_space;
  out["creationInfo"] = json::Value::object();
  out["creationInfo"]["creators"] = json::Value::array({"Tool: slipway-" SLIPWAY_VERSION});
  out["creationInfo"]["created"] = options.created;
  if (!inventory.notes.empty()) out["comment"] = join(inventory.notes, "\n");

  Document document;
  json::Value packages = json::Value::array({subject(options)}), relations = json::Value::array();
  relations.push_back(relationship(kDocumentId, "DESCRIBES", kSubjectId));
  if (!inventory.distribution.id.empty()) {
    packages.push_back(system_package(inventory.distribution));
    relations.push_back(relationship(kSubjectId, "CONTAINS", "SPDXRef-OperatingSystem"));
  }
  std::map<std::string, std::string> ids;
  for (const auto& package : inventory.packages) ids[package.purl()] = id_of(package);
  for (const auto& package : inventory.packages) {
    packages.push_back(document.package(package));
    relations.push_back(relationship(kSubjectId, "CONTAINS", id_of(package)));
    for (const auto& part : package.parts)
      if (const auto it = ids.find(part); it != ids.end())
        relations.push_back(relationship(id_of(package), "DEPENDS_ON", it->second));
  }
  out["packages"] = std::move(packages);
  if (auto quoted = document.quoted_licenses(); !quoted.empty())
    out["hasExtractedLicensingInfos"] = std::move(quoted);
  out["relationships"] = std::move(relations);
  return json::dump(out);
}

}  // namespace slipway::attest
