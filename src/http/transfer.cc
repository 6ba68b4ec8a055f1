// One transfer in terms of libcurl. See transfer.h.
#include "http/transfer.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <system_error>

#include "base/text.h"
#include "http/curl_api.h"
#include "os/fs.h"
#include "os/sigpipe.h"

namespace slipway::http {
namespace {

constexpr uint64_t kMaxErrorBody = 64u << 10;
constexpr long kReceiveBuffer = 64L << 10;
constexpr long kSendBuffer = 128L << 10;

/// State of one transfer, reached from curl's C callbacks. An exception of ours cannot cross curl:
/// it is kept here, the transfer is aborted, and run() throws it on.
struct Transfer {
  const Request* request = nullptr;
  const Body* body = nullptr;
  Response response;
  uint64_t body_read = 0;
  bool body_sent = false;  // curl has all of it
  bool headers_complete = false;
  bool body_cut = false;  // an error text longer than we keep: enough is here
  bool too_large = false;
  std::exception_ptr thrown;
  std::array<char, CURL_ERROR_SIZE> error_text{};

  bool is_success() const { return response.status >= 200 && response.status < 300; }
};

template <typename Function>
bool guarded(Transfer& transfer, Function&& function) {
  try {
    function();
    return true;
  } catch (...) {
    transfer.thrown = std::current_exception();
    return false;
  }
}

size_t on_header(char* data, size_t, size_t length, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line = trim({data, length});
  if (transfer.headers_complete) return length;  // trailers
  if (line.starts_with("HTTP/")) {
    const auto words = split(line, ' ');
    transfer.response.status =
        words.size() > 1 ? static_cast<int>(parse_u64(words[1]).value_or(0)) : 0;
    transfer.response.headers.clear();
  } else if (line.empty()) {
    if (transfer.response.status < 200)
      return length;  // 100 Continue and the like; the real answer follows
    transfer.headers_complete = true;
    if (transfer.is_success() && transfer.request->on_success &&
        !guarded(transfer, [&] { transfer.request->on_success(transfer.response); }))
      return length + 1;
  } else if (const size_t colon = line.find(':'); colon != line.npos) {
    transfer.response.headers.emplace_back(trim(line.substr(0, colon)),
                                           trim(line.substr(colon + 1)));
  }
  return length;
}

size_t on_body(char* data, size_t, size_t length, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.is_success() && transfer.request->sink) {
    const std::span bytes(reinterpret_cast<const uint8_t*>(data), length);
    return guarded(transfer, [&] { transfer.request->sink(bytes); }) ? length : length + 1;
  }
  const uint64_t limit = transfer.is_success() ? transfer.request->max_body : kMaxErrorBody;
  std::string& kept = transfer.response.body;
  if (kept.size() + length > limit) {
    kept.append(data, limit - kept.size());
    (transfer.is_success() ? transfer.too_large : transfer.body_cut) = true;
    return length + 1;
  }
  kept.append(data, length);
  return length;
}

size_t on_read(char* into, size_t, size_t length, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  size_t n = 0;
  if (!transfer.body) return 0;
  const std::span bytes(reinterpret_cast<uint8_t*>(into), length);
  if (!guarded(transfer, [&] { n = transfer.body->read(bytes); })) return CURL_READFUNC_ABORT;
  transfer.body_read += n;
  transfer.body_sent = n == 0 || transfer.body_read == transfer.body->size;
  return n;
}

/// curl rewinds to send the body again after a reused connection broke without an answer.
int on_seek(void* user, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<Transfer*>(user);
  const Body* const body = transfer.body;
  if (offset != 0 || origin != SEEK_SET || !body || !body->rewind || !body->repeatable)
    return CURL_SEEKFUNC_FAIL;
  transfer.body_read = 0;
  transfer.body_sent = false;
  return guarded(transfer, [&] { body->rewind(); }) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

const char* environment(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? value : nullptr;
}

/// The system's certificates as PEM text; read only where a server needs more than those.
std::string system_certificates() {
  const char* path = environment("SSL_CERT_FILE");
  if (!path) path = curl().version_info(CURLVERSION_NOW)->cainfo;
  if (!path) return {};
  return os::read_file_if_exists(path).value_or(std::string());
}

void set_tls(CURL* easy, const Tls& tls, bool foreign) {
  curl().easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
  curl().easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
  if (!foreign && !tls.client_cert.empty()) {
    curl().easy_setopt(easy, CURLOPT_SSLCERT, tls.client_cert.c_str());
    curl().easy_setopt(easy, CURLOPT_SSLKEY, tls.client_key.c_str());
  }
  if (!tls.verify) return;
  if (const char* directory = environment("SSL_CERT_DIR"))
    curl().easy_setopt(easy, CURLOPT_CAPATH, directory);
  if (!tls.ca_pem.empty()) {
    std::string all = system_certificates() + "\n" + tls.ca_pem;
    curl_blob blob{all.data(), all.size(), CURL_BLOB_COPY};
    curl().easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
  } else if (const char* path = environment("SSL_CERT_FILE")) {
    curl().easy_setopt(easy, CURLOPT_CAINFO, path);
  }
}

/// libcurl reads https_proxy, HTTPS_PROXY, http_proxy, ALL_PROXY and NO_PROXY itself. It leaves out
/// HTTP_PROXY, which a CGI request could set; docker reads it, so do we, but not under CGI.
/// Loopback never goes through a proxy.
void set_proxy(CURL* easy, const Url& url) {
  if (is_loopback(url.host)) {
    curl().easy_setopt(easy, CURLOPT_NOPROXY, "*");
  } else if (url.scheme == "http" && !environment("http_proxy") && !environment("REQUEST_METHOD")) {
    if (const char* proxy = environment("HTTP_PROXY"))
      curl().easy_setopt(easy, CURLOPT_PROXY, proxy);
  }
}

void set_method_and_body(CURL* easy, const Hop& hop) {
  const std::string& method = hop.method;
  if (method == "HEAD") {
    curl().easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  // Bodies of no length still need "Content-Length: 0" for the methods that have one.
  if (hop.body || method == "POST" || method == "PUT" || method == "PATCH") {
    curl().easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    const curl_off_t size = !hop.body        ? 0
                            : hop.body->size ? static_cast<curl_off_t>(*hop.body->size)
                                             : -1;
    curl().easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, size);
    curl().easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kSendBuffer);
  }
  curl().easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
}

std::string reason(CURL* easy, CURLcode code, const Transfer& transfer) {
  long number = 0;
  curl().easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
  if (code == CURLE_COULDNT_CONNECT && number != 0) {
    return to_lower(std::generic_category().message(static_cast<int>(number)));
  }
  const std::string_view text(transfer.error_text.data());
  return std::string(text.empty() ? std::string_view(curl().easy_strerror(code)) : trim(text));
}

Failure failure_of(CURL* easy, CURLcode code, const Request& request, const Hop& hop,
                   const Transfer& transfer) {
  using Kind = Failure::Kind;
  const std::string where = request.unix_socket.empty() ? hop.url.host_port() : request.unix_socket;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {Kind::Unresolved, "the host name is not known", where};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {Kind::Unresolved, "the host name of the proxy is not known", where};
    case CURLE_COULDNT_CONNECT:
      return {Kind::Refused, reason(easy, code, transfer), where};
    case CURLE_OPERATION_TIMEDOUT: {
      curl_off_t ready = 0;
      curl().easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready);
      if (ready == 0)
        return {Kind::Refused,
                fmt::format("no connection within {} s", request.connect_timeout_seconds), where};
      const bool answering = transfer.body_sent && request.answer_timeout_seconds > 0;
      return {Kind::Stalled,
              fmt::format("nothing moved for {} s", answering ? request.answer_timeout_seconds
                                                              : request.stall_timeout_seconds),
              where};
    }
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
      return {Kind::Tls, reason(easy, code, transfer), where};
    case CURLE_GOT_NOTHING:
      return {Kind::Dropped, "the connection was closed without an answer", where};
    case CURLE_PARTIAL_FILE:
      return {Kind::Dropped, "the connection was closed in the middle of the answer", where};
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_FAIL_REWIND:
      return {Kind::Dropped, reason(easy, code, transfer), where};
    default:
      return {Kind::Protocol, reason(easy, code, transfer), where};
  }
}

}  // namespace

