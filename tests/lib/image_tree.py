"""The files of an image as a value that can be compared: {path without a leading slash: Node}.

Reads OCI layouts. Layers are flattened as overlayfs would show them, so it does not matter how a builder cuts them or in
which order it lists files. Paths that are hard links of one another lead to the same Node object. Times are not kept.
"""
import gzip
import hashlib
import json
import tarfile
from dataclasses import dataclass, field
from typing import Optional

KINDS = {tarfile.REGTYPE: "f", tarfile.AREGTYPE: "f", tarfile.DIRTYPE: "d", tarfile.SYMTYPE: "l",
         tarfile.FIFOTYPE: "p", tarfile.CHRTYPE: "c", tarfile.BLKTYPE: "b"}
SMALL = 200  # bytes; the content of files up to this size is kept


@dataclass
class Node:
    """What one or, with hard links, several paths lead to."""

    kind: str  # f, d, l, p, c, b
    mode: int = 0
    owner: str = "0:0"
    size: int = 0
    digest: str = ""  # of the content of a file, SHA-256
    small: Optional[bytes] = None  # the content itself, if it is not longer than SMALL
    device: str = ""  # "major:minor"
    target: str = ""  # of a symbolic link
    xattrs: dict = field(default_factory=dict)
    # Where the content lies on disk, (file, offset); None if only in a compressed layer. No part of what the file is.
    place: Optional[tuple] = field(default=None, compare=False)

    def content(self):
        """The bytes of a file; None where they are only in a compressed layer."""
        if self.small is not None:
            return self.small
        if not self.place:
            return None
        with open(self.place[0], "rb") as blob:
            blob.seek(self.place[1])
            return blob.read(self.size)


def _make_node(archive, member, blob):
    node = Node(KINDS.get(member.type, "?"), member.mode, f"{member.uid}:{member.gid}")
    if node.kind == "f":
        digest, file = hashlib.sha256(), archive.extractfile(member)
        while piece := file.read(1 << 20):
            digest.update(piece)
            node.small = piece if member.size <= SMALL else None
        node.size, node.digest = member.size, digest.hexdigest()
        if member.size == 0:
            node.small = b""
        node.place = (blob, member.offset_data) if blob else None
    elif node.kind in "cb":
        node.device = f"{member.devmajor}:{member.devminor}"
    elif node.kind == "l":
        node.target = member.linkname
        node.mode = 0  # it means nothing
    node.xattrs = {key.removeprefix("SCHILY.xattr."): value for key, value in member.pax_headers.items()
                   if key.startswith("SCHILY.xattr.")}
    return node


def _remove(tree, path):
    for other in [p for p in tree if p == path or p.startswith(path + "/")]:
        del tree[other]


def apply_layer(tree, stream, blob=None):
    """`tree` after one more layer. `blob`: the file that `stream` reads, if it is not compressed."""
    added = {}
    with tarfile.open(fileobj=stream, mode="r:") as archive:
        for member in archive:
            path = member.name.removeprefix("./").strip("/")
            folder, _, name = path.rpartition("/")
            prefix = folder + "/" if folder else ""
            if path in ("", "."):
                continue
            if name == ".wh..wh..opq":
                for other in [p for p in tree if p.startswith(prefix) and p not in added]:
                    del tree[other]
                continue
            if name.startswith(".wh."):
                if prefix + name[4:] not in added:
                    _remove(tree, prefix + name[4:])
                continue
            if member.islnk():
                node = tree[member.linkname.removeprefix("./").strip("/")]
            else:
                node = _make_node(archive, member, blob)
            if path in tree and (node.kind != "d" or tree[path].kind != "d"):
                if tree[path].kind == "d":
                    _remove(tree, path)
                else:
                    del tree[path]
            tree[path] = added[path] = node
    return tree


def blob_path(layout, descriptor):
    return layout / "blobs" / descriptor["digest"].replace(":", "/")


def add_blob(tree, layout, descriptor):
    """apply_layer() for a blob of a layout, compressed with gzip or not at all."""
    path = blob_path(layout, descriptor)
    with open(path, "rb") as file:
        is_compressed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path) if is_compressed else open(path, "rb") as stream:
        return apply_layer(tree, stream, None if is_compressed else path)


def digests_of(layers):
    return tuple(layer["digest"] for layer in layers)


class Trees:
    """Flattened layers, those of base images kept so that they are read once."""

    def __init__(self):
        self.known = {(): {}}

    def keep(self, layout, layers):
        for count in range(1, len(layers) + 1):
            if digests_of(layers[:count]) not in self.known:
                self.known[digests_of(layers[:count])] = self.flatten(layout, layers[:count])

    def flatten(self, layout, layers):
        count = max(n for n in range(len(layers) + 1) if digests_of(layers[:n]) in self.known)
        tree = dict(self.known[digests_of(layers[:count])])
        for layer in layers[count:]:
            add_blob(tree, layout, layer)
        return tree


def first_paths(tree):
    """id(Node) -> the first of its paths: what tells the hard links of a tree."""
    first = {}
    for path in sorted(tree):
        first.setdefault(id(tree[path]), path)
    return first


def read_json(layout, descriptor):
    return json.loads(blob_path(layout, descriptor).read_text())


def images_of(layout):
    """[(platform text, manifest, config)] of every image in an OCI layout, attestations left out."""
    found = []

    def walk(descriptor):
        document = read_json(layout, descriptor)
        if "manifests" in document:
            for child in document["manifests"]:
                if child.get("platform", {}).get("os") != "unknown":
                    walk(child)
        else:
            config = read_json(layout, document["config"])
            platform = "/".join(filter(None, [config["os"], config["architecture"], config.get("variant")]))
            found.append((platform, document, config))

    index = json.loads((layout / "index.json").read_text())
    walk(index["manifests"][0])
    return found
