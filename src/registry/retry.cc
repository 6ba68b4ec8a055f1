// See retry.h.
#include "registry/retry.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>

#include "base/error.h"
#include "base/text.h"
#include "http/date.h"

namespace slipway::registry {
namespace {

constexpr long kLongestWaitSeconds = 60;

/// Waits that differ from process to process, so that many builds do not come back at the same
/// moment.
int with_jitter(int milliseconds) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_int_distribution<int>(milliseconds * 3 / 4, milliseconds * 5 / 4)(random);
}

}  // namespace

bool is_temporary(int status) {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
         status == 504;
}

std::optional<long> retry_after_seconds(std::string_view value, long now) {
  value = trim(value);
  if (const auto seconds = parse_u64(value))
    return static_cast<long>(std::min<uint64_t>(*seconds, 1u << 30));
  const auto date = http::parse_date(value);
  return date ? std::optional(std::max(0L, static_cast<long>(*date) - now)) : std::nullopt;
}

Retry::Retry(int max_attempts, int max_refused, int backoff_ms, std::stop_token stop)
    : max_attempts_(max_attempts),
      max_refused_(max_refused),
      backoff_ms_(backoff_ms),
      stop_(std::move(stop)) {}

bool Retry::after(const http::Failure& failure) {
  using Kind = http::Failure::Kind;
  if (failure.kind == Kind::Tls || failure.kind == Kind::Protocol) return false;
  const bool refused = failure.kind == Kind::Refused || failure.kind == Kind::Unresolved;
  if (refused && used_ >= max_refused_) return false;
  return wait(std::nullopt);
}

bool Retry::after(const http::Response& response) {
  if (!is_temporary(response.status)) return false;
  const auto header = http::find_header(response.headers, "Retry-After");
  return wait(header ? retry_after_seconds(*header, ::time(nullptr)) : std::nullopt);
}

bool Retry::again() { return wait(std::nullopt); }

bool Retry::wait(std::optional<long> seconds) {
  if (used_ >= max_attempts_) return false;
  if (seconds && *seconds > kLongestWaitSeconds) return false;
  const int doublings = std::min(used_ - 1, 6);
  ++used_;
  const auto pause = seconds ? std::chrono::milliseconds(*seconds * 1000)
                             : std::chrono::milliseconds(with_jitter(backoff_ms_ << doublings));
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop_, pause, [] { return false; });
  if (stop_.stop_requested()) throw Cancelled();
  return true;
}

}  // namespace slipway::registry
