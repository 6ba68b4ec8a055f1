// See curl_api.h.
#include "http/curl_api.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include "base/error.h"

namespace slipway::http {
namespace {

constexpr const char* kLibrary = "libcurl.so.4";

class Loader {
 public:
  Loader() : library_(::dlopen(kLibrary, RTLD_LAZY | RTLD_LOCAL)) {
    if (!library_) fail(::dlerror());
  }

  template <typename Function>
  void get(Function& into, const char* name) const {
    into = reinterpret_cast<Function>(::dlsym(library_, name));
    if (!into) fail(fmt::format("it has no {}", name));
  }

 private:
  [[noreturn]] static void fail(const std::string& why) {
    throw Error(fmt::format("cannot load {}, which talks HTTP: {}", kLibrary, why), {},
                "install libcurl 7.85 or newer (Debian: apt-get install libcurl4)");
  }
  void* library_;
};

CurlApi load() {
  const Loader loader;
  CurlApi api{};
  decltype(&::curl_global_init) global_init = nullptr;
  loader.get(global_init, "curl_global_init");
  loader.get(api.version_info, "curl_version_info");
  loader.get(api.slist_append, "curl_slist_append");
  loader.get(api.slist_free_all, "curl_slist_free_all");
  loader.get(api.easy_init, "curl_easy_init");
  loader.get(api.easy_cleanup, "curl_easy_cleanup");
  loader.get(api.easy_reset, "curl_easy_reset");
  loader.get(api.easy_setopt, "curl_easy_setopt");
  loader.get(api.easy_getinfo, "curl_easy_getinfo");
  loader.get(api.easy_strerror, "curl_easy_strerror");
  loader.get(api.multi_init, "curl_multi_init");
  loader.get(api.multi_cleanup, "curl_multi_cleanup");
  loader.get(api.multi_setopt, "curl_multi_setopt");
  loader.get(api.multi_add_handle, "curl_multi_add_handle");
  loader.get(api.multi_remove_handle, "curl_multi_remove_handle");
  loader.get(api.multi_perform, "curl_multi_perform");
  loader.get(api.multi_poll, "curl_multi_poll");
  loader.get(api.multi_wakeup, "curl_multi_wakeup");
  loader.get(api.multi_info_read, "curl_multi_info_read");
  if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw Error("cannot initialise libcurl");
  return api;
}

}  // namespace

const CurlApi& curl() {
  static const CurlApi api = load();
  return api;
}

}  // namespace slipway::http
