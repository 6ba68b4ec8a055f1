"""Writes OCI image layouts from plain folders, the same bytes for the same folders.

Independent of Slipway on purpose: tests compare what Slipway reads with what this wrote.
"""
import gzip
import hashlib
import io
import json
import os
import pathlib
import stat
import tarfile

# No entry is younger than this (the release of Debian 12), so that a later run gives the same layers.
EPOCH = 1686355200
CREATED = "2023-06-10T00:00:00Z"

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def encode(document):
    return json.dumps(document, indent=None, separators=(",", ":"), sort_keys=True).encode()


class Hashing(io.RawIOBase):
    """Passes bytes on to `below` (or drops them) and hashes them."""

    def __init__(self, below=None):
        self.below, self.sha, self.size = below, hashlib.sha256(), 0

    def writable(self):
        return True

    def write(self, data):
        self.sha.update(data)
        self.size += len(data)
        if self.below:
            self.below.write(data)
        return len(data)

    def digest(self):
        return "sha256:" + self.sha.hexdigest()


def entries_of(root, base=None):
    """Sorted relative paths under `root`; with `base`, only those that are not hard links of base's
    (new or replaced entries) and the folders above them."""
    kept = set()
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.relpath(os.path.join(folder, name), root)
            if base is not None and not is_changed(os.path.join(root, path), os.path.join(base, path)):
                continue
            while path and path not in kept:
                kept.add(path)
                path = os.path.dirname(path)
    return sorted(kept)


def is_changed(path, before):
    entry = os.lstat(path)
    try:
        old = os.lstat(before)
    except FileNotFoundError:
        return True
    if stat.S_ISDIR(entry.st_mode) and stat.S_ISDIR(old.st_mode):
        return (entry.st_mode, entry.st_uid, entry.st_gid) != (old.st_mode, old.st_uid, old.st_gid)
    return (entry.st_dev, entry.st_ino) != (old.st_dev, old.st_ino)


def write_layer(root, blobs, base=None):
    """One gzip layer of `root` (what it has beyond `base`) into the folder `blobs`.

    Returns its descriptor and its diffID.
    """
    blobs = pathlib.Path(blobs)
    blobs.mkdir(parents=True, exist_ok=True)
    temporary = blobs / f".layer-{os.getpid()}"
    links = {}
    with open(temporary, "wb") as file:
        packed = Hashing(file)
        with gzip.GzipFile(filename="", mode="wb", compresslevel=5, fileobj=packed, mtime=0) as zipped:
            plain = Hashing(zipped)
            with tarfile.open(fileobj=plain, mode="w|", format=tarfile.PAX_FORMAT) as archive:
                for path in entries_of(root, base):
                    full = os.path.join(root, path)
                    entry = os.lstat(full)
                    info = archive.gettarinfo(full, path)
                    info.uname = info.gname = ""
                    info.mtime = min(int(entry.st_mtime), EPOCH)
                    # tarfile's own hard link search would name paths outside of this layer.
                    if stat.S_ISREG(entry.st_mode):
                        first = links.setdefault((entry.st_dev, entry.st_ino), path)
                        info.type = tarfile.REGTYPE if first == path else tarfile.LNKTYPE
                        info.linkname = "" if first == path else first
                        info.size = entry.st_size if first == path else 0
                    if info.type == tarfile.REGTYPE:
                        with open(full, "rb") as content:
                            archive.addfile(info, content)
                    else:
                        archive.addfile(info)
            diff_id = plain.digest()
    os.rename(temporary, blobs / packed.digest().split(":")[1])
    return {"mediaType": LAYER, "digest": packed.digest(), "size": packed.size}, diff_id


def layers_of(layout, architecture):
    """The layers of an image in a layout that Layout wrote: pairs of descriptor and diffID, lowest first."""
    def read(descriptor):
        return json.loads(pathlib.Path(layout, "blobs/sha256", descriptor["digest"].split(":")[1]).read_bytes())
    index = read(json.loads(pathlib.Path(layout, "index.json").read_bytes())["manifests"][0])
    manifest = read(next(m for m in index["manifests"] if m["platform"]["architecture"] == architecture))
    return list(zip(manifest["layers"], read(manifest["config"])["rootfs"]["diff_ids"]))


class Layout:
    """An OCI image layout whose tags are multi-platform indexes."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.blobs = self.folder / "blobs/sha256"
        self.blobs.mkdir(parents=True, exist_ok=True)
        self.tags = {}

    def add_json(self, media_type, document):
        data = encode(document)
        digest = hashlib.sha256(data).hexdigest()
        (self.blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def add_layer(self, descriptor, blobs):
        name = descriptor["digest"].split(":")[1]
        if not (self.blobs / name).exists():
            os.link(pathlib.Path(blobs, name), self.blobs / name)

    def add_image(self, architecture, config, layers):
        """`config` is the image's config block, `layers` pairs of descriptor and diffID; returns the
        manifest's descriptor for an index."""
        platform = {"architecture": architecture, "os": "linux"}
        if architecture == "arm64":
            platform["variant"] = "v8"
        document = {**platform, "created": CREATED, "config": config,
                    "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
                    "history": [{"created": CREATED, "created_by": "debian packages"} for _ in layers]}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST,
                    "config": self.add_json(CONFIG, document),
                    "layers": [descriptor for descriptor, _ in layers]}
        return {**self.add_json(MANIFEST, manifest), "platform": platform}

    def tag(self, names, manifests):
        index = self.add_json(INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests})
        self.tags |= {name: index for name in names}

    def finish(self):
        entries = [{**descriptor, "annotations": {"org.opencontainers.image.ref.name": name}}
                   for name, descriptor in sorted(self.tags.items())]
        (self.folder / "index.json").write_bytes(
            encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}))
        (self.folder / "oci-layout").write_bytes(encode({"imageLayoutVersion": "1.0.0"}))
