// Helpers of this room's tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <string>

#include "base/error.h"
#include "oci/media_types.h"
#include "os/fs.h"
#include "store/sqlite.h"
#include "store/store.h"

namespace slipway::store {

/// A directory of its own with the root of a store in it that does not exist yet.
class StoreTest : public testing::Test {
 protected:
  os::TempDir temp_{testing::TempDir()};
  const std::string root_ = os::clean_path(temp_.path() + "/store");

  /// Changes rows behind the store's back: "made long ago", "from another boot".
  void sql(const std::string& statements) { Connection(root_ + "/slipway.db").execute(statements); }
};

inline void write_to(const std::string& path, std::string_view text) {
  os::write_file_atomic(path, text);
}

/// Makes and publishes a layer directory with one file of that many bytes.
inline std::string publish(Store& store, const std::string& id, size_t bytes = 10) {
  const std::string dir = store.new_dir();
  write_to(dir + "/file", std::string(bytes, 'x'));
  return store.publish_dir(id, dir);
}

/// Puts config, one layer and manifest of an image and tags it.
inline oci::Descriptor put_image(Store& store, const std::string& name,
                                 const std::string& content) {
  const auto describe = [&](std::string_view type, const std::string& bytes) {
    return oci::Descriptor{
        .media_type = std::string(type), .digest = store.put_blob(bytes), .size = bytes.size()};
  };
  oci::Manifest manifest;
  manifest.media_type = oci::kManifest;
  const oci::Digest diff_id = oci::Digest::of(content);
  manifest.config =
      describe(oci::kConfig,
               R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[")" +
                   diff_id.str() + R"("]}})");
  manifest.layers.push_back(describe(oci::kLayerTar, content));
  const oci::Descriptor top = describe(oci::kManifest, oci::print(manifest));
  store.tag_image(name, top);
  return top;
}

/// Runs `body` in a child process; true if it ended by itself without a throw or failed check.
inline bool in_child(const std::function<void()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    try {
      body();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
      ::_exit(1);
    }
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

inline std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.render();
  }
  return "(no error)";
}

}  // namespace slipway::store
