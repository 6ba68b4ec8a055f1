"""Makes the base images of tests and demo from Debian packages: debian, busybox, golang, python.

They stand in for the images of the same name in a public registry: same paths, same environment, for
linux/amd64 and linux/arm64. Called by make.sh:  images.py WORK_FOLDER OUTPUT_FOLDER
Leaves one OCI layout per repository under the output folder.
"""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

import apt_sources
import debs
import rootfs
import to_oci

RELEASE = "bookworm"
ARCHITECTURES = ["amd64", "arm64"]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Newest first; Debian's compilers are static programs, so a later release's runs in any root.
GO_VERSIONS = [("1.24", "trixie"), ("1.23", f"{RELEASE}-backports"), ("1.19", RELEASE)]


class Workshop:
    """The folders of one run: apt state, roots and finished layers, all below `folder`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.blobs = self.folder / "layers"
        self.entries = apt_sources.release_entries(RELEASE)
        self.acquire = apt_sources.acquire_settings()

    def root(self, name, architecture):
        return self.folder / f"root-{name}-{architecture}"

    def apt(self, name, architecture, entries=None, status=None):
        apt = debs.Apt(self.folder / f"apt-{name}-{architecture}", architecture,
                       entries or self.entries, status)
        apt.update()
        return apt

    def copy_of_base(self, name, architecture):
        """A root that shares every file with debian's by hard links; whoever changes one replaces it."""
        copy = self.root(name, architecture)
        subprocess.run(["cp", "-al", self.root("debian", architecture), copy], check=True)
        return copy


def make_debian(shop):
    native = rootfs.native_architecture()
    native_root = shop.root("debian", native)
    rootfs.bootstrap(native_root, RELEASE, shop.entries, shop.acquire)
    for architecture in ARCHITECTURES:
        root = shop.root("debian", architecture)
        if architecture != native:
            apt = shop.apt("debian", architecture)
            offered = apt.names()
            wanted = [p for p in rootfs.packages_of(native_root) if p in offered]
            root.mkdir()
            rootfs.graft(root, architecture, native_root, native,
                         apt.download_with_dependencies(wanted))
        # Inside the image the keyring package's keys hold, wherever this machine keeps its own.
        (root / "etc/apt/sources.list").write_text(
            "".join(e.line(with_keyring=False) + "\n" for e in shop.entries))
        checks = [line for line in shop.acquire if line.startswith("Acquire::Check-")]
        if checks:  # a frozen mirror, which apt inside the image would find outdated
            (root / "etc/apt/apt.conf.d/90mirror").write_text("".join(line + "\n" for line in checks))


def make_busybox(shop):
    for architecture in ARCHITECTURES:
        root = shop.root("busybox", architecture)
        (root / "bin").mkdir(parents=True)
        unpacked = shop.folder / f"busybox-{architecture}"
        deb = shop.apt("busybox", architecture).download(["busybox-static"])[0]
        subprocess.run(["dpkg-deb", "-x", deb, unpacked], check=True)
        program = next(p for p in (unpacked / "bin/busybox", unpacked / "usr/bin/busybox") if p.exists())
        shutil.copy(program, root / "bin/busybox")
    native_program = shop.root("busybox", rootfs.native_architecture()) / "bin/busybox"
    applets = subprocess.run([native_program, "--list"], check=True, capture_output=True,
                             text=True).stdout.split()
    for architecture in ARCHITECTURES:
        root = shop.root("busybox", architecture)
        for applet in applets:
            if applet != "busybox":
                os.link(root / "bin/busybox", root / "bin" / applet)
        for name, mode in [("etc", 0o755), ("home", 0o755), ("root", 0o700), ("tmp", 0o1777),
                           ("usr/bin", 0o755), ("usr/sbin", 0o755), ("var/spool/mail", 0o755)]:
            (root / name).mkdir(parents=True)
            (root / name).chmod(mode)
        (root / "usr/bin/env").symlink_to("../../bin/env")
        (root / "etc/passwd").write_text(
            "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
            "www-data:x:33:33:www-data:/var/www:/bin/false\n"
            "nobody:x:65534:65534:nobody:/home:/bin/false\n")
        (root / "etc/group").write_text(
            "root:x:0:\ndaemon:x:1:\nwww-data:x:33:\nusers:x:100:\nnogroup:x:65534:\n")


