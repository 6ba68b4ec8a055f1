// The process-wide ground that RUN steps stand on: our own user and mount namespace, entered once
// at start-up while the process has one thread, and what was found there (OCI runtime, emulators,
// how many ids).
//
// As root the user namespace maps all ids onto themselves; as a user with subordinate ids it maps 0
// to the user and 1.. to the ranges of /etc/subuid and /etc/subgid (newuidmap, newgidmap); else
// only 0 to the user. Inside, the process is uid 0 with all capabilities over what is mapped, may
// mount overlayfs, and owns a binfmt_misc instance of its own (Linux 6.7) so that foreign programs
// run under QEMU without any registration on the host. Mounts and registrations vanish with the
// last process of the namespace, however it ends.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "oci/platform.h"

namespace slipway::exec {

enum class IdMapping {
  Root,         // the full range, identity: started as root
  Subordinate,  // 0 -> the user, 1.. -> /etc/subuid and /etc/subgid ranges
  Single,       // 0 -> the user and nothing else: owners other than root cannot be kept
};

struct Namespace {
  IdMapping mapping = IdMapping::Root;
  uint32_t outer_uid = 0, outer_gid = 0;  // who started the program
  std::string note;  // for Single: why, and what to install to get more; else empty
};

/// Enters the namespaces. Afterwards /sys/firmware shows a private tmpfs instead of the host's.
/// Must run before any thread is started; call once. Throws Error with the way out (sysctl,
/// AppArmor, seccomp of an outer container) where user namespaces are not permitted.
Namespace enter_namespace();

struct Emulator {
  std::string path;     // host path of qemu-<arch>[-static]
  std::string version;  // as `--version` says it, first line
};

/// Makes foreign programs of `platforms` runnable in this namespace: mounts the private binfmt_misc
/// and registers QEMU (flags F, C, P as needed) for each; falls back to the host's registration
/// where the kernel has no per-namespace instance. Native platforms are skipped. Idempotent,
/// thread-safe. Throws Error saying what to install (qemu-user-static) or which kernel is needed.
/// Returns the emulator per platform string.
/// SLIPWAY_QEMU_<ARCH> names the emulator, or several with ":" between them, of which the first is
/// registered.
std::map<std::string, Emulator> enable_emulation(const std::vector<oci::Platform>& platforms);

/// After a crash inside the emulator at `failed`: registers the next one that is configured for
/// `platform` and returns it, or the one that is registered by now if that is another already;
/// nullopt when there is none left.
std::optional<Emulator> next_emulator(const oci::Platform& platform, const std::string& failed);

/// From now on foreign programs of watched steps are asked about (dispatch.h) before they go to their emulator, so that
/// RunSpec::substitutes counts. False where that cannot be: the emulators stay registered themselves. Insecure steps are not
/// watched and must not run in a process that has called this.
bool use_dispatcher();

}  // namespace slipway::exec
