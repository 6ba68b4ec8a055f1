#!/usr/bin/python3
"""Starts an image of any platform, as a check by tools that are not Slipway's: skopeo and umoci
unpack it; its own entrypoint runs in new namespaces, under QEMU where the platform is foreign.

  run_image.py [--env NAME=VALUE]... IMAGE OS/ARCH [COMMAND...]

IMAGE is what skopeo calls it (oci:FOLDER:TAG, oci-archive:FILE ...). The network is the host's. COMMAND
replaces entrypoint and command of the image. QEMU is registered in a binfmt_misc of the new user
namespace only (Linux 6.7); on an older kernel the host's own registration serves.
"""
import argparse
import ctypes
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x10000000, 0x20000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_PDEATHSIG = 1
# The first 20 bytes of an ELF program of the machine and which of their bits count.
ELF_MACHINE = {"amd64": 62, "arm64": 183}
QEMU = {"amd64": "qemu-x86_64-static", "arm64": "qemu-aarch64-static"}
libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise SystemExit(f"run_image: {what}: {os.strerror(error)}")


def mount(source, target, kind, flags=0):
    return libc.mount(source.encode(), str(target).encode(), kind and kind.encode(), flags, None)


def unpack(image, platform, folder):
    """The root filesystem and the config of one platform of an image."""
    system, architecture = platform.split("/")[:2]
    subprocess.run(["skopeo", "copy", "-q", "--override-os", system, "--override-arch", architecture,
                    image, f"oci:{folder}/layout:image"], check=True)
    rootless = ["--rootless"] if os.geteuid() != 0 else []
    subprocess.run(["umoci", "unpack", *rootless, "--image", f"{folder}/layout:image",
                    f"{folder}/bundle"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shown = subprocess.run(["skopeo", "inspect", "--config", "--raw", f"oci:{folder}/layout:image"],
                           check=True, capture_output=True, text=True).stdout
    config = json.loads(shown)
    if (config["os"], config["architecture"]) != (system, architecture):
        raise SystemExit(f"run_image: {image} has no {platform}, only "
                         f"{config['os']}/{config['architecture']}")
    return pathlib.Path(folder, "bundle/rootfs"), config


def user_ids(root, user):
    """uid and gid of a USER value; names are looked up in the image."""
    name, _, group = (user or "0").partition(":")

    def look_up(file, key, column):
        path = root / file
        for line in path.read_text().splitlines() if path.exists() else []:
            fields = line.split(":")
            if key in (fields[0], fields[2]):
                return int(fields[column])
        return None
    uid = int(name) if name.isdigit() else look_up("etc/passwd", name, 2)
    gid = (int(group) if group.isdigit() else look_up("etc/group", group, 2)) if group else \
        look_up("etc/passwd", name, 3) or 0
    if uid is None or gid is None:
        raise SystemExit(f"run_image: no user {user} in the image")
    return uid, gid


def write_id_maps(child):
    """The same ids inside for root, else our own as root. From outside: only there root may map all."""
    uid, gid = os.geteuid(), os.getegid()
    proc = pathlib.Path("/proc", str(child))
    if uid != 0:
        (proc / "setgroups").write_text("deny")
    (proc / "uid_map").write_text("0 0 65536" if uid == 0 else f"0 {uid} 1")
    (proc / "gid_map").write_text("0 0 65536" if uid == 0 else f"0 {gid} 1")


def register_qemu(architecture):
    host = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine)
    if architecture == host or mount("none", "/proc/sys/fs/binfmt_misc", "binfmt_misc") != 0:
        return
    magic = bytes([0x7F, *b"ELF", 2, 1, 1]) + bytes(9) + bytes([2, 0, ELF_MACHINE[architecture], 0])
    mask = bytes([255] * 7 + [0] + [255] * 8 + [0xFE, 255, 255, 255])

    def escaped(data):
        return b"".join(b"\\x%02x" % byte for byte in data)
    line = b":qemu:M::" + escaped(magic) + b":" + escaped(mask) + \
        f":/usr/bin/{QEMU[architecture]}:FC".encode()
    with open("/proc/sys/fs/binfmt_misc/register", "wb", buffering=0) as file:
        file.write(line)


def become_image(root, config, switch_user, extra_environment, command):
    """Ends in the image's program; never returns."""
    block = config.get("config", {})
    uid, gid = user_ids(root, block.get("User", ""))
    for name in ("dev", "proc"):
        (root / name).mkdir(exist_ok=True)
    check(mount("/dev", root / "dev", None, MS_BIND | MS_REC), "/dev")
    check(mount("proc", root / "proc", "proc"), "/proc")
    os.chroot(root)
    os.chdir(block.get("WorkingDir") or "/")
    if switch_user:
        os.setgroups([gid])
        os.setgid(gid)
        os.setuid(uid)
    environment = dict(entry.split("=", 1) for entry in block.get("Env") or []) | extra_environment
    environment.setdefault("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    program = command or (block.get("Entrypoint") or []) + (block.get("Cmd") or [])
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.execvpe(program[0], program, environment)


def run(root, config, options):
    """The exit status of the image's program; 128 + N where signal N ended it."""
    switch_user = os.geteuid() == 0
    unshared, told = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            check(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID), "new namespaces")
            os.write(unshared[1], b"x")
            os.read(told[0], 1)
            check(mount("none", "/", None, MS_REC | MS_PRIVATE), "private mounts")
            register_qemu(config["architecture"])
            first = os.fork()  # the first process of the new process namespace
            if first == 0:
                become_image(root, config, switch_user, dict(e.split("=", 1) for e in options.env),
                             options.command)
            code = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
            os._exit(code if code >= 0 else 128 - code)
        except BaseException as error:  # what the parent owns must not be cleaned up here
            print(error, file=sys.stderr, flush=True)
            os._exit(125)
    os.close(unshared[1])
    if os.read(unshared[0], 1):
        write_id_maps(child)
        os.write(told[1], b"x")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.kill(child, signal.SIGKILL))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--env", action="append", default=[])
    parser.add_argument("image")
    parser.add_argument("platform")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="run-image-") as folder:
        status = run(*unpack(options.image, options.platform, folder), options)
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
