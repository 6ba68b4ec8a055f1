"""Root filesystems of Debian packages, for this machine's architecture and for foreign ones.

A native root comes from mmdebstrap, which runs the packages' maintainer scripts. A foreign one is
grafted: the foreign packages' own files, extracted, plus what the scripts left behind in the native
root (users, alternatives, configuration), all of which is the same on every architecture. So
no script runs under QEMU, and apt and dpkg work inside both roots.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
MERGED = {"amd64": ["bin", "sbin", "lib", "lib64"], "arm64": ["bin", "sbin", "lib"]}
# As in the slim images: no documentation but licences, no manual pages, no translations.
EXCLUDED = ["usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/groff",
            "usr/share/lintian", "usr/share/linda"]


def native_architecture():
    return subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True,
                          text=True).stdout.strip()


def bootstrap(root, release, entries, acquire):
    """A minimal Debian root at `root` for this machine's architecture."""
    options = [f"--aptopt={line}" for line in acquire]
    options += [f"--dpkgopt=path-exclude=/{path}/*" for path in EXCLUDED]
    options += ["--dpkgopt=path-include=/usr/share/doc/*/copyright"]
    subprocess.run(["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", *options, release,
                    str(root), *(e.line() for e in entries)], check=True)
    for name in ("etc/apt/apt.conf.d/99mmdebstrap", "etc/hostname", "etc/resolv.conf",
                 "var/lib/dpkg/status-old"):
        pathlib.Path(root, name).unlink(missing_ok=True)
    # mmdebstrap gives these to apt's user only if that user can reach the folder from outside.
    users = pathlib.Path(root, "etc/passwd").read_text().splitlines()
    apt_user = next(int(line.split(":")[2]) for line in users if line.startswith("_apt:"))
    for name in ("var/cache/apt/archives/partial", "var/lib/apt/lists/partial"):
        os.chown(pathlib.Path(root, name), apt_user, 0)
    # Only static entries belong into an image; a runtime fills /dev itself.
    shutil.rmtree(pathlib.Path(root, "dev"))
    pathlib.Path(root, "dev").mkdir()


def packages_of(root):
    result = subprocess.run(["dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f",
                             "${Package}\n"], check=True, capture_output=True, text=True)
    return result.stdout.split()


def graft(root, architecture, native_root, native, debs):
    """The foreign counterpart of `native_root` from `debs`, the same packages for `architecture`."""
    root, native_root = pathlib.Path(root), pathlib.Path(native_root)
    for name in MERGED[architecture]:
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    (root / "var/lib/dpkg/info").mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    extract(root, debs)
    owned = owned_paths(native_root)
    skipped = {"etc/ld.so.cache", "var/lib/dpkg/status", "var/lib/dpkg/status-old", "lib32", "libx32",
               *MERGED["amd64"]}
    for folder, folders, files in os.walk(native_root):
        relative = os.path.relpath(folder, native_root)
        relative = "" if relative == "." else relative + "/"
        for name in sorted(folders + files):
            path = relative + name
            if (path in owned or path in skipped or TRIPLETS[native] in path
                    or path.startswith("var/lib/dpkg/info/") and name != "format"):
                continue
            copy_entry(native_root / path, root / path)
    if (root / "var/lib/dpkg/arch").exists():
        (root / "var/lib/dpkg/arch").write_text(architecture + "\n")


def copy_entry(source, target):
    """Copies one entry with owner and mode; folders without what is in them."""
    if source.is_symlink():
        if not target.is_symlink():
            target.symlink_to(os.readlink(source))
    elif source.is_dir():
        target.mkdir(exist_ok=True)
    else:
        with open(source, "rb") as file:
            if file.read(4) == b"\x7fELF":
                raise SystemExit(f"images: {source} is a program but of no package: cannot be grafted")
        shutil.copyfile(source, target)
    entry = source.lstat()
    os.chown(target, entry.st_uid, entry.st_gid, follow_symlinks=False)
    if not source.is_symlink():
        os.chmod(target, entry.st_mode & 0o7777)
        os.utime(target, ns=(entry.st_mtime_ns, entry.st_mtime_ns))


def owned_paths(root):
    """Paths of `root` (no leading slash, /bin and its like resolved) that a package contains."""
    owned = set()
    for listing in (root / "var/lib/dpkg/info").glob("*.list"):
        for line in listing.read_text().splitlines():
            path = line.lstrip("/")
            first = path.split("/", 1)[0]
            if first != path and (root / first).is_symlink():
                path = "usr/" + path
            owned.add(path)
    return owned


def extract(root, debs):
    """Unpacks packages into `root` and registers them as installed, without running their scripts."""
    root = pathlib.Path(root)
    status = root / "var/lib/dpkg/status"
    stanzas = [s for s in status.read_text().split("\n\n") if s.strip()]
    for deb in debs:
        # A folder in the package may be a link in the root (/bin), which must stay a link.
        files = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE)
        listing = subprocess.run(["tar", "-xvp", "--keep-directory-symlink", "--warning=no-timestamp",
                                  "--numeric-owner", "-C", root], stdin=files.stdout, check=True,
                                 capture_output=True, text=True).stdout
        if files.wait() != 0:
            raise SystemExit(f"images: {deb} cannot be unpacked")
        stanzas.append(register(root, deb, listing))
    for path in EXCLUDED:  # as dpkg's path-exclude does it: folders and links stay
        for entry in (root / path).rglob("*"):
            if entry.is_file() and not entry.is_symlink() and entry.name != "copyright":
                entry.unlink()
    status.unlink()  # it may be a hard link into another root
    status.write_text("".join(s.strip("\n") + "\n\n" for s in sorted(stanzas)))


def register(root, deb, listing):
    """Writes the info files of an extracted package; returns its paragraph of the status file."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "-e", deb, folder], check=True)
        control = pathlib.Path(folder, "control").read_text().strip("\n")
        fields = dict(line.split(": ", 1) for line in control.splitlines()
                      if not line.startswith(" ") and ": " in line)
        name = fields["Package"]
        if fields.get("Multi-Arch") == "same":
            name += ":" + fields["Architecture"]
        info = root / "var/lib/dpkg/info"
        for file in pathlib.Path(folder).iterdir():
            if file.name != "control":
                shutil.copy(file, info / f"{name}.{file.name}")
        paths = [line.removeprefix(".").rstrip("/") or "/." for line in listing.splitlines()]
        (info / f"{name}.list").write_text("".join(p + "\n" for p in paths))
        lines = control.splitlines()
        lines.insert(1, "Status: install ok installed")
        conffiles = pathlib.Path(folder, "conffiles")
        if conffiles.exists():
            lines.append("Conffiles:")
            for path in conffiles.read_text().split("\n"):
                if path.startswith("/"):
                    digest = hashlib.md5((root / path[1:]).read_bytes()).hexdigest()
                    lines.append(f" {path} {digest}")
    return "\n".join(lines)
