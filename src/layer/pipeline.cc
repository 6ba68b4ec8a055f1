// Threads pass a ring of blocks around, which is also all the memory there is:
//
//   reader: Free -> Filled      compressors: Filled -> Taken -> Done      caller (writer): Done ->
//   Free
//
// Block number n always uses slot n % slots, so each party only counts to find its next one, and
// order needs no sorting.
#include "layer/pipeline.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "compress/encode.h"
#include "hash/sha256.h"

namespace slipway::layer {
namespace {

using compress::Format;

// More threads would only wait for the checksums, and each costs two blocks of memory.
constexpr unsigned kMaxGzipThreads = 8, kMaxZstdThreads = 4;

struct Codec {
  Format format = Format::Plain;
  int level = 0;
  auto operator<=>(const Codec&) const = default;
};

Codec codec_of(const WriteOptions& options) {
  switch (options.compression) {
    case oci::Compression::None:
      return {Format::Plain, 0};
    case oci::Compression::Gzip:
      return {Format::Gzip, options.level.value_or(compress::kDefaultGzipLevel)};
    case oci::Compression::Zstd:
      return {Format::Zstd, options.level.value_or(compress::kDefaultZstdLevel)};
  }
  return {};
}

unsigned thread_count(Format format, unsigned wanted) {
  if (format == Format::Plain) return 0;
  if (wanted == 0) wanted = std::max(1u, std::thread::hardware_concurrency());
  return std::min(wanted, format == Format::Zstd ? kMaxZstdThreads : kMaxGzipThreads);
}

// Kept between layers: builds write hundreds of tiny ones, and setting up an encoder takes longer
// than using it.
compress::BlockEncoder& encoder_of_this_thread(Codec codec) {
  static thread_local Codec current;
  static thread_local std::unique_ptr<compress::BlockEncoder> encoder;
  if (!encoder || current != codec) {
    encoder = compress::make_encoder(codec.format, codec.level);
    current = codec;
  }
  return *encoder;
}

struct Slot {
  enum class State { Free, Filled, Taken, Done };
  State state = State::Free;
  std::unique_ptr<uint8_t[]> plain;  // of block size, allocated when first used
  size_t plain_size = 0;
  std::vector<uint8_t> packed;

  std::span<uint8_t> room(size_t block) {
    if (!plain) plain = std::make_unique_for_overwrite<uint8_t[]>(block);
    return {plain.get(), block};
  }
  std::span<const uint8_t> content() const { return {plain.get(), plain_size}; }
};

// The end of the line, on the caller's thread.
class Output {
 public:
  Output(const WriteOptions& options, const Sink& sink, Format format)
      : options_(options), sink_(sink), plain_(format == Format::Plain) {}

  void block(const Slot& slot) {
    const std::span<const uint8_t> bytes =
        plain_ ? slot.content() : std::span<const uint8_t>(slot.packed);
    if (!plain_) hasher_.update(bytes);
    sink_(bytes);
    written_.size += bytes.size();
    written_.uncompressed_size += slot.plain_size;
    if (options_.progress) options_.progress(written_.uncompressed_size);
  }
  Written finish(hash::Sha256& diff_hasher) {
    written_.diff_id = oci::Digest::from_sum(diff_hasher.finish());
    written_.digest = plain_ ? written_.diff_id : oci::Digest::from_sum(hasher_.finish());
    return std::move(written_);
  }

 private:
  const WriteOptions& options_;
  const Sink& sink_;
  const bool plain_;
  hash::Sha256 hasher_;
  Written written_;
};

class Ring {
 public:
  Ring(const Produce& produce, Codec codec, unsigned threads, Slot first)
      : produce_(produce),
        codec_(codec),
        threads_(threads),
        block_(compress::block_size(codec.format)),
        slots_(threads + 2) {
    slots_[0] = std::move(first);
  }

