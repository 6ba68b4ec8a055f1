// The package databases of distributions and languages -> packages. Each reader takes what one file
// holds and the path it has in the image; what it cannot make sense of it skips, and a file that is
// no such database at all is an Error.
//
// Formats: deb-control(5) as dpkg writes its status, Alpine's installed database (apk-tools), RPM's
// headers in SQLite and ndb containers, Python core metadata (PyPA), npm's package.json and lock
// files, Go's embedded build information.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/file_bytes.h"
#include "attest/package.h"

namespace slipway::attest {

/// The distribution that packages belong to, from os-release(5).
struct Distribution {
  std::string id;       // "debian", "alpine"; empty = not known
  std::string version;  // "12"; may be empty
  std::string name;     // "Debian GNU/Linux 12 (bookworm)"
  /// "debian-12", for package URLs.
  std::string qualifier() const { return id.empty() || version.empty() ? id : id + "-" + version; }
};
Distribution read_os_release(std::string_view text);

/// `var/lib/dpkg/status`, or one file of `status.d`, which has no Status fields. Packages that are
/// only configured or half there are left out.
std::vector<Package> read_dpkg_status(std::string_view text, const std::string& path);

/// `lib/apk/db/installed`.
std::vector<Package> read_apk_installed(std::string_view text, const std::string& path);

/// `rpmdb.sqlite` and ndb's `Packages.db`. Throws Error if the container is damaged.
std::vector<Package> read_rpm_sqlite(std::string_view bytes, const std::string& path);
std::vector<Package> read_rpm_ndb(std::string_view bytes, const std::string& path);
/// One package's header as both containers hold it; nullopt for public keys and damaged headers.
std::optional<Package> read_rpm_header(std::string_view blob, const std::string& path);

/// METADATA of a .dist-info, PKG-INFO of an .egg-info.
std::optional<Package> read_python_metadata(std::string_view text, const std::string& path);

/// `node_modules/NAME/package.json`; nullopt without name or version. Throws Error if it is no
/// JSON.
std::optional<Package> read_package_json(std::string_view text, const std::string& path);
/// `package-lock.json`, versions 1 to 3, without packages that are for development only.
std::vector<Package> read_package_lock(std::string_view text, const std::string& path);

/// What Go 1.18 and later write into a program: the main module, its dependencies and the standard
/// library. Empty for everything else. Reads the ELF headers and the segments that are not code,
/// front to back.
std::vector<Package> read_go_binary(FileBytes& file, const std::string& path);

}  // namespace slipway::attest
