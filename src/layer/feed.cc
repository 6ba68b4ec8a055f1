#include "layer/feed.h"

#include <array>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "compress/decode.h"
#include "hash/sha256.h"
#include "os/fd.h"

namespace slipway::layer {
namespace {

constexpr size_t kChunkBytes = 256 * 1024, kChunks = 4;

}  // namespace

// Chunk n uses buffer n % kChunks. `filled_` and `taken_` count chunks; those in between belong to
// the reader.
class Feed::Thread {
 public:
  Thread(int fd, std::stop_token stop, std::atomic<uint64_t>& compressed_bytes)
      : on_stop_(std::move(stop), [this] { cancel(); }),
        worker_([this, fd, &compressed_bytes] { work(fd, compressed_bytes); }) {}

  ~Thread() {
    cancel();
    worker_.join();
  }

  std::span<const uint8_t> take(size_t most) {
    if (rest_.empty()) {
      std::unique_lock lock(mutex_);
      if (holding_) {
        ++taken_;
        holding_ = false;
        changed_.notify_all();
      }
      changed_.wait(lock, [&] { return ended_ || filled_ > taken_; });
      if (filled_ == taken_ || cancelled_) {
        if (failure_) std::rethrow_exception(failure_);
        return {};
      }
      rest_ = {chunks_[taken_ % kChunks].get(), sizes_[taken_ % kChunks]};
      holding_ = true;
    }
    const auto piece = rest_.first(std::min(most, rest_.size()));
    rest_ = rest_.subspan(piece.size());
    return piece;
  }

  /// Only after take() has said that everything was read.
  oci::Digest digest() {
    const std::lock_guard lock(mutex_);
    return oci::Digest::from_sum(sum_);
  }

 private:
  void cancel() {
    const std::lock_guard lock(mutex_);
    if (!ended_) failure_ = std::make_exception_ptr(Cancelled());
    cancelled_ = !ended_;
    ended_ = true;
    changed_.notify_all();
  }

  void work(int fd, std::atomic<uint64_t>& compressed_bytes) {
    try {
      const auto decoder = compress::make_decoder([&](std::span<uint8_t> into) {
        const size_t n = os::read_some(fd, into);
        compressed_bytes += n;
        return n;
      });
      hash::Sha256 hasher;
      for (uint64_t number = 0;; ++number) {
        auto& chunk = chunks_[number % kChunks];
        {
          std::unique_lock lock(mutex_);
          changed_.wait(lock, [&] { return ended_ || number - taken_ < kChunks; });
          if (ended_) return;
        }
        if (!chunk) chunk = std::make_unique_for_overwrite<uint8_t[]>(kChunkBytes);
        size_t size = 0;
        try {
          while (size < kChunkBytes) {
            const size_t n = decoder->read({chunk.get() + size, kChunkBytes - size});
            if (n == 0) break;
            size += n;
          }
        } catch (...) {
          // What came before the damage is still given out: the entry it stands in can then be
          // named.
          if (size == 0) throw;
          publish(number, size);
          throw;
        }
        hasher.update(std::span<const uint8_t>(chunk.get(), size));
        if (size > 0) publish(number, size);
        if (size < kChunkBytes) break;
      }
      const std::lock_guard lock(mutex_);
      sum_ = hasher.finish();
      ended_ = true;
      changed_.notify_all();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      ended_ = true;
      changed_.notify_all();
    }
  }

  void publish(uint64_t number, size_t size) {
    const std::lock_guard lock(mutex_);
    sizes_[number % kChunks] = size;
    filled_ = number + 1;
    changed_.notify_all();
  }

  std::array<std::unique_ptr<uint8_t[]>, kChunks> chunks_;
  std::array<size_t, kChunks> sizes_{};
  std::mutex mutex_;  // guards what follows, up to the reader's own part
  std::condition_variable changed_;
  uint64_t filled_ = 0, taken_ = 0;
  bool ended_ = false, cancelled_ = false;
  std::exception_ptr failure_;
  hash::Sha256Sum sum_{};

  std::span<const uint8_t> rest_;  // the reader's
  bool holding_ = false;

  std::stop_callback<std::function<void()>> on_stop_;
  std::thread worker_;
};

Feed::Feed(int fd, std::stop_token stop)
    : thread_(std::make_unique<Thread>(fd, std::move(stop), compressed_bytes_)) {}
Feed::~Feed() = default;

std::span<const uint8_t> Feed::take(size_t most) { return thread_->take(most); }

oci::Digest Feed::finish() {
  while (!take(1 << 20).empty()) {
  }
  return thread_->digest();
}

}  // namespace slipway::layer
