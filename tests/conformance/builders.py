"""The builders under comparison. Each gets a prepared case and leaves an OCI layout or an error text."""
import argparse
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass

TOP = pathlib.Path(__file__).resolve().parents[2]


@dataclass
class Prepared:
    """A case on disk: `folder` has its context and everything else; placeholders are replaced."""

    folder: pathlib.Path
    arguments: list
    environment: dict
    stdin: bytes
    context: str  # what is built; empty: the folder `context`


@dataclass
class Outcome:
    ok: bool
    output: str
    layout: pathlib.Path


def call(command, prepared, layout, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, **more,
                          **({"input": prepared.stdin} if prepared.stdin is not None else {"stdin": subprocess.DEVNULL}))
    output = done.stdout.decode(errors="replace")
    if done.returncode < 0 or done.returncode > 125:
        output += f"\ncrashed with {done.returncode}"
    return Outcome(done.returncode == 0, output, layout)


class Slipway:
    name = "slipway"

    def __init__(self, program, folder, registries_conf):
        self.program = str(pathlib.Path(program).resolve())
        self.environment = {"SLIPWAY_HOME": str(folder / "store"), "HOME": str(folder / "home"),
                            "CONTAINERS_REGISTRIES_CONF": registries_conf, "LC_ALL": "C.UTF-8",
                            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        (folder / "home").mkdir(exist_ok=True)

    def stop(self):
        pass

    def build(self, prepared):
        layout = prepared.folder / "slipway"
        return call([self.program, "build", "--progress=plain", "--provenance=false",
                     f"--output=type=oci,tar=false,dest={layout}", *prepared.arguments,
                     prepared.context or ("-" if prepared.stdin is not None else ".")],
                    prepared, layout, cwd=prepared.folder / "context", env=self.environment | prepared.environment)


class BuildKit:
    """BuildKit's own daemon and client, $BUILDKITD and $BUILDCTL, started for this run."""

    name = "buildkit"

    def __init__(self, folder, registry):
        self.state = folder / "buildkit"
        self.environment = dict(os.environ, REGISTRY=registry)
        for name in ("BUILDKITD", "BUILDCTL"):
            if name not in os.environ:
                raise SystemExit(f"conformance: {name} must name BuildKit's program")
        self.peers("start", "buildkit", str(self.state))

    def peers(self, *arguments):
        subprocess.run([str(TOP / "bench/peers.sh"), *arguments], env=self.environment, check=True)

    def stop(self):
        self.peers("stop", str(self.state))
        shutil.rmtree(self.state, ignore_errors=True)

    def build(self, prepared):
        layout = prepared.folder / "buildkit"
        command = [os.environ["BUILDCTL"], "--addr", f"unix://{self.state}/buildkitd.sock", "build",
                   "--progress=plain", "--frontend=dockerfile.v0",
                   f"--output=type=oci,tar=false,dest={layout}", *self.translate(prepared.arguments)]
        if prepared.context:
            dockerfile = [f"--opt=filename={prepared.arguments[at + 1]}" for at, word in enumerate(prepared.arguments) if word == "-f"]
            command = [word for word in command if not word.startswith(("--local=", "--opt=filename="))]
            command += [f"--opt=context={prepared.context}", *dockerfile]
        return call(command, prepared, layout, cwd=prepared.folder / "context",
                    env=self.environment | prepared.environment)

    def translate(self, arguments):
        """What buildx makes of its command line, in the words of buildctl."""
        parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
        many = {"build-arg": "build-arg:", "label": "label:", "secret": None, "ssh": None, "allow": None,
                "add-host": None, "build-context": None, "ulimit": None, "no-cache-filter": None}
        one = {"target": "target", "platform": "platform", "network": "force-network-mode",
               "shm-size": "shm-size", "file": None}
        for name in many:
            parser.add_argument("--" + name, action="append", default=[])
        for name in one:
            parser.add_argument("--" + name, *(["-f"] if name == "file" else []))
        parser.add_argument("--no-cache", action="store_true")
        given = vars(parser.parse_args(arguments))
        dockerfile = pathlib.PurePath(given["file"] or "Dockerfile")
        words = ["--local=context=.", f"--local=dockerfile={dockerfile.parent}"]
        if given["file"]:
            words.append(f"--opt=filename={dockerfile.name}")
        for name, option in many.items():
            for value in given[name.replace("-", "_")]:
                words += self.one_of_many(name, option, value)
        for name, option in one.items():
            if option and (value := given[name.replace("-", "_")]):
                words.append(f"--opt={option}={value}")
        if given["add_host"]:
            words.append("--opt=add-hosts=" + ",".join(h.replace(":", "=", 1) if "=" not in h else h for h in given["add_host"]))
        for name in ("ulimit", "no-cache-filter"):
            if values := given[name.replace("-", "_")]:
                words.append(f"--opt={'no-cache' if name == 'no-cache-filter' else name}=" + ",".join(values))
        if given["no_cache"]:
            words.append("--opt=no-cache=")
        return words

    def one_of_many(self, name, option, value):
        if option:
            return [f"--opt={option}{value}"]
        if name in ("secret", "ssh", "allow"):
            return [f"--{name}={value}"]
        if name == "build-context":
            context, _, source = value.partition("=")
            if source.startswith("oci-layout://"):
                path = source.removeprefix("oci-layout://").partition(":")[0]
                digest = json.loads(pathlib.Path(path, "index.json").read_text())["manifests"][0]["digest"]
                return [f"--oci-layout=layout={path}", f"--opt=context:{context}=oci-layout://layout@{digest}"]
            if "://" in source or source.startswith("target:"):
                return [f"--opt=context:{context}={source}"]
            return [f"--local={context}={source}", f"--opt=context:{context}=local:{context}"]
        return []
