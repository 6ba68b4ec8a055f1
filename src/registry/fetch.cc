// Client::fetch_blob: one stream out of as many attempts, from as many places, as it takes.
//
// State between attempts is only how many bytes the sink has; they are hashed on their way. A blob
// is named by its content, so a transfer that one place broke off may go on at the next. Bytes
// cannot be taken back from the sink: a wrong digest is final.
#include <fmt/core.h>

#include "base/text.h"
#include "hash/sha256.h"
#include "http/client.h"
#include "registry/answer.h"
#include "registry/client_impl.h"

namespace slipway::registry {
namespace {

class BlobStream {
 public:
  BlobStream(const oci::Descriptor& blob, const Sink& sink, const Progress& progress)
      : blob_(blob), sink_(sink), progress_(progress) {}

  uint64_t received() const { return received_; }
  bool complete() const { return received_ == blob_.size; }
  /// The sink or progress callback threw: not a failure of any place.
  bool consumer_failed() const { return consumer_failed_; }

  http::Headers range_headers() const {
    if (received_ == 0) return {};
    return {{"Range", fmt::format("bytes={}-", received_)}};
  }

  /// Judges the head of a 2xx answer before its bytes come.
  void begin(const Endpoint& endpoint, const http::Response& response) {
    skip_ = 0;
    uint64_t first = 0;
    if (response.status == 206) {
      const std::string range = http::find_header(response.headers, "Content-Range").value_or("");
      const auto start = range.starts_with("bytes ")
                             ? parse_u64(range.substr(6, range.find('-') - 6))
                             : std::nullopt;
      if (!start || *start != received_)
        throw Error(fmt::format("{} answered a request for the bytes from {} with \"{}\"",
                                endpoint.host, received_, range.substr(0, 100)));
      first = *start;
    } else {
      skip_ = received_;  // ranges are not supported there: the bytes we have come again
    }
    const auto length =
        parse_u64(http::find_header(response.headers, "Content-Length").value_or(""));
    if (length && first + *length != blob_.size)
      throw Error(fmt::format("{} says that blob {} has {} bytes; its manifest says {}",
                              endpoint.host, blob_.digest.str(), first + *length, blob_.size));
  }

  void take(const Endpoint& endpoint, std::span<const uint8_t> bytes) {
    if (skip_ > 0) {
      const size_t known = static_cast<size_t>(std::min<uint64_t>(skip_, bytes.size()));
      skip_ -= known;
      bytes = bytes.subspan(known);
    }
    if (bytes.empty()) return;
    if (bytes.size() > blob_.size - received_)
      throw Error(fmt::format("{} sends more than the {} bytes of blob {}", endpoint.host,
                              blob_.size, blob_.digest.str()));
    hasher_.update(bytes);
    consumer_failed_ = true;
    sink_(bytes);
    received_ += bytes.size();
    if (progress_) progress_(received_, blob_.size);
    consumer_failed_ = false;
  }

  void verify(const Endpoint& endpoint) {
    const auto digest = oci::Digest::from_sum(hasher_.finish());
    if (digest != blob_.digest)
      throw Error(fmt::format("{} sent other bytes than those of blob {}: their digest is {}",
                              endpoint.host, blob_.digest.str(), digest.str()),
                  {},
                  "the registry, or a proxy or mirror in between, is damaged or was tampered with; "
                  "try another one");
  }

 private:
  const oci::Descriptor& blob_;
  const Sink& sink_;
  const Progress& progress_;
  hash::Sha256 hasher_;
  uint64_t received_ = 0;
  uint64_t skip_ = 0;  // bytes still to be dropped of an answer that began at 0
  bool consumer_failed_ = false;
};

/// Attempts at one place until the blob is complete. Throws Error when that place cannot serve (the
/// rest of) it.
void fetch_from(Session& session, const Endpoint& endpoint, BlobStream& stream,
                const oci::Descriptor& blob, std::stop_token stop) {
  Retry retry = session.new_retry(endpoint, stop);
  while (!stream.complete()) {
    const uint64_t before = stream.received();
    const Call call{
        .path = "blobs/" + blob.digest.str(),
        .headers = stream.range_headers(),
        .on_success = [&](const http::Response& response) { stream.begin(endpoint, response); },
        .sink = [&](std::span<const uint8_t> bytes) { stream.take(endpoint, bytes); },
        .verified_by_digest = true};
    const auto result = session.attempt(endpoint, call, stop);
    if (stream.received() > before) retry.progressed();
    if (!result) {
      if (retry.after(result.error())) continue;
      using Kind = http::Failure::Kind;
      if (result.error().kind == Kind::Refused || result.error().kind == Kind::Unresolved)
        session.mark_down(endpoint);
      throw failure_error(endpoint, result.error());
    }
    if (result->status == 404)
      throw Error(fmt::format("{} does not have blob {}", endpoint.str(), blob.digest.str()));
    if (result->status == 200 || result->status == 206) {
      // An answer without a length that ends early looks like a whole one.
      if (stream.complete() || retry.again()) continue;
      throw Error(fmt::format("{} ends blob {} after {} of {} bytes", endpoint.host,
                              blob.digest.str(), stream.received(), blob.size),
                  {}, "the network or the registry breaks transfers off; try again");
    }
    if (!retry.after(*result)) throw answer_error(endpoint, *result);
  }
}

}  // namespace

void Client::fetch_blob(const Reference& repo, const oci::Descriptor& blob, const Sink& sink,
                        const Progress& progress, std::stop_token stop) {
  BlobStream stream(blob, sink, progress);
  Tried tried;
  for (const Endpoint& endpoint : impl_->places(repo)) {
    try {
      fetch_from(impl_->session, endpoint, stream, blob, stop);
    } catch (const Error& error) {
      if (stream.consumer_failed()) throw;
      tried.add(endpoint, error);
      continue;
    }
    return stream.verify(endpoint);
  }
  throw tried.error(fmt::format("fetch blob {} of {}", blob.digest.str(), repo.familiar()));
}

}  // namespace slipway::registry
