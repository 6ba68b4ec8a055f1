#include "attest/licenses.h"

#include <algorithm>
#include <array>

#include "hash/sha256.h"

namespace slipway::attest {
namespace {

// The identifiers that occur in package databases; sorted as bytes. One that is missing here is
// quoted instead, which is as true.
constexpr std::array<std::string_view, 132> kKnown = {"0BSD",
                                                      "AFL-2.0",
                                                      "AFL-2.1",
                                                      "AFL-3.0",
                                                      "AGPL-3.0",
                                                      "AGPL-3.0-only",
                                                      "AGPL-3.0-or-later",
                                                      "APSL-2.0",
                                                      "Apache-1.0",
                                                      "Apache-1.1",
                                                      "Apache-2.0",
                                                      "Artistic-1.0",
                                                      "Artistic-1.0-Perl",
                                                      "Artistic-2.0",
                                                      "BSD-1-Clause",
                                                      "BSD-2-Clause",
                                                      "BSD-2-Clause-FreeBSD",
                                                      "BSD-2-Clause-Patent",
                                                      "BSD-2-Clause-Views",
                                                      "BSD-3-Clause",
                                                      "BSD-3-Clause-Attribution",
                                                      "BSD-3-Clause-LBNL",
                                                      "BSD-4-Clause",
                                                      "BSD-4-Clause-UC",
                                                      "BSL-1.0",
                                                      "Beerware",
                                                      "BlueOak-1.0.0",
                                                      "CC-BY-3.0",
                                                      "CC-BY-4.0",
                                                      "CC-BY-SA-3.0",
                                                      "CC-BY-SA-4.0",
                                                      "CC0-1.0",
                                                      "CDDL-1.0",
                                                      "CDDL-1.1",
                                                      "CPL-1.0",
                                                      "ECL-2.0",
                                                      "EFL-2.0",
                                                      "EPL-1.0",
                                                      "EPL-2.0",
                                                      "EUPL-1.1",
                                                      "EUPL-1.2",
                                                      "FSFAP",
                                                      "FSFUL",
                                                      "FSFULLR",
                                                      "FTL",
                                                      "GFDL-1.1-or-later",
                                                      "GFDL-1.2-only",
                                                      "GFDL-1.2-or-later",
                                                      "GFDL-1.3-no-invariants-or-later",
                                                      "GFDL-1.3-only",
                                                      "GFDL-1.3-or-later",
                                                      "GPL-1.0-only",
                                                      "GPL-1.0-or-later",
                                                      "GPL-2.0",
                                                      "GPL-2.0+",
                                                      "GPL-2.0-only",
                                                      "GPL-2.0-or-later",
                                                      "GPL-3.0",
                                                      "GPL-3.0+",
                                                      "GPL-3.0-only",
                                                      "GPL-3.0-or-later",
                                                      "HPND",
                                                      "HPND-sell-variant",
                                                      "ICU",
                                                      "IJG",
                                                      "IPL-1.0",
                                                      "ISC",
                                                      "Info-ZIP",
                                                      "JSON",
                                                      "LGPL-2.0",
                                                      "LGPL-2.0+",
                                                      "LGPL-2.0-only",
                                                      "LGPL-2.0-or-later",
                                                      "LGPL-2.1",
                                                      "LGPL-2.1+",
                                                      "LGPL-2.1-only",
                                                      "LGPL-2.1-or-later",
                                                      "LGPL-3.0",
                                                      "LGPL-3.0+",
                                                      "LGPL-3.0-only",
                                                      "LGPL-3.0-or-later",
                                                      "LPPL-1.3c",
                                                      "Libpng",
                                                      "MIT",
                                                      "MIT-0",
                                                      "MIT-CMU",
                                                      "MIT-Modern-Variant",
                                                      "MPL-1.1",
                                                      "MPL-2.0",
                                                      "MPL-2.0-no-copyleft-exception",
                                                      "MS-PL",
                                                      "MulanPSL-2.0",
                                                      "NAIST-2003",
                                                      "NCSA",
                                                      "NTP",
                                                      "Naumen",
                                                      "OFL-1.0",
                                                      "OFL-1.1",
                                                      "OLDAP-2.8",
                                                      "OpenSSL",
                                                      "PHP-3.01",
                                                      "PSF-2.0",
                                                      "PostgreSQL",
                                                      "Python-2.0",
                                                      "Python-2.0.1",
                                                      "QPL-1.0",
                                                      "Ruby",
                                                      "SGI-B-2.0",
                                                      "SISSL",
                                                      "SMLNJ",
                                                      "SSPL-1.0",
                                                      "Sleepycat",
                                                      "TCL",
                                                      "TCP-wrappers",
                                                      "UPL-1.0",
                                                      "Unicode-3.0",
                                                      "Unicode-DFS-2015",
                                                      "Unicode-DFS-2016",
                                                      "Unlicense",
                                                      "Vim",
                                                      "W3C",
                                                      "W3C-19980720",
                                                      "WTFPL",
                                                      "X11",
                                                      "XFree86-1.1",
                                                      "ZPL-2.1",
                                                      "Zend-2.0",
                                                      "Zlib",
                                                      "bzip2-1.0.6",
                                                      "curl",
                                                      "libpng-2.0",
                                                      "zlib-acknowledgement"};
constexpr std::array<std::string_view, 11> kExceptions = {
    "Autoconf-exception-2.0",  "Autoconf-exception-3.0", "Bison-exception-2.2",
    "Classpath-exception-2.0", "Font-exception-2.0",     "GCC-exception-2.0",
    "GCC-exception-3.1",       "LLVM-exception",         "Libtool-exception",
    "Linux-syscall-note",      "OpenSSL-exception"};
static_assert(std::ranges::is_sorted(kKnown));
static_assert(std::ranges::is_sorted(kExceptions));

bool is_space(char c) { return c == ' ' || c == '\t'; }

/// A recursive descent over: term {(AND|OR) term}; term = (expression) | license [WITH exception].
class Expression {
 public:
  explicit Expression(std::string_view text) : rest_(text) { advance(); }
  bool is_valid() { return expression(0) && word_.empty(); }

