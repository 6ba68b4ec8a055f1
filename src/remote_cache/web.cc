#include "remote_cache/web.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "os/fd.h"
#include "registry/retry.h"

namespace slipway::remote_cache {
namespace {

constexpr int kMaxRefused = 3;

}  // namespace

Error answer_error(const std::string& who, const http::Response& response) {
  std::string said = response.body.substr(0, 200);
  for (char& c : said)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  return Error(fmt::format("{} answered {}{}{}", who, response.status, said.empty() ? "" : ": ",
                           trim(said)));
}

http::Response exchange(const MakeRequest& make, const std::string& who, const Patience& patience,
                        std::stop_token stop) {
  registry::Retry retry(patience.attempts, kMaxRefused, patience.backoff_ms, stop);
  while (true) {
    http::Request request = make();
    request.stop = stop;
    request.stall_timeout_seconds = patience.stall_seconds;
    const auto result = http::Pool::shared().perform(request);
    if (result) {
      if (!registry::is_temporary(result->status)) return *result;
      if (!retry.after(*result)) throw answer_error(who, *result);
    } else if (!retry.after(result.error())) {
      throw Error(fmt::format("{} cannot be reached: {}", who, result.error().message),
                  result.error().where);
    }
  }
}

void download(const MakeRequest& make, const std::string& who, uint64_t size, const Sink& sink,
              const Patience& patience, std::stop_token stop) {
  registry::Retry retry(patience.attempts, kMaxRefused, patience.backoff_ms, stop);
  uint64_t received = 0, skip = 0;
  bool sink_failed = false;
  while (received < size) {
    const uint64_t before = received;
    http::Request request = make();
    request.stop = stop;
    request.stall_timeout_seconds = patience.stall_seconds;
    if (received > 0) request.headers.emplace_back("Range", fmt::format("bytes={}-", received));
    request.on_success = [&](const http::Response& response) {
      skip = response.status == 206 ? 0 : received;  // who knows no ranges begins anew
    };
    request.sink = [&](std::span<const uint8_t> bytes) {
      const size_t known = static_cast<size_t>(std::min<uint64_t>(skip, bytes.size()));
      skip -= known;
      bytes = bytes.subspan(known);
      if (bytes.empty()) return;
      if (bytes.size() > size - received)
        throw Error(fmt::format("{} sends more than {} bytes", who, size));
      sink_failed = true;
      sink(bytes);
      sink_failed = false;
      received += bytes.size();
    };
    const auto result = http::Pool::shared().perform(request);
    if (received > before) retry.progressed();
    if (received == size) return;
    if (!result) {
      if (!retry.after(result.error()))
        throw Error(fmt::format("{} cannot be reached: {}", who, result.error().message),
                    result.error().where);
      continue;
    }
    const bool is_good = result->status == 200 || result->status == 206;
    if (is_good ? retry.again() : registry::is_temporary(result->status) && retry.after(*result))
      continue;
    if (is_good) throw Error(fmt::format("{} ends after {} of {} bytes", who, received, size));
    throw answer_error(who, *result);
  }
}

http::Body file_part(const std::string& path, uint64_t offset, uint64_t size,
                     const std::function<void(uint64_t)>& progress) {
  auto file = std::make_shared<os::UniqueFd>(os::open_file(path, O_RDONLY));
  auto at = std::make_shared<uint64_t>(0);
  return {.size = size,
          .read = [=](std::span<uint8_t> into) -> size_t {
            const size_t wanted = static_cast<size_t>(std::min<uint64_t>(into.size(), size - *at));
            if (wanted == 0) return 0;
            ssize_t n = 0;
            do n = ::pread(file->get(), into.data(), wanted, static_cast<off_t>(offset + *at));
            while (n < 0 && errno == EINTR);
            if (n < 0) throw errno_error("read", path);
            if (n == 0) throw Error("the file became shorter while it was uploaded", path);
            *at += static_cast<uint64_t>(n);
            if (progress) progress(offset + *at);
            return static_cast<size_t>(n);
          },
          .rewind = [=] { *at = 0; },
          .repeatable = true};
}

}  // namespace slipway::remote_cache
