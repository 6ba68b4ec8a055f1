// What the parts of Client (client.cc, fetch.cc, push.cc) share. Private to registry/.
#pragma once

#include <fmt/core.h>

#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "registry/client.h"
#include "registry/session.h"

namespace slipway::registry {

struct Client::Impl {
  explicit Impl(const ClientOptions& options) : session(options) {}
  Session session;

  /// Endpoints of a pull without the mirrors known to be down.
  std::vector<Endpoint> places(const Reference& ref) {
    std::vector<Endpoint> out;
    for (auto& endpoint : session.settings().pull_endpoints(ref))
      if (!endpoint.is_mirror || !session.is_down(endpoint)) out.push_back(std::move(endpoint));
    return out;
  }
};

/// Why each place could not serve; becomes one Error that lists them all.
class Tried {
 public:
  void add(const Endpoint& endpoint, const Error& error) {
    lines_.push_back(fmt::format("    {}{}: {}", endpoint.str(),
                                 endpoint.is_mirror ? " (mirror)" : "", error.message()));
    last_ = error;
  }
  bool empty() const { return lines_.empty(); }

  /// The only failure as it is, or a summary: "cannot fetch X: none of 3 places could serve it" and
  /// a line for each.
  Error error(const std::string& doing) const {
    if (lines_.size() == 1) return Error(*last_).while_doing("while trying to " + doing);
    Error error(fmt::format("cannot {}: none of {} places could serve it", doing, lines_.size()));
    std::string list;
    for (const auto& line : lines_) list += (list.empty() ? "" : "\n") + line;
    return error.excerpt(list).hint(last_->hint());
  }

 private:
  std::vector<std::string> lines_;
  std::optional<Error> last_;
};

}  // namespace slipway::registry
