"""An image as text that can be compared: config, history, and the files in which it differs from the base image.

The layers are flattened, so it does not matter how a builder cuts them or in which order it lists files.
Not shown: times, and what the config of an empty image has anyway.
"""
import gzip
import hashlib
import json
import pathlib
import tarfile
from dataclasses import dataclass, field

DEFAULTS = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "WorkingDir": "/"}
KINDS = {tarfile.REGTYPE: "f", tarfile.AREGTYPE: "f", tarfile.DIRTYPE: "d", tarfile.SYMTYPE: "l",
         tarfile.FIFOTYPE: "p", tarfile.CHRTYPE: "c", tarfile.BLKTYPE: "b"}


@dataclass
class Node:
    """What one or, with hard links, several paths lead to."""

    text: str
    target: str = ""
    xattrs: dict = field(default_factory=dict)
    kind: str = "f"


def content_text(content):
    text = content.decode("utf-8", "replace")
    if len(content) <= 200 and "\ufffd" not in text:
        return json.dumps(text, ensure_ascii=False)
    return f"{len(content)} bytes {hashlib.sha256(content).hexdigest()[:12]}"


def make_node(archive, member):
    kind = KINDS.get(member.type, "?")
    words = [kind, f"{member.mode:04o}", f"{member.uid}:{member.gid}"]
    if kind == "f":
        words.append(content_text(archive.extractfile(member).read()))
    elif kind in "cb":
        words.append(f"{member.devmajor}:{member.devminor}")
    xattrs = {key.removeprefix("SCHILY.xattr."): value for key, value in member.pax_headers.items()
              if key.startswith("SCHILY.xattr.")}
    if kind == "l":
        words.remove(words[1])  # the mode of a symbolic link means nothing
    return Node(" ".join(words), member.linkname if kind == "l" else "", xattrs, kind)


def remove(tree, path):
    for other in [p for p in tree if p == path or p.startswith(path + "/")]:
        del tree[other]


def apply_layer(tree, stream):
    """The paths in `tree` (without a leading slash) after one more layer, as overlayfs would show them."""
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
                    remove(tree, prefix + name[4:])
                continue
            node = tree[member.linkname.removeprefix("./").strip("/")] if member.islnk() else make_node(archive, member)
            if node.kind != "d" or path not in tree or tree[path].kind != "d":
                remove(tree, path)
            tree[path] = added[path] = node
    return tree


def open_blob(layout, descriptor):
    path = layout / "blobs" / descriptor["digest"].replace(":", "/")
    with open(path, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if compressed else open(path, "rb")


class Bases:
    """The images that cases stand on. Their layers are read once; their files and history are not dumped."""

    def __init__(self):
        self.trees = {(): {}}
        self.history_lengths = {}

    def add(self, layout):
        for _, manifest, config in images_of(layout):
            digests = tuple(layer["digest"] for layer in manifest["layers"])
            for count in range(1, len(digests) + 1):
                if digests[:count] not in self.trees:
                    self.trees[digests[:count]] = self.flatten(layout, manifest["layers"][:count])
            self.history_lengths[digests] = len(config["history"])

    def flatten(self, layout, layers):
        """The file tree of these layers: {path: Node}."""
        known = max(n for n in range(len(layers) + 1) if digests_of(layers[:n]) in self.trees)
        tree = dict(self.trees[digests_of(layers[:known])])
        for layer in layers[known:]:
            with open_blob(layout, layer) as stream:
                apply_layer(tree, stream)
        return tree

    def below(self, layers):
        """(layers, history entries) of the base that an image with these layers stands on."""
        digests = digests_of(layers)
        found = [d for d in self.history_lengths if digests[:len(d)] == d]
        base = max(found, key=len, default=())
        return len(base), self.history_lengths.get(base, 0)


def digests_of(layers):
    return tuple(layer["digest"] for layer in layers)


def read_json(layout, descriptor):
    return json.loads((layout / "blobs" / descriptor["digest"].replace(":", "/")).read_text())


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


def lines_of_config(config):
    yield from (f"{key} {json.dumps(config[key], ensure_ascii=False)}"
                for key in sorted(config) if key not in ("config", "created", "history", "rootfs", "os", "architecture", "variant"))
    run_config = config.get("config", {})
    for key in sorted(run_config | DEFAULTS):
        if key not in run_config:
            yield f"{key} absent"
        elif run_config[key] != DEFAULTS.get(key):
            text = json.dumps(run_config[key], ensure_ascii=False, sort_keys=True)
            yield f"{key} " + (text.replace(DEFAULTS["Env"][0], "PATH") if key == "Env" else text)


def lines_of_history(history):
    for entry in history:
        marks = "" if entry.get("empty_layer") else "+ "
        if entry.get("comment") != "buildkit.dockerfile.v0":
            marks += f"(comment {entry.get('comment')}) "
        yield f"history {marks}{json.dumps(entry.get('created_by'), ensure_ascii=False)[1:-1]}"


def lines_of_tree(tree, base):
    first_path = {}
    for path in sorted(tree):
        first_path.setdefault(id(tree[path]), path)
    shared_before = {}
    for path in sorted(base):
        shared_before.setdefault(id(base[path]), path)
    for path in sorted(tree.keys() | base.keys()):
        node = tree.get(path)
        if node is None:
            if path.rpartition("/")[0] not in base or path.rpartition("/")[0] in tree:
                yield f"- /{path}"
            continue
        first = first_path[id(node)]
        if node is base.get(path) or (first == path and path in base and shared_before[id(base[path])] == path
                                      and node == base[path]):
            continue
        line = f"= /{first}" if first != path else node.text
        line += f" /{path}"
        if first == path and node.target:
            line += f" -> {node.target}"
        if first == path:
            line += "".join(f" {key}={json.dumps(value)}" for key, value in sorted(node.xattrs.items()))
        yield line


def dump(layout, bases, native):
    """The text of all images of an OCI layout. A platform that is not `native` is named."""
    layout, lines = pathlib.Path(layout), []
    images = images_of(layout)
    for platform, manifest, config in images:
        if len(images) > 1 or platform != native:
            lines.append(f"platform {platform}")
        layers = manifest["layers"] or []
        base_layers, base_history = bases.below(layers)
        base = bases.flatten(layout, layers[:base_layers])
        tree = bases.flatten(layout, layers)
        history = (config.get("history") or [])[base_history:]
        lines += lines_of_config(config)
        lines += lines_of_history(history)
        made = sum(1 for entry in history if not entry.get("empty_layer"))
        if made != len(layers) - base_layers:
            lines.append(f"layers {len(layers) - base_layers} but {made} in the history")
        if len(config["rootfs"].get("diff_ids") or []) != len(layers):
            lines.append(f"diff_ids {len(config['rootfs'].get('diff_ids') or [])} of {len(layers)} layers")
        lines += lines_of_tree(tree, base)
    return "".join(line + "\n" for line in lines) or "nothing but the base\n"
