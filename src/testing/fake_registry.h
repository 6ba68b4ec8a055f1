// A registry in memory for tests (OCI distribution spec v1.1): blobs, manifests, uploads in pieces,
// mounts, Basic and token authentication. Tests put faults in front of it with intercept().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "oci/digest.h"
#include "testing/http_server.h"

namespace slipway::testing {

class FakeRegistry {
 public:
  /// True if it answered; else the registry answers as a registry does. Called from several
  /// threads.
  using Interceptor = std::function<bool(Exchange&)>;

  struct Logged {
    std::string method, target, authorization, range;
  };

  FakeRegistry();
  std::string host() const { return server_.host(); }
  std::string url() const { return server_.url(); }
  int port() const { return server_.port(); }
  int connections() const { return server_.connections(); }
  void stop() { server_.stop(); }

  void intercept(Interceptor interceptor);

  oci::Digest put_blob(const std::string& repository, const std::string& bytes);
  oci::Digest put_manifest(const std::string& repository, const std::string& tag,
                           const std::string& media_type, const std::string& bytes);
  /// Empty if it is not there.
  std::string blob(const std::string& repository, const oci::Digest& digest) const;
  std::string manifest(const std::string& repository, const std::string& tag_or_digest) const;

  /// What DELETE of a manifest does: tags and digests (the default), digests only (as docker's
  /// registry before version 3), nothing (405).
  enum class Deletes { All, Digests, Nothing };
  void allow_deletes(Deletes what);
  /// Lists of tags come in pages of this many; 0 = all at once.
  void set_page_size(size_t tags);

  /// Everything under /v2/ wants these.
  void require_basic(const std::string& user, const std::string& password);
  /// Everything under /v2/ wants a token of /token, which wants `user` if that is not empty.
  void require_token(const std::string& user = {}, const std::string& password = {});
  /// No token given out so far is good any more.
  void expire_tokens();

  std::vector<Logged> log() const;
  /// How many requests had this method and a target containing `part`.
  int count(std::string_view method, std::string_view part = {}) const;

 private:
  struct Document {
    std::string media_type, bytes;
  };
  struct Repository {
    std::map<std::string, std::string> blobs;   // by digest
    std::map<std::string, Document> manifests;  // by tag and by digest
  };

  void serve(Exchange& exchange);
  bool authorized(const ServerRequest& request);
  void challenge(Exchange& exchange);
  void serve_token(Exchange& exchange);
  void serve_manifest(Exchange& exchange, const std::string& repository, const std::string& name);
  void delete_manifest(Exchange& exchange, const std::string& repository, const std::string& name);
  void serve_tags(Exchange& exchange, const std::string& repository);
  void serve_blob(Exchange& exchange, const std::string& repository, const std::string& digest);
  void start_upload(Exchange& exchange, const std::string& repository);
  void continue_upload(Exchange& exchange, const std::string& repository, const std::string& id);

  mutable std::mutex mutex_;
  Interceptor interceptor_;
  std::map<std::string, Repository> repositories_;
  std::map<std::string, std::string> uploads_;  // bytes so far, by id
  std::vector<Logged> log_;
  enum class Auth { None, Basic, Token } auth_ = Auth::None;
  std::string credentials_;  // "user:password"
  std::set<std::string> tokens_;
  int next_id_ = 0;
  Deletes deletes_ = Deletes::All;
  size_t page_size_ = 0;
  HttpServer server_;  // last: its threads use all of the above
};

/// The header value "Basic ..." of these.
std::string basic_authorization(std::string_view user_and_password);

}  // namespace slipway::testing
