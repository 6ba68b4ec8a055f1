// One request and its answer over one libcurl handle, redirects not followed. Private to http/.
//
// A Slot owns a curl multi handle, whose connections outlive a transfer and which another thread
// can wake up to cancel it, and one easy handle. One thread at a time.
#pragma once

#include "http/client.h"
#include "http/url.h"

namespace slipway::http {

/// What changes from one hop of a redirected request to the next.
struct Hop {
  Url url;
  std::string method;
  Headers headers;
  const Body* body = nullptr;
  bool foreign = false;  // not the server the request named: our client certificate is not shown
};

class Slot {
 public:
  Slot();
  ~Slot();
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  std::expected<Response, Failure> run(const Request& request, const Hop& hop);
  /// Connections opened since the last call.
  uint64_t take_opened() { return std::exchange(opened_, 0); }

 private:
  std::expected<Response, Failure> attempt(const Request& request, const Hop& hop,
                                           bool new_connection, bool& stale);

  void* multi_ = nullptr;
  void* easy_ = nullptr;
  uint64_t opened_ = 0;
};

}  // namespace slipway::http