 private:
  void advance() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
    size_t end = 0;
    if (rest_.starts_with('(') || rest_.starts_with(')'))
      end = 1;
    else
      while (end < rest_.size() && !is_space(rest_[end]) && rest_[end] != '(' && rest_[end] != ')')
        ++end;
    word_ = rest_.substr(0, end);
    rest_.remove_prefix(end);
  }
  bool expression(int depth) {
    if (depth > 50 || !term(depth)) return false;
    while (word_ == "AND" || word_ == "OR") {
      advance();
      if (!term(depth)) return false;
    }
    return true;
  }
  bool term(int depth) {
    if (word_ == "(") {
      advance();
      if (!expression(depth + 1) || word_ != ")") return false;
      advance();
      return true;
    }
    if (!std::ranges::binary_search(kKnown, word_)) return false;
    advance();
    if (word_ != "WITH") return true;
    advance();
    if (!std::ranges::binary_search(kExceptions, word_)) return false;
    advance();
    return true;
  }

  std::string_view rest_, word_;
};

}  // namespace

bool is_spdx_expression(std::string_view text) { return Expression(text).is_valid(); }

std::string license_reference(std::string_view stated) {
  std::string readable;
  for (const char c : stated.substr(0, 40)) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
    if (is_plain)
      readable += c;
    else if (!readable.empty() && !readable.ends_with('-'))
      readable += '-';
  }
  return "LicenseRef-" + readable + (readable.ends_with('-') || readable.empty() ? "" : "-") +
         hash::sha256_hex(stated).substr(0, 8);
}

}  // namespace slipway::attest
