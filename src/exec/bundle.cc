// Naming, filling and removing bundles.
#include "exec/bundle.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <atomic>

#include "base/error.h"
#include "exec/ground.h"
#include "os/fd.h"
#include "os/fs.h"

namespace slipway::exec {

std::string Bundle::state_directory() { return ground().private_dir + "/runtime"; }

Bundle::Bundle() {
  static std::atomic<unsigned> counter{0};
  id_ = fmt::format("step{}-{}", ::getpid(), counter++);
  path_ = ground().private_dir + "/" + id_;
  os::make_dirs(path_ + "/rootfs");
}

Bundle::~Bundle() {
  try {
    os::remove_tree(path_);
    // What a runtime that was killed could not remove itself.
    os::remove_tree(state_directory() + "/" + id_);
  } catch (const Error&) {
    // A few bytes of a tmpfs that goes with the process.
  }
}

std::string Bundle::file(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

void Bundle::write(std::string_view name, std::string_view text) const {
  os::write_all(os::open_file(file(name), O_WRONLY | O_CREAT | O_TRUNC).get(), text);
}

std::string Bundle::make_place(std::string_view name, bool is_directory) const {
  std::string place = file(name);
  if (is_directory)
    os::make_dirs(place);
  else
    os::open_file(place, O_WRONLY | O_CREAT);
  return place;
}

}  // namespace slipway::exec
