// A TCP relay on loopback that breaks connections off after so many bytes, to test resumed
// transfers against real servers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace slipway::testing {

class CuttingProxy {
 public:
  /// Relays to 127.0.0.1:`port`.
  explicit CuttingProxy(int port);
  ~CuttingProxy();

  std::string host() const;  // "127.0.0.1:PORT"
  /// The next connection on which this many bytes went up (to the server) is broken off; once.
  void cut_upload_after(uint64_t bytes);
  /// The next connection on which this many bytes came down is broken off; once.
  void cut_download_after(uint64_t bytes);
  int cuts() const;  // so far

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::testing
