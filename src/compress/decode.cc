// One small adapter per library; they differ only in how a stream is driven.
#include "compress/decode.h"

#include <bzlib.h>
#include <fmt/core.h>
#include <isa-l/igzip_lib.h>
#include <lzma.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace slipway::compress {
namespace {

constexpr size_t kInputBytes = 64 * 1024;
constexpr uint64_t kXzMemoryLimit = uint64_t{128} << 20;

[[noreturn]] void damaged(Format format, std::string_view how) {
  throw Error(fmt::format("damaged {} data: {}", name(format), how));
}

// The undecoded bytes at hand, refilled from the source.
class Input {
 public:
  Input(Source source, Format format)
      : source_(std::move(source)), format_(format), buffer_(kInputBytes) {}

  /// False at the end of the source.
  bool fill() {
    if (begin_ < end_) return true;
    begin_ = 0;
    end_ = source_(buffer_);
    return end_ > 0;
  }
  void need(bool in_the_middle = true) {
    if (!fill() && in_the_middle) damaged(format_, "it ends in the middle");
  }
  uint8_t* data() { return buffer_.data() + begin_; }
  size_t size() const { return end_ - begin_; }
  void consumed_until(const void* next) {
    begin_ = static_cast<size_t>(static_cast<const uint8_t*>(next) - buffer_.data());
  }
  void keep_last(size_t left) { begin_ = end_ - left; }

  /// After the end of a member: true if another one follows, false at the end. Zeros in between are
  /// padding (tapes, block-wise copies).
  bool another_member(uint8_t first_byte) {
    while (fill()) {
      if (*data() == first_byte) return true;
      if (*data() != 0) damaged(format_, "something else follows its end");
      ++begin_;
    }
    return false;
  }

 private:
  Source source_;
  Format format_;
  std::vector<uint8_t> buffer_;
  size_t begin_ = 0, end_ = 0;
};

class PlainDecoder : public Decoder {
 public:
  explicit PlainDecoder(Source source) : source_(std::move(source)) {}
  size_t read(std::span<uint8_t> into) override { return source_(into); }

 private:
  Source source_;
};

class GzipDecoder : public Decoder {
 public:
  explicit GzipDecoder(Source source)
      : input_(std::move(source), Format::Gzip), state_(std::make_unique<inflate_state>()) {
    isal_inflate_init(state_.get());
    state_->crc_flag = ISAL_GZIP;
  }

  size_t read(std::span<uint8_t> into) override {
    while (!done_) {
      if (state_->block_state == ISAL_BLOCK_FINISH) {
        if (!input_.another_member(0x1f)) {
          done_ = true;
          break;
        }
        isal_inflate_reset(state_.get());
        state_->crc_flag = ISAL_GZIP;
      }
      // The decoder may still hold output when the input is used up.
      const bool more = input_.fill();
      state_->next_in = input_.data();
      state_->avail_in = static_cast<uint32_t>(input_.size());
      state_->next_out = into.data();
      state_->avail_out = static_cast<uint32_t>(std::min<size_t>(into.size(), UINT32_MAX));
      const uint32_t offered = state_->avail_out;
      const int result = isal_inflate(state_.get());
      input_.keep_last(state_->avail_in);
      switch (result) {
        case ISAL_DECOMP_OK:
          break;
        case ISAL_END_INPUT:
          break;
        case ISAL_INCORRECT_CHECKSUM:
          damaged(Format::Gzip, "its checksum does not match");
        case ISAL_NEED_DICT:
        case ISAL_INVALID_WRAPPER:
        case ISAL_UNSUPPORTED_METHOD:
          damaged(Format::Gzip, "its header is invalid");
        default:
          damaged(Format::Gzip, "invalid deflate data");
      }
      if (const size_t made = offered - state_->avail_out) return made;
      if (!more && state_->block_state != ISAL_BLOCK_FINISH)
        damaged(Format::Gzip, "it ends in the middle");
    }
    return 0;
  }

 private:
  Input input_;
  std::unique_ptr<inflate_state> state_;
  bool done_ = false;
};

class ZstdDecoder : public Decoder {
 public:
  explicit ZstdDecoder(Source source)
      : input_(std::move(source), Format::Zstd), stream_(ZSTD_createDStream(), &ZSTD_freeDStream) {
    CHECK(stream_ != nullptr);
  }

  size_t read(std::span<uint8_t> into) override {
    while (true) {
      const bool more = input_.fill();
      if (!more && between_frames_) return 0;
      if (between_frames_ && *input_.data() == 0 && !input_.another_member(0x28)) return 0;
      ZSTD_inBuffer in{input_.data(), input_.size(), 0};
      ZSTD_outBuffer out{into.data(), into.size(), 0};
      const size_t result = ZSTD_decompressStream(stream_.get(), &out, &in);
      if (ZSTD_isError(result)) damaged(Format::Zstd, ZSTD_getErrorName(result));
      input_.keep_last(in.size - in.pos);
      between_frames_ = result == 0;
      if (out.pos > 0) return out.pos;
      if (!more) damaged(Format::Zstd, "it ends in the middle");
    }
  }

