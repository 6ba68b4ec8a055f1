// Whether and when a failed exchange is tried again: exponential backoff with jitter, or what
// Retry-After asks for.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "http/client.h"

namespace slipway::registry {

/// Statuses that may go away by themselves: 408, 429, 500, 502, 503, 504.
bool is_temporary(int status);

/// Seconds that a Retry-After value asks for, from a number or an HTTP date against `now` (seconds
/// since the epoch); nullopt if it is neither.
std::optional<long> retry_after_seconds(std::string_view value, long now);

class Retry {
 public:
  /// At most `max_attempts` exchanges, at most `max_refused` where the host is not known or refuses
  /// connections; waits start at `backoff_ms` and double.
  Retry(int max_attempts, int max_refused, int backoff_ms, std::stop_token stop);

  /// Waits for the next attempt; false when there is none. TLS and protocol failures are final.
  /// Throws Cancelled.
  bool after(const http::Failure& failure);
  /// The same for an answer with a temporary status. A Retry-After beyond a minute is not waited
  /// for.
  bool after(const http::Response& response);
  /// Any other reason, such as a transfer whose state must be asked first.
  bool again();
  /// Bytes moved since the last failure: counting starts anew.
  void progressed() { used_ = 1; }

 private:
  bool wait(std::optional<long> seconds);

  int max_attempts_;
  int max_refused_;
  int backoff_ms_;
  std::stop_token stop_;
  int used_ = 1;
};

}  // namespace slipway::registry
