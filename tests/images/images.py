"""Makes base images of tests and demo from Debian packages, as the table in catalog.py says.

For linux/amd64 and linux/arm64. Called by make.sh:  images.py WORK_FOLDER OUTPUT_FOLDER NAME...
Leaves one OCI layout per repository under the output folder, where those of earlier runs are the bases.
"""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

import apt_sources
import debs
import extras
import rootfs
import to_oci
from catalog import ARCHITECTURES, GO_VERSIONS, IMAGES, RELEASE


class Workshop:
    """The folders of one run: apt state, roots and finished layers, all below `folder`."""

    def __init__(self, folder, output):
        self.folder, self.output = pathlib.Path(folder), pathlib.Path(output)
        self.blobs = self.folder / "layers"
        self.entries = apt_sources.release_entries(RELEASE)
        self.acquire = apt_sources.acquire_settings()

    def root(self, name, architecture):
        return self.folder / f"root-{name}-{architecture}"

    def lists(self, architecture):
        return self.folder / f"lists-{architecture}"

    def update(self, architecture):
        """Fetches the release's package lists, which every apt() of the architecture reads."""
        debs.Apt(self.folder / f"apt-{architecture}", architecture, self.entries,
                 lists=self.lists(architecture)).update()

    def apt(self, architecture, name, status=None):
        """apt for whoever goes by `name`; two at once need two names."""
        return debs.Apt(self.folder / f"apt-{name}-{architecture}", architecture, self.entries, status,
                        self.lists(architecture))

    def copy_of_base(self, name, base, architecture):
        """A root that shares every file with the base's by hard links; whoever changes one replaces it."""
        copy = self.root(name, architecture)
        subprocess.run(["cp", "-al", self.root(base, architecture), copy], check=True)
        return copy

    def unpack_base(self, name, architecture):
        """The root of an image that an earlier run made."""
        root = self.root(name, architecture)
        if root.exists():
            return
        root.mkdir()
        for descriptor, _ in to_oci.layers_of(self.output / name, architecture):
            blob = self.output / name / "blobs/sha256" / descriptor["digest"].split(":")[1]
            subprocess.run(["tar", "-xzpf", blob, "--numeric-owner", "-C", root], check=True)


def make_debian(shop):
    native = rootfs.native_architecture()
    native_root = shop.root("debian", native)
    rootfs.bootstrap(native_root, RELEASE, shop.entries, shop.acquire)
    for architecture in ARCHITECTURES:
        root = shop.root("debian", architecture)
        if architecture != native:
            apt = shop.apt(architecture, "debian")
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
        extras.container_settings(root, architecture, shop)
        extras.own_certificates(root, architecture, shop)


def make_busybox(shop):
    for architecture in ARCHITECTURES:
        root = shop.root("busybox", architecture)
        (root / "bin").mkdir(parents=True)
        unpacked = shop.folder / f"busybox-{architecture}"
        deb = shop.apt(architecture, "busybox").download(["busybox-static"])[0]
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
    for architecture in ARCHITECTURES:
        apt = debs.Apt(shop.folder / f"apt-golang-{architecture}", architecture, entries)
        apt.update()
        root = shop.copy_of_base("golang", "debian", architecture)
        rootfs.extract(root, apt.download([f"golang-{version}-go", f"golang-{version}-src"]))
    (shop.output / "go-version").write_text(version + "\n")


def complete(shop, name, architecture, version):
    """Adds what the table says to a root, made or not made yet."""
    image, root = IMAGES[name], shop.root(name, architecture)
    if not root.exists():
        shop.copy_of_base(name, image.base, architecture)
    if image.packages:
        apt = shop.apt(architecture, name, status=root / "var/lib/dpkg/status")
        rootfs.extract(root, apt.download_with_dependencies(image.packages))
    for path, mode in image.folders.items():
        (root / path).mkdir(parents=True, exist_ok=True)
        (root / path).chmod(mode)
    for path, target in image.links.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(target.format(architecture=architecture, version=version))
    for function in image.finish:
        function(root, architecture, shop)
    return to_oci.write_layer(root, shop.blobs, image.base and shop.root(image.base, architecture))


def write_layout(shop, name, packed, version):
    """Tags the layers of `packed` (architecture: layer) on top of the base's as images."""
    image = IMAGES[name]
    config = {"Env": [f"PATH={image.path}", *(e.format(version=version) for e in image.env)], **image.config}
    for repository, tags in image.names(name, version).items():
        shutil.rmtree(shop.output / repository, ignore_errors=True)
        layout = to_oci.Layout(shop.output / repository)
        manifests = []
        for architecture, layer in packed.items():
            below = to_oci.layers_of(shop.output / image.base, architecture) if image.base else []
            for descriptor, _ in below:
                layout.add_layer(descriptor, shop.output / image.base / "blobs/sha256")
            layout.add_layer(layer[0], shop.blobs)
            manifests.append(layout.add_image(architecture, config, [*below, layer]))
        layout.tag(tags, manifests)
        layout.finish()


def make(shop, name, pool):
    image = IMAGES[name]
    architectures = ARCHITECTURES if image.foreign else [rootfs.native_architecture()]
    if image.base:
        for architecture in architectures:
            shop.unpack_base(image.base, architecture)
    special = {"debian": make_debian, "busybox": make_busybox, "golang": make_golang}.get(name)
    if special:
        special(shop)
    go_version = shop.output / "go-version"
    version = go_version.read_text().strip() if go_version.exists() else ""
    layers = {a: pool.submit(complete, shop, name, a, version) for a in architectures}
    write_layout(shop, name, {a: layer.result() for a, layer in layers.items()}, version)


def main():
    work, output, *names = sys.argv[1:]
    shop = Workshop(pathlib.Path(work).resolve(), pathlib.Path(output).resolve())
    shop.output.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(shop.update, ARCHITECTURES))
        for name in names:
            make(shop, name, pool)


if __name__ == "__main__":
    main()
