"""What cases find around them: base images in the loopback registry, their context folders, files over HTTP."""
import bz2
import functools
import gzip
import hashlib
import http.server
import io
import json
import lzma
import os
import pathlib
import shutil
import socket
import subprocess
import tarfile
import threading

from cases import CaseError

TOP = pathlib.Path(__file__).resolve().parents[2]
TIME = 1_700_000_000

# In every base image above busybox: users, links of all kinds, and the folders a sandbox needs.
BASE_FILES = [
    ("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
     "app:x:1000:1001:app:/home/app:/bin/sh\nalone:x:2000:2000::/nowhere:/bin/sh\n"),
    ("etc/group", 0o644, "root:x:0:\ndaemon:x:1:\nstaff:x:50:app\napp:x:1001:\nalone:x:2000:\n"),
    ("srv/file", 0o644, "file\n"), ("srv/real/inner", 0o600, "inner\n"), ("opt/noted/file", 0o644, "noted\n"),
]
BASE_FOLDERS = [("dev", 0o755, 0, 0), ("proc", 0o755, 0, 0), ("sys", 0o755, 0, 0), ("srv", 0o755, 0, 0),
                ("srv/real", 0o755, 0, 0), ("home/app", 0o700, 1000, 1001), ("opt/noted", 0o755, 0, 0)]
NOTED = {"opt/noted": "folder", "opt/noted/file": "file"}  # path: its extended attribute user.note
BASE_LINKS = [("srv/link", "real"), ("srv/absolute", "/srv/real"), ("srv/dangling", "missing"),
              ("srv/filelink", "file"), ("srv/loop", "loop"), ("srv/up", "../../../../srv/real")]
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
IMAGES = {  # name: (config, other top-level fields)
    "base": ({"Env": [PATH], "WorkingDir": "/"}, {}),
    "bare": ({}, {}),
    "pathless": ({"Env": ["A=from base"]}, {}),
    "onbuild": ({"Env": [PATH], "OnBuild": ["COPY a /triggered", "ENV TRIGGERED=yes"]}, {}),
    "badonbuild": ({"Env": [PATH], "OnBuild": ["NONSENSE a"]}, {}),
    "configured": ({"User": "app", "ExposedPorts": {"80/tcp": {}}, "Env": [PATH, "A=from base", "B=two words"],
                    "Entrypoint": ["/entry"], "Cmd": ["argument"], "Volumes": {"/data": {}},
                    "WorkingDir": "/srv/real", "Labels": {"base": "yes", "who": "base"},
                    "StopSignal": "SIGQUIT", "Shell": ["/bin/sh", "-ec"],
                    "Healthcheck": {"Test": ["CMD", "check"], "Interval": 5_000_000_000}},
                   {"author": "somebody"}),
}


def base_layer():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        def add(path, kind, mode=0o777, uid=0, gid=0, content=b"", target=""):
            member = tarfile.TarInfo(path)
            member.type, member.mode, member.uid, member.gid, member.mtime = kind, mode, uid, gid, TIME
            member.size, member.linkname = len(content), target
            if path in NOTED:
                member.pax_headers = {"SCHILY.xattr.user.note": NOTED[path]}
            archive.addfile(member, io.BytesIO(content))

        for path, mode, uid, gid in BASE_FOLDERS:
            add(path, tarfile.DIRTYPE, mode, uid, gid)
        for path, mode, text in BASE_FILES:
            add(path, tarfile.REGTYPE, mode, content=text.encode())
        for path, target in BASE_LINKS:
            add(path, tarfile.SYMTYPE, target=target)
    return buffer.getvalue()


def put_blob(layout, content, media_type):
    digest = hashlib.sha256(content).hexdigest()
    (layout / "blobs/sha256" / digest).write_bytes(content)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


