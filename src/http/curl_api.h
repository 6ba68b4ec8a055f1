// libcurl's functions, loaded when the first request is made. Private to http/.
//
// The library brings some thirty others (TLS, Kerberos, LDAP, SSH ...), whose loading would cost
// every start of the program several milliseconds, also of commands that need no network. Types and
// constants come from its header.
#pragma once

#include <curl/curl.h>

namespace slipway::http {

struct CurlApi {
  decltype(&::curl_version_info) version_info;
  decltype(&::curl_slist_append) slist_append;
  decltype(&::curl_slist_free_all) slist_free_all;
  decltype(&::curl_easy_init) easy_init;
  decltype(&::curl_easy_cleanup) easy_cleanup;
  decltype(&::curl_easy_reset) easy_reset;
  decltype(&::curl_easy_setopt) easy_setopt;
  decltype(&::curl_easy_getinfo) easy_getinfo;
  decltype(&::curl_easy_strerror) easy_strerror;
  decltype(&::curl_multi_init) multi_init;
  decltype(&::curl_multi_cleanup) multi_cleanup;
  decltype(&::curl_multi_setopt) multi_setopt;
  decltype(&::curl_multi_add_handle) multi_add_handle;
  decltype(&::curl_multi_remove_handle) multi_remove_handle;
  decltype(&::curl_multi_perform) multi_perform;
  decltype(&::curl_multi_poll) multi_poll;
  decltype(&::curl_multi_wakeup) multi_wakeup;
  decltype(&::curl_multi_info_read) multi_info_read;
};

/// Loads and initialises the library on the first call. Throws Error where it is not installed or
/// too old.
const CurlApi& curl();

}  // namespace slipway::http
