// Entries cannot be changed: each version of the ledger is an entry of its own, "...#N", and the
// newest counts. Making the next one fails if somebody else has, which is the compare-and-swap of
// this place.
#include "remote_cache/gha.h"

#include <fmt/core.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "os/fs.h"
#include "remote_cache/gha_service.h"

namespace slipway::remote_cache {
namespace {

constexpr uint64_t kMaxLedger = 128u << 20;

class GhaCache : public Backend {
 public:
  GhaCache(std::unique_ptr<GhaService> service, const std::string& scope,
           const std::string& scratch, bool has_lost, const Patience& patience)
      : service_(std::move(service)),
        ledger_key_(fmt::format("slipway-ledger-{}#", scope)),
        scratch_(scratch),
        has_lost_(has_lost),
        patience_(patience),
        name_(fmt::format("gha cache {}", scope)) {}

  const std::string& name() const override { return name_; }

  std::optional<Head> read(std::stop_token stop) override {
    const auto entry = service_->find(ledger_key_, true, stop);
    if (!entry) return std::nullopt;
    const std::string version = entry->key.substr(ledger_key_.size());
    if (!parse_u64(version))
      throw Error(fmt::format("an entry has the strange key \"{}\"", entry->key), name_);
    const std::string text = whole(entry->url, stop);
    try {
      Head out{.ledger = parse(text, name_), .version = version};
      const std::lock_guard lock(mutex_);
      if (!has_lost_)
        for (const auto& blob : out.ledger.blobs()) known_.insert(blob.digest);
      return out;
    } catch (const NewerCache&) {
      throw;
    } catch (const Error& error) {
      throw DamagedCache(error, version);
    }
  }

  bool replace(const Ledger& ledger, const std::string& version, std::stop_token stop) override {
    // A version that somebody has begun and will never end is passed over.
    if (version != last_version_) skip_ = 0;
    last_version_ = version;
    const uint64_t next = parse_u64(version).value_or(0) + 1 + skip_;
    const os::TempDir dir(scratch_, "ledger-");
    const std::string path = dir.path() + "/ledger", text = print(ledger);
    os::write_file_atomic(path, text);
    if (service_->create(ledger_key_ + std::to_string(next), path, text.size(), {}, stop))
      return true;
    ++skip_;
    return false;
  }

  void get(const oci::Descriptor& blob, const Sink& sink, std::stop_token stop) override {
    const auto entry = service_->find(key_of(blob), false, stop);
    if (!entry) throw Error(fmt::format("blob {} is not there any more", blob.digest.str()), name_);
    download([&] { return get_request(entry->url); }, name_, blob.size, sink, patience_, stop);
  }

  bool put(const oci::Descriptor& blob, const std::string& path, const std::function<void()>& bring,
           const Progress& progress, std::stop_token stop) override {
    {
      const std::lock_guard lock(mutex_);
      if (known_.contains(blob.digest)) return false;
    }
    if (service_->find(key_of(blob), false, stop)) return false;
    if (bring) bring();
    return service_->create(key_of(blob), path, blob.size, progress, stop);
  }

 private:
  static std::string key_of(const oci::Descriptor& blob) {
    return "slipway-blob-" + blob.digest.hex();
  }

  static http::Request get_request(const std::string& url) {
    http::Request out;
    out.url = url;
    return out;
  }

  std::string whole(const std::string& url, std::stop_token stop) {
    const http::Response response = exchange(
        [&] {
          http::Request out = get_request(url);
          out.max_body = kMaxLedger;
          return out;
        },
        name_, patience_, stop);
    if (response.status != 200) throw answer_error(name_, response);
    return response.body;
  }

  const std::unique_ptr<GhaService> service_;
  const std::string ledger_key_, scratch_;
  const bool has_lost_;
  const Patience patience_;
  const std::string name_;
  std::string last_version_;
  uint64_t skip_ = 0;
  std::mutex mutex_;
  std::set<oci::Digest> known_;
};

}  // namespace

std::unique_ptr<Backend> open_gha(const std::map<std::string, std::string>& attrs,
                                  const std::string& flag, const Tools& tools, std::string& why) {
  const auto value = [&](const char* key, const char* variable) -> std::string {
    if (const auto it = attrs.find(key); it != attrs.end() && !it->second.empty())
      return it->second;
    return variable ? tools.environment(variable).value_or("") : "";
  };
  const std::string version = value("version", nullptr);
  if (!version.empty() && version != "1" && version != "2")
    throw Error(fmt::format("there is no version {} of GitHub's cache service", version),
                flag + " version", "write 1 or 2");
  const bool has_v2 = !version.empty() ? version == "2"
                                       : attrs.contains("url_v2") ||
                                             !value("", "ACTIONS_CACHE_SERVICE_V2").empty() ||
                                             value("url", "ACTIONS_CACHE_URL").empty();
  const std::string token = value("token", "ACTIONS_RUNTIME_TOKEN");
  const std::string url =
      has_v2 ? value("url_v2", "ACTIONS_RESULTS_URL") : value("url", "ACTIONS_CACHE_URL");
  if (token.empty() || url.empty()) {
    why =
        "the address and token of GitHub's cache service are not in the environment "
        "(ACTIONS_RUNTIME_TOKEN, and "
        "ACTIONS_RESULTS_URL or ACTIONS_CACHE_URL): the step that builds has to pass them on";
    return nullptr;
  }
  Patience patience;
  if (const std::string timeout = value("timeout", nullptr); !timeout.empty()) {
    const auto span = parse_go_duration(timeout);
    if (!span || *span <= 0)
      throw Error(fmt::format("\"{}\" is no time", timeout), flag + " timeout", "write 10m or 30s");
    patience.stall_seconds = static_cast<int>(std::clamp<int64_t>(*span / 1'000'000'000, 1, 600));
  }
  const std::string scope = value("scope", nullptr);
  auto service =
      has_v2 ? gha_service_v2(url, token, patience) : gha_service_v1(url, token, patience);
  return std::make_unique<GhaCache>(std::move(service), scope.empty() ? "slipway" : scope,
                                    tools.scratch, tools.has_lost, patience);
}

}  // namespace slipway::remote_cache