def make_image(layout, config, more):
    """An OCI layout of one name, `latest`, for each platform of the busybox image in build/images."""
    busybox = TOP / "build/images/oci/busybox"
    layout.mkdir(parents=True)
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    shutil.copytree(busybox / "blobs", layout / "blobs", copy_function=os.link if os.stat(busybox).st_dev == os.stat(layout).st_dev else shutil.copy)

    def read(descriptor):
        return json.loads((busybox / "blobs" / descriptor["digest"].replace(":", "/")).read_text())

    layer = base_layer()
    descriptor = put_blob(layout, gzip.compress(layer, mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip")
    manifests = []
    for child in read(json.loads((busybox / "index.json").read_text())["manifests"][0])["manifests"]:
        below = read(child)
        below_config = read(below["config"])
        diff_ids = below_config["rootfs"]["diff_ids"] + ["sha256:" + hashlib.sha256(layer).hexdigest()]
        document = {"architecture": below_config["architecture"], "os": "linux", "config": config, **more,
                    "created": "2023-11-14T22:13:20Z", "rootfs": {"type": "layers", "diff_ids": diff_ids},
                    "history": [{"created": "2023-11-14T22:13:20Z", "created_by": "base"}] * len(diff_ids)}
        config_descriptor = put_blob(layout, json.dumps(document).encode(), "application/vnd.oci.image.config.v1+json")
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": config_descriptor, "layers": [*below["layers"], descriptor]}
        manifests.append(put_blob(layout, json.dumps(manifest).encode(), manifest["mediaType"])
                         | {"platform": {"architecture": document["architecture"], "os": "linux"}})
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests}
    top = put_blob(layout, json.dumps(index).encode(), index["mediaType"])
    top["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [top]}))
    return top["digest"]


def push_images(folder, registry, bases):
    """Makes and pushes all base images; returns {name: digest} and tells `bases` of them."""
    digests = {}
    for name, (config, more) in IMAGES.items():
        layout = folder / "images" / name
        digests[name] = make_image(layout, config, more)
        bases.add(layout)
        subprocess.run(["skopeo", "copy", "-q", "--all", "--dest-tls-verify=false", f"oci:{layout}:latest",
                        f"docker://{registry}/library/{name}:latest"], check=True)
    return digests


def make_files(folder, entries, keep_open, time):
    """The files of one section on disk, all of one time. Listening sockets go into `keep_open`."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        path = folder / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.kind == "folder":
            path.mkdir(exist_ok=True)
        elif entry.kind == "symlink":
            path.symlink_to(entry.target)
        elif entry.kind == "hardlink":
            os.link(folder / entry.target, path)
        elif entry.kind == "fifo":
            os.mkfifo(path)
        elif entry.kind == "socket":
            listener = socket.socket(socket.AF_UNIX)
            keep_open.append(listener)
            listener.bind(str(path))
            listener.listen()
        elif entry.kind == "file":
            path.write_bytes(entry.content)
        else:
            raise CaseError(f"a {entry.kind} is possible in archives only: {entry.path}")
        for key, value in entry.xattrs.items():
            os.setxattr(path, key, value.encode())
    for entry in reversed(entries):
        path = folder / entry.path
        if entry.kind in ("folder", "file", "fifo"):
            os.chmod(path, (0o755 if entry.kind == "folder" else 0o644) if entry.mode is None else entry.mode)
        os.utime(path, (time, time), follow_symlinks=False)


def make_repository(folder, name):
    """Makes a git repository of the folder: a commit on `main` with the tag `v1`, one more file on the branch `side`.
    It is served under `name` and "name.git"; returns the commit of `main`."""
    dated = f"@{TIME} +0000"
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
                   "GIT_AUTHOR_DATE": dated, "GIT_COMMITTER_DATE": dated, "GIT_AUTHOR_NAME": "n", "GIT_AUTHOR_EMAIL": "e",
                   "GIT_COMMITTER_NAME": "n", "GIT_COMMITTER_EMAIL": "e"}

    def git(*words):
        return subprocess.run(["git", "-C", str(folder), "-c", "init.defaultBranch=main", *words], env=environment,
                              check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "one")
    git("tag", "-am", "one", "v1")
    commit = git("rev-parse", "HEAD")
    git("checkout", "-qb", "side")
    (folder / "side").write_text("side\n")
    git("add", "side")
    git("commit", "-qm", "two")
    git("checkout", "-q", "main")
    if name != folder:
        name.symlink_to(folder)
    name.with_name(name.name + ".git").symlink_to(folder)
    return commit


def zstd(content):
    return subprocess.run(["zstd", "-q"], input=content, stdout=subprocess.PIPE, check=True).stdout


COMPRESS = {"": bytes, "gzip": functools.partial(gzip.compress, mtime=0), "bzip2": bz2.compress,
            "xz": lzma.compress, "zstd": zstd}
TAR_TYPES = {"file": tarfile.REGTYPE, "folder": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE,
             "hardlink": tarfile.LNKTYPE, "fifo": tarfile.FIFOTYPE, "char": tarfile.CHRTYPE}


def make_tar(archive):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in archive.entries:
            member = tarfile.TarInfo(entry.path)
            member.type, member.mtime, member.mode = TAR_TYPES[entry.kind], TIME, entry.mode or 0o644
            if entry.kind == "folder" and not entry.mode:
                member.mode = 0o755
            member.uid, member.gid = entry.owner or (0, 0)
            if entry.kind == "char":
                member.devmajor, member.devminor = (int(n) for n in entry.target.split(":"))
            else:
                member.linkname = entry.target
            member.pax_headers = {f"SCHILY.xattr.{key}": value for key, value in entry.xattrs.items()}
            content = entry.content if entry.kind == "file" else b""
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return COMPRESS[archive.compression](buffer.getvalue())


def serve(folder):
    """HTTP on the loopback interface; returns the URL of the folder."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def serve_git(folder):
    """Git over HTTP on the loopback interface; returns the server's process and the URL of the folder."""
    server = subprocess.Popen(["python3", "-u", str(TOP / "tests/lib/git_server.py"), str(folder)], stdout=subprocess.PIPE,
                              text=True)
    return server, f"http://127.0.0.1:{server.stdout.readline().strip()}"
