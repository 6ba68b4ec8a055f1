// What one layer has that can be run, found in one pass over its files and remembered: nothing here depends on the image
// that the layer is part of, or on its platform.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "verify/code.h"

namespace slipway::verify {

struct Archive {
  std::vector<Code> code;  // members
  bool operator==(const Archive&) const = default;
};

/// Keys are paths in the layer, as its listing has them.
struct Facts {
  std::map<std::string, Code> code;            // ELF, PE and Mach-O files; Code::path is the key
  std::map<std::string, std::string> scripts;  // executable files that begin with "#!": the rest of that line
  std::map<std::string, Archive> archives;     // zip archives with machine code in them
  std::map<std::string, std::string> texts;    // of the files that tell a loader where to look
  std::vector<std::string> unread;             // too large to be looked into as they passed by

  bool operator==(const Facts&) const = default;
};

/// A text for the store; read back exactly. parse_facts() throws Error naming `origin` for anything else.
std::string print_facts(const Facts& facts);
Facts parse_facts(std::string_view text, std::string_view origin);

}  // namespace slipway::verify