def find_go(shop):
    """The newest Go the machine's mirror has: its version and the sources it comes from."""
    main = next(e for e in shop.entries if e.suite == RELEASE)
    for version, suite in GO_VERSIONS:
        entry = apt_sources.Entry(main.uri, suite, ("main",), main.signed_by, main.trusted)
        apt = debs.Apt(shop.folder / f"apt-golang-{suite}", rootfs.native_architecture(), [entry])
        try:
            apt.update()
        except SystemExit:
            continue  # the mirror does not carry this suite
        if f"golang-{version}-go" in apt.names():
            return version, [entry]
    raise SystemExit("images: the apt mirror offers no Go compiler")


def make_golang(shop):
    version, entries = find_go(shop)
    packages = [f"golang-{version}-go", f"golang-{version}-src"]
    for architecture in ARCHITECTURES:
        apt = shop.apt("golang", architecture, entries)
        root = shop.copy_of_base("golang", architecture)
        rootfs.extract(root, apt.download(packages))
        for test_data in [root / f"usr/share/go-{version}/test",
                          *root.glob(f"usr/share/go-{version}/src/**/testdata")]:
            shutil.rmtree(test_data, ignore_errors=True)
        (root / "usr/local/go").symlink_to(f"/usr/lib/go-{version}")
        for name in ("go", "go/bin", "go/src"):
            (root / name).mkdir()
            (root / name).chmod(0o1777)
    return version


def make_python(shop):
    for architecture in ARCHITECTURES:
        root = shop.copy_of_base("python", architecture)
        apt = shop.apt("python", architecture, status=root / "var/lib/dpkg/status")
        rootfs.extract(root, apt.download_with_dependencies(["python3", "ca-certificates"]))
        (root / "usr/local/bin/python3").symlink_to("/usr/bin/python3")
        (root / "usr/local/bin/python").symlink_to("python3")


def write_layouts(shop, output, go_version):
    """Packs every root as one layer (on top of debian's, where it was made from it) and tags it."""
    go_path = f"/go/bin:/usr/local/go/bin:{PATH}"
    images = {
        "debian": (["bookworm-slim", "bookworm", "latest"], None,
                   {"Env": [f"PATH={PATH}"], "Cmd": ["bash"]}),
        "busybox": (["latest"], None, {"Env": [f"PATH={PATH}"], "Cmd": ["sh"]}),
        "golang": ([f"{go_version}-bookworm", go_version, "bookworm", "latest"], "debian",
                   {"Env": [f"PATH={go_path}", f"GOLANG_VERSION={go_version}", "GOTOOLCHAIN=local",
                            "GOPATH=/go"], "Cmd": ["bash"], "WorkingDir": "/go"}),
        "python": (["3-slim", "3", "latest"], "debian",
                   {"Env": [f"PATH={PATH}", "LANG=C.UTF-8"], "Cmd": ["python3"]}),
    }
    packed = {}
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        for name, (_, base, _) in images.items():
            for architecture in ARCHITECTURES:
                packed[name, architecture] = pool.submit(
                    to_oci.write_layer, shop.root(name, architecture), shop.blobs,
                    base and shop.root(base, architecture))
    for name, (tags, base, config) in images.items():
        layout = to_oci.Layout(pathlib.Path(output, name))
        manifests = []
        for architecture in ARCHITECTURES:
            layers = [packed[part, architecture].result() for part in (base, name) if part]
            for descriptor, _ in layers:
                layout.add_layer(descriptor, shop.blobs)
            manifests.append(layout.add_image(architecture, config, layers))
        layout.tag(tags, manifests)
        layout.finish()


def main():
    work, output = sys.argv[1:]
    shop = Workshop(pathlib.Path(work).resolve())
    make_debian(shop)
    make_busybox(shop)
    go_version = make_golang(shop)
    make_python(shop)
    write_layouts(shop, output, go_version)
    pathlib.Path(output, "go-version").write_text(go_version + "\n")


if __name__ == "__main__":
    main()