 private:
  Input input_;
  std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream_;
  bool between_frames_ = false;
};

class XzDecoder : public Decoder {
 public:
  explicit XzDecoder(Source source) : input_(std::move(source), Format::Xz) {
    CHECK(lzma_stream_decoder(&stream_, kXzMemoryLimit, LZMA_CONCATENATED) == LZMA_OK);
  }
  ~XzDecoder() override { lzma_end(&stream_); }

  size_t read(std::span<uint8_t> into) override {
    while (!done_) {
      const bool more = input_.fill();
      stream_.next_in = input_.data();
      stream_.avail_in = input_.size();
      stream_.next_out = into.data();
      stream_.avail_out = into.size();
      const lzma_ret result = lzma_code(&stream_, more ? LZMA_RUN : LZMA_FINISH);
      input_.keep_last(stream_.avail_in);
      done_ = result == LZMA_STREAM_END;
      if (result == LZMA_MEMLIMIT_ERROR)
        damaged(Format::Xz, "it needs more than 128 MiB to be read");
      if (result == LZMA_BUF_ERROR) damaged(Format::Xz, "it ends in the middle");
      if (result != LZMA_OK && !done_) damaged(Format::Xz, "invalid content or checksum");
      if (const size_t made = into.size() - stream_.avail_out) return made;
    }
    return 0;
  }

 private:
  Input input_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool done_ = false;
};

class Bzip2Decoder : public Decoder {
 public:
  explicit Bzip2Decoder(Source source) : input_(std::move(source), Format::Bzip2) {}
  ~Bzip2Decoder() override { close(); }

  size_t read(std::span<uint8_t> into) override {
    while (true) {
      if (!open_) {
        if (any_ ? !input_.another_member('B') : !input_.fill()) return 0;
        stream_ = {};
        CHECK(BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK);
        open_ = any_ = true;
      }
      const bool more = input_.fill();
      stream_.next_in = reinterpret_cast<char*>(input_.data());
      stream_.avail_in = static_cast<unsigned>(input_.size());
      stream_.next_out = reinterpret_cast<char*>(into.data());
      stream_.avail_out = static_cast<unsigned>(std::min<size_t>(into.size(), UINT32_MAX));
      const unsigned offered = stream_.avail_out;
      const int result = BZ2_bzDecompress(&stream_);
      input_.keep_last(stream_.avail_in);
      if (result == BZ_STREAM_END)
        close();
      else if (result != BZ_OK)
        damaged(Format::Bzip2, "invalid content or checksum");
      if (const size_t made = offered - stream_.avail_out) return made;
      if (open_ && !more) damaged(Format::Bzip2, "it ends in the middle");
    }
  }

 private:
  void close() {
    if (open_) BZ2_bzDecompressEnd(&stream_);
    open_ = false;
  }
  Input input_;
  bz_stream stream_{};
  bool open_ = false, any_ = false;
};

}  // namespace

Format detect(std::span<const uint8_t> head) {
  const auto starts = [&](std::initializer_list<int> magic) {
    return head.size() >= magic.size() && std::equal(magic.begin(), magic.end(), head.begin());
  };
  if (starts({0x1f, 0x8b})) return Format::Gzip;
  if (starts({0x28, 0xb5, 0x2f, 0xfd})) return Format::Zstd;
  // A skippable frame first: zstd files with a seek table or other notes at the front.
  if (head.size() >= 4 && (head[0] & 0xf0) == 0x50 && head[1] == 0x2a && head[2] == 0x4d &&
      head[3] == 0x18)
    return Format::Zstd;
  if (starts({0xfd, '7', 'z', 'X', 'Z', 0})) return Format::Xz;
  if (starts({'B', 'Z', 'h'})) return Format::Bzip2;
  return Format::Plain;
}

std::string_view name(Format format) {
  switch (format) {
    case Format::Plain:
      return "plain";
    case Format::Gzip:
      return "gzip";
    case Format::Zstd:
      return "zstd";
    case Format::Xz:
      return "xz";
    case Format::Bzip2:
      return "bzip2";
  }
  return "";
}

std::unique_ptr<Decoder> make_decoder(Format format, Source source) {
  switch (format) {
    case Format::Plain:
      return std::make_unique<PlainDecoder>(std::move(source));
    case Format::Gzip:
      return std::make_unique<GzipDecoder>(std::move(source));
    case Format::Zstd:
      return std::make_unique<ZstdDecoder>(std::move(source));
    case Format::Xz:
      return std::make_unique<XzDecoder>(std::move(source));
    case Format::Bzip2:
      return std::make_unique<Bzip2Decoder>(std::move(source));
  }
  return nullptr;
}

std::unique_ptr<Decoder> make_decoder(Source source, Format* found) {
  std::array<uint8_t, kDetectBytes> head;
  size_t have = 0;
  while (have < head.size()) {
    const size_t n = source(std::span(head).subspan(have));
    if (n == 0) break;
    have += n;
  }
  const Format format = detect(std::span(head.data(), have));
  if (found) *found = format;
  // Gives the head out again before the rest.
  return make_decoder(format, [head, have, given = size_t{0},
                               source = std::move(source)](std::span<uint8_t> into) mutable {
    if (given == have) return source(into);
    const size_t n = std::min(into.size(), have - given);
    std::memcpy(into.data(), head.data() + given, n);
    given += n;
    return n;
  });
}

}  // namespace slipway::compress
