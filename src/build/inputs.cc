#include "build/inputs.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fmt/core.h>

#include "base/error.h"
#include "layer/unpack.h"
#include "os/fd.h"

namespace slipway::build {
namespace {

constexpr uint64_t kMaxDockerfile = 64u << 20;  // bytes

bool is_remote(const std::string& context) {
  return context.starts_with("http://") || context.starts_with("https://") || context.starts_with("git://") ||
         context.starts_with("git@") || context.starts_with("ssh://");
}

std::string read_dockerfile(const std::string& path) {
  const os::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw errno_error("read the Dockerfile", path).hint("name it with -f, or check the path of the build context");
  const off_t size = ::lseek(fd.get(), 0, SEEK_END);
  if (size > static_cast<off_t>(kMaxDockerfile)) throw Error("the file is too large to be a Dockerfile", path);
  ::lseek(fd.get(), 0, SEEK_SET);
  return os::read_file(path);
}

/// The directory's Dockerfile, in the two spellings that docker accepts.
std::string default_dockerfile(const std::string& dir) {
  const std::string path = os::join_path(dir, "Dockerfile");
  const std::string lower = os::join_path(dir, "dockerfile");
  return !os::exists(path) && os::exists(lower) ? lower : path;
}

/// Standard input, spooled into memory-backed storage that can be read twice.
os::UniqueFd spool_stdin() {
  os::UniqueFd fd(::memfd_create("stdin", MFD_CLOEXEC));
  if (!fd) throw errno_error("keep standard input");
  os::copy_bytes(0, fd.get());
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

std::optional<dockerfile::IgnoreFile> find_ignore(const std::string& context, const std::string& dockerfile) {
  if (!dockerfile.empty())
    if (const auto text = os::read_file_if_exists(dockerfile + ".dockerignore"))
      return dockerfile::IgnoreFile::parse(*text, dockerfile + ".dockerignore");
  const std::string path = os::join_path(context, ".dockerignore");
  if (const auto text = os::read_file_if_exists(path)) return dockerfile::IgnoreFile::parse(*text, path);
  return std::nullopt;
}

}  // namespace

Inputs load_inputs(const BuildRequest& request, const std::string& scratch) {
  Inputs in;
  if (is_remote(request.context))
    throw Error("git and http build contexts are not supported yet", request.context, "clone or download it and pass the directory");
  if (request.context == "-") {
    const os::UniqueFd input = spool_stdin();
    if (!layer::looks_like_archive(input.get())) {
      if (request.dockerfile == "-") throw Error("standard input cannot be both the context and the Dockerfile");
      in.dockerfile_text = os::read_all(input.get());
      in.dockerfile_name = "Dockerfile";
      if (in.dockerfile_text.empty()) throw Error("standard input is empty", {}, "pipe a Dockerfile or a tar archive into it");
      return in;
    }
    in.unpacked.emplace(scratch, "context-");
    layer::UnpackOptions options;
    options.whiteouts = false;
    options.tolerate_chown_failure = true;
    layer::unpack(input.get(), in.unpacked->path(), options);
    in.context_dir = in.unpacked->path();
    const std::string name = request.dockerfile.empty() ? "Dockerfile" : request.dockerfile;
    in.dockerfile_text = read_dockerfile(os::join_path(in.context_dir, name));
    in.dockerfile_name = name;
    return in;  // ignore files do not apply to archives
  }
  in.context_dir = os::absolute_path(request.context);
  if (!os::is_directory(in.context_dir)) {
    throw Error(os::exists(in.context_dir) ? "the build context is not a directory" : "there is no such build context",
                request.context, "the last argument is the directory that COPY reads from, often \".\"");
  }
  std::string path;
  if (request.dockerfile == "-") {
    in.dockerfile_text = os::read_all(0);
    in.dockerfile_name = "Dockerfile";
    in.dockerfile_key = "-";
  } else if (is_remote(request.dockerfile)) {
    throw Error("a Dockerfile from a URL is not supported yet", request.dockerfile, "download it and pass its path");
  } else {
    path = request.dockerfile.empty() ? default_dockerfile(in.context_dir) : request.dockerfile;
    in.dockerfile_text = read_dockerfile(path);
    in.dockerfile_name = request.dockerfile.empty() ? os::base_name(path) : request.dockerfile;
    in.dockerfile_key = os::absolute_path(path);
  }
  in.ignore = find_ignore(in.context_dir, path);
  return in;
}

}  // namespace slipway::build