Slot::Slot() {
  multi_ = curl().multi_init();
  easy_ = curl().easy_init();
  if (!multi_ || !easy_)
    throw Error("cannot set up an HTTP transfer: no memory or no file descriptors left");
  curl().multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 4L);
}

Slot::~Slot() {
  if (easy_) curl().easy_cleanup(easy_);
  if (multi_) curl().multi_cleanup(multi_);
}

std::expected<Response, Failure> Slot::run(const Request& request, const Hop& hop) {
  bool stale = false;
  auto result = attempt(request, hop, false, stale);
  if (!stale) return result;
  hop.body->rewind();
  return attempt(request, hop, true, stale);
}

/// `stale` is set when the failure is only that an idle connection turned out to be closed, and the
/// same may be asked again. curl repeats by itself what failed while it waited for the answer, but
/// not what failed while it sent the body.
std::expected<Response, Failure> Slot::attempt(const Request& request, const Hop& hop,
                                               bool new_connection, bool& stale) {
  CURL* const easy = easy_;
  Transfer transfer;
  transfer.request = &request;
  transfer.body = hop.body;
  Url shown = hop.url;
  shown.user_info.clear();  // a password in a URL must not reach messages
  transfer.response.url = shown.str();
  const std::string url = hop.url.str();

  curl().easy_reset(easy);
  curl().easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl().easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error_text.data());
  curl().easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl().easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl().easy_setopt(easy, CURLOPT_FRESH_CONNECT, new_connection ? 1L : 0L);
  curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl().easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl().easy_setopt(easy, CURLOPT_USERAGENT, "slipway");
  curl().easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl().easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl().easy_setopt(easy, CURLOPT_BUFFERSIZE, kReceiveBuffer);
  curl().easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
                     static_cast<long>(request.connect_timeout_seconds));
  curl().easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl().easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>(request.stall_timeout_seconds));
  curl().easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
  curl().easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
  curl().easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl().easy_setopt(easy, CURLOPT_READFUNCTION, &on_read);
  curl().easy_setopt(easy, CURLOPT_READDATA, &transfer);
  curl().easy_setopt(easy, CURLOPT_SEEKFUNCTION, &on_seek);
  curl().easy_setopt(easy, CURLOPT_SEEKDATA, &transfer);
  if (!request.unix_socket.empty())
    curl().easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
  set_method_and_body(easy, hop);
  set_tls(easy, request.tls, hop.foreign);
  set_proxy(easy, hop.url);

  curl_slist* list =
      curl().slist_append(nullptr, "Expect:");  // never wait a second for 100 Continue
  for (const auto& [name, value] : hop.headers)
    list = curl().slist_append(list, (name + ": " + value).c_str());
  curl().easy_setopt(easy, CURLOPT_HTTPHEADER, list);

  CURLcode code = CURLE_OK;
  bool cancelled = false;
  bool reused = false;
  {
    const os::SigpipeHeld no_signal;
    CHECK(curl().multi_add_handle(multi_, easy) == CURLM_OK);
    {
      const std::stop_callback wake(request.stop, [this] { curl().multi_wakeup(multi_); });
      int running = 1;
      while (true) {
        if (curl().multi_perform(multi_, &running) != CURLM_OK) code = CURLE_OUT_OF_MEMORY;
        if (running == 0 || code != CURLE_OK || transfer.thrown) break;
        if ((cancelled = request.stop.stop_requested())) break;
        if (transfer.body_sent && request.answer_timeout_seconds > 0)
          curl().easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                             static_cast<long>(request.answer_timeout_seconds));
        curl().multi_poll(multi_, nullptr, 0, 1000, nullptr);
      }
    }
    int left = 0;
    while (const CURLMsg* message = curl().multi_info_read(multi_, &left))
      if (message->msg == CURLMSG_DONE && code == CURLE_OK) code = message->data.result;
    long connects = 0;
    curl().easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
    opened_ += static_cast<uint64_t>(connects);
    reused = connects == 0;
    // A name look-up that hangs must not delay the cancellation.
    if (cancelled) curl().easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl().multi_remove_handle(multi_, easy);
  }
  curl().slist_free_all(list);
  // The next transfer sets its own; until then nothing may point into this frame.
  std::expected<Response, Failure> result = std::unexpected(Failure{});
  if (code != CURLE_OK && !transfer.body_cut && !transfer.thrown && !cancelled) {
    result = std::unexpected(failure_of(easy, code, request, hop, transfer));
    if (transfer.too_large)
      result.error().message = fmt::format("the answer is larger than {} bytes", request.max_body);
    if (transfer.too_large) result.error().kind = Failure::Kind::Protocol;
    stale = reused && !new_connection && result.error().kind == Failure::Kind::Dropped &&
            transfer.response.status == 0 && hop.body && hop.body->repeatable && hop.body->rewind;
  }
  curl().easy_reset(easy);
  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  if (cancelled) throw Cancelled();
  if (code == CURLE_OK || transfer.body_cut) result = std::move(transfer.response);
  return result;
}

}  // namespace slipway::http
