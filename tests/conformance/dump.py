"""An image as text that can be compared: config, history, and the files in which it differs from the base image.

The layers are flattened, so it does not matter how a builder cuts them or in which order it lists files.
Not shown: times, and what the config of an empty image has anyway.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from image_tree import Trees, digests_of, first_paths, images_of  # noqa: E402

DEFAULTS = {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "WorkingDir": "/"}


def content_text(node):
    text = node.small.decode("utf-8", "replace") if node.small is not None else "\ufffd"
    if "\ufffd" not in text:
        return json.dumps(text, ensure_ascii=False)
    return f"{node.size} bytes {node.digest[:12]}"


def node_text(node):
    # The mode of a symbolic link means nothing.
    words = [node.kind, node.owner] if node.kind == "l" else [node.kind, f"{node.mode:04o}", node.owner]
    if node.kind == "f":
        words.append(content_text(node))
    elif node.device:
        words.append(node.device)
    return " ".join(words)


class Bases:
    """The images that cases stand on. Their layers are read once; their files and history are not dumped."""

    def __init__(self):
        self.trees = Trees()
        self.history_lengths = {}

    def add(self, layout):
        for _, manifest, config in images_of(layout):
            self.trees.keep(layout, manifest["layers"])
            self.history_lengths[digests_of(manifest["layers"])] = len(config["history"])

    def flatten(self, layout, layers):
        """The file tree of these layers: {path: Node}."""
        return self.trees.flatten(layout, layers)

    def below(self, layers):
        """(layers, history entries) of the base that an image with these layers stands on."""
        digests = digests_of(layers)
        found = [d for d in self.history_lengths if digests[:len(d)] == d]
        base = max(found, key=len, default=())
        return len(base), self.history_lengths.get(base, 0)


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
    first_path, shared_before = first_paths(tree), first_paths(base)
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
        line = f"= /{first}" if first != path else node_text(node)
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