  void run(std::stop_token stop, hash::Sha256& diff_hasher, Output& output) {
    const std::stop_callback on_stop(stop, [this] { fail(std::make_exception_ptr(Cancelled())); });
    std::vector<std::jthread> workers;
    try {
      workers.emplace_back([&] { guarded([&] { read(diff_hasher); }); });
      for (unsigned i = 0; i < threads_; ++i)
        workers.emplace_back([this] { guarded([this] { pack(); }); });
      write(output);
    } catch (...) {
      fail(std::current_exception());
    }
    workers.clear();  // joins
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  using State = Slot::State;

  Slot& slot(uint64_t number) { return slots_[number % slots_.size()]; }

  template <typename Work>
  void guarded(const Work& work) {
    try {
      work();
    } catch (...) {
      fail(std::current_exception());
    }
  }

  void fail(std::exception_ptr why) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(why);
    changed_.notify_all();
  }

  /// False if everything stops because somebody failed.
  template <typename Condition>
  bool wait(std::unique_lock<std::mutex>& lock, const Condition& condition) {
    changed_.wait(lock, [&] { return failure_ || condition(); });
    return !failure_;
  }

  void set(Slot& which, State state) {
    const std::lock_guard lock(mutex_);
    which.state = state;
    changed_.notify_all();
  }

  void read(hash::Sha256& diff_hasher) {
    for (uint64_t number = 0;; ++number) {
      Slot& to = slot(number);
      if (number > 0) {  // the first block came with the ring
        {
          std::unique_lock lock(mutex_);
          if (!wait(lock, [&] { return to.state == State::Free; })) return;
        }
        to.plain_size = produce_(to.room(block_));
      }
      const bool last = to.plain_size < block_;
      if (to.plain_size > 0) {
        diff_hasher.update(to.content());
        to.packed.clear();
      }
      const std::lock_guard lock(mutex_);
      if (to.plain_size > 0) to.state = threads_ == 0 ? State::Done : State::Filled;
      if (last) total_ = number + (to.plain_size > 0);
      changed_.notify_all();
      if (last) return;
    }
  }

  void pack() {
    compress::BlockEncoder& encoder = encoder_of_this_thread(codec_);
    while (true) {
      Slot* taken = nullptr;
      {
        std::unique_lock lock(mutex_);
        if (!wait(lock, [&] {
              return next_to_pack_ == total_ || slot(next_to_pack_).state == State::Filled;
            }))
          return;
        if (next_to_pack_ == total_) return;
        taken = &slot(next_to_pack_++);
        taken->state = State::Taken;
      }
      encoder.encode(taken->content(), taken->packed);
      set(*taken, State::Done);
    }
  }

  void write(Output& output) {
    for (uint64_t number = 0;; ++number) {
      Slot& from = slot(number);
      {
        std::unique_lock lock(mutex_);
        if (!wait(lock, [&] { return number == total_ || from.state == State::Done; })) return;
        if (number == total_) return;
      }
      output.block(from);
      set(from, State::Free);
    }
  }

  const Produce& produce_;
  const Codec codec_;
  const unsigned threads_;
  const size_t block_;

  std::mutex mutex_;  // guards everything below but the content of slots, which belongs to whom
                      // their state says
  std::condition_variable changed_;
  std::vector<Slot> slots_;
  uint64_t next_to_pack_ = 0;
  uint64_t total_ = UINT64_MAX;  // blocks, once the reader has seen the end
  std::exception_ptr failure_;
};

}  // namespace

Written run_pipeline(const Produce& produce, const WriteOptions& options, const Sink& sink) {
  const Codec codec = codec_of(options);
  compress::check_level(codec.format, codec.level);
  if (options.stop.stop_requested()) throw Cancelled();
  const size_t block = compress::block_size(codec.format);
  hash::Sha256 diff_hasher;
  Output output(options, sink, codec.format);

  // Most layers are small: the first block is read here, and threads are only started when there is
  // more.
  Slot first;
  first.plain_size = produce(first.room(block));
  if (first.plain_size < block) {
    diff_hasher.update(first.content());
    if (codec.format != Format::Plain)
      encoder_of_this_thread(codec).encode(first.content(), first.packed);
    output.block(first);
    return output.finish(diff_hasher);
  }
  Ring(produce, codec, thread_count(codec.format, options.threads), std::move(first))
      .run(options.stop, diff_hasher, output);
  return output.finish(diff_hasher);
}

}  // namespace slipway::layer
