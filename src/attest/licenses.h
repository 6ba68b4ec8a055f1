// Licenses as packages state them -> what SPDX allows in a document: expressions of known
// identifiers, and names of our own for everything else.
#pragma once

#include <string>
#include <string_view>

namespace slipway::attest {

/// True if `text` is an expression (SPDX 2.3 annex D) made of identifiers of the SPDX list that
/// packages use.
bool is_spdx_expression(std::string_view text);

/// "LicenseRef-GPLv2--1f3a9c20": stands for the text `stated`, which the document quotes.
std::string license_reference(std::string_view stated);

}  // namespace slipway::attest
