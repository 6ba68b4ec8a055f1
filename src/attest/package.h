// What a package database says about one package. Plain data between the readers of databases and
// the SPDX document.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace slipway::attest {

struct Package {
  std::string type;   // as in a package URL: deb, apk, rpm, pypi, npm, golang
  std::string space;  // its namespace there: "debian", "@angular", "golang.org/x"; may be empty
  std::string name;
  std::string version;  // as the database writes it; empty = not stated
  std::vector<std::pair<std::string, std::string>>
      qualifiers;  // of the package URL: arch, distro ...

  std::string license;   // as stated, seldom an SPDX expression; empty = not stated
  std::string supplier;  // who packaged it, "Name <address>" or a name; empty = not stated
  std::string homepage;
  std::string summary;
  std::vector<std::string> found_in;  // paths in the image, without leading slash
  std::vector<std::string>
      parts;  // package URLs of what it was built from (Go modules in a binary)

  /// The package URL, which is its identity.
  std::string purl() const;
};

}  // namespace slipway::attest
