// Whether a machine of a platform runs an ELF file: machine, class, byte order, and the ABI where e_flags say it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/platform.h"
#include "verify/elf.h"

namespace slipway::verify {

enum class Fit {
  Yes,
  Compatible,  // runs there although it is of another architecture: 386 on amd64
  No,
  Other,  // for no machine or system that images are made for: firmware, BPF, GPUs, FreeBSD
};

/// Platforms whose architecture is not known get Yes: nothing can be said.
Fit fit(const Elf& elf, const oci::Platform& platform);

/// The level of the x86-64 instruction set that the file says it needs: 2, 3, 4; 1 if it says nothing.
int x86_level(const Elf& elf);
/// The level that every machine of the platform has: of amd64/v3 3, without a variant 1; 0 for other architectures.
int x86_level(const oci::Platform& platform);

/// Debian's names of the platform's library directories ("x86_64-linux-gnu"), best first; empty if not known.
std::vector<std::string> multiarch_names(const oci::Platform& platform);

enum class Libc { Unknown, Glibc, Musl };
/// By the name of a loader: "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-aarch64.so.1".
Libc libc_of_loader(std::string_view path);

/// Architectures that a path names, as platforms spell them, with the places: "prebuilds/linux-x64/a.node" names amd64.
struct NamedArch {
  std::string arch;  // "amd64", "arm64", "arm" ...
  size_t begin = 0, end = 0;
};
std::vector<NamedArch> archs_in(std::string_view path);
/// The architecture of an ELF file as archs_in() spells it; empty if it is none of those.
std::string arch_of(const Elf& elf);

}  // namespace slipway::verify
