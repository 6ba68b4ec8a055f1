// The directory of one container that the runtime reads: config.json, mount places, log. It lies on
// the private tmpfs and goes with its owner.
#pragma once

#include <string>
#include <string_view>

namespace slipway::exec {

class Bundle {
 public:
  Bundle();
  Bundle(const Bundle&) = delete;
  ~Bundle();

  const std::string& id() const { return id_; }  // also the name of the container
  const std::string& path() const { return path_; }
  std::string file(std::string_view name) const;
  void write(std::string_view name, std::string_view text) const;
  /// Makes a file or directory to attach a mount on, and returns its path.
  std::string make_place(std::string_view name, bool is_directory) const;

  /// Where runtimes keep what they know of running containers.
  static std::string state_directory();

 private:
  std::string id_, path_;
};

}  // namespace slipway::exec
