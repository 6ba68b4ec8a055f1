"""The builders: how each is started, emptied and asked for a build. bench/run measures what `build` returns."""
import os
import pathlib
import resource
import shutil
import subprocess
from dataclasses import dataclass
from typing import Optional

import measure

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent
ROOT = TOP / "build/peers/root"
NAME = "bench.example/app:1"
# buildah would ask for more than a container may have.
LIMITS = {"nofile": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
          "nproc": resource.getrlimit(resource.RLIMIT_NPROC)[1]}
COMPRESSION = {"gzip": "", "zstd": ",compression=zstd"}


@dataclass(frozen=True)
class Request:
    context: pathlib.Path
    platforms: tuple
    archive: Optional[pathlib.Path]  # where the OCI archive goes; None: no output
    compression: str
    cache_to: Optional[str] = None  # "type=local,dest=..." without mode
    cache_from: Optional[str] = None


class Peer:
    """A builder with a state folder of its own. Commands run without a shell; env is None for ours."""

    name = ""
    program = None  # the executable whose memory counts; None with a daemon
    daemon = None  # its process id

    def __init__(self, state, registry, logs):
        self.state, self.registry, self.logs = pathlib.Path(state), registry, pathlib.Path(logs)
        self.env = dict(os.environ, REGISTRY=registry["REGISTRY"])

    def start(self):
        self.state.mkdir(parents=True, exist_ok=True)

    def stop(self):
        pass

    def reset(self):
        """Leaves neither build cache nor images."""
        raise NotImplementedError

    def version(self):
        raise NotImplementedError

    def commands(self, request):
        """The commands of one build, in order; usually one."""
        raise NotImplementedError

    def call(self, command, check=True):
        with open(self.logs / f"{self.name}-housekeeping.log", "ab") as log:
            return subprocess.run(command, env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=log, check=check)

    def answer(self, command):
        return subprocess.run(command, env=self.env, stdin=subprocess.DEVNULL, check=True,
                              capture_output=True, text=True).stdout.strip()

    def peers_sh(self, *arguments):
        return [str(HERE / "peers.sh"), *map(str, arguments)]


class Slipway(Peer):
    name = "slipway"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.binary = os.environ.get("SLIPWAY", str(TOP / "build/release/src/slipway"))
        self.program = os.path.basename(os.path.realpath(self.binary))
        self.env |= {"SLIPWAY_HOME": str(self.state / "store"),
                     "CONTAINERS_REGISTRIES_CONF": self.registry["CONTAINERS_REGISTRIES_CONF"]}

    def start(self):
        super().start()
        if not os.access(self.binary, os.X_OK):
            raise SystemExit(f"bench: no program at {self.binary}; build the release preset or set SLIPWAY")

    def reset(self):
        shutil.rmtree(self.state / "store", ignore_errors=True)

    def version(self):
        return self.answer([self.binary, "--version"]).splitlines()[0]

    def commands(self, request):
        command = [self.binary, "build", "--progress=plain"]
        if request.platforms:
            command.append("--platform=" + ",".join(request.platforms))
        if request.cache_to:
            command.append(f"--cache-to={request.cache_to},mode=max,mounts=all,ignore-error=false")
        if request.cache_from:
            command.append(f"--cache-from={request.cache_from},mounts=all")
        return [command + [output_flag(request), str(request.context)]]


class Daemon(Peer):
    def start(self):
        super().start()
        self.stop()
        self.call(self.peers_sh("start", self.name, self.state))
        self.daemon = int((self.state / "pid").read_text())

    def stop(self):
        self.call(self.peers_sh("stop", self.state))


class BuildKit(Daemon):
    """BuildKit itself, $BUILDKITD and $BUILDCTL."""

    name = "buildkit"

    def buildctl(self, *arguments):
        return [os.environ["BUILDCTL"], "--addr", f"unix://{self.state}/buildkitd.sock", *arguments]

    def reset(self):
        self.call(self.buildctl("prune", "--all"))

    def version(self):
        return " ".join(self.answer([os.environ["BUILDKITD"], "--version"]).split()[1:])

    def commands(self, request):
        command = self.buildctl("build", "--progress=plain", "--frontend=dockerfile.v0",
                                f"--local=context={request.context}",
                                f"--local=dockerfile={request.context}")
        if request.platforms:
            command.append("--opt=platform=" + ",".join(request.platforms))
        if request.cache_to:
            command.append(f"--export-cache={request.cache_to},mode=max")
        if request.cache_from:
            command.append(f"--import-cache={request.cache_from}")
        return [command + [output_flag(request)] if request.archive else command]


class Docker(Daemon):
    """BuildKit as Debian forky's docker.io embeds it, with buildx as its client."""

    name = "docker"

    def docker(self, *arguments):
        """The client runs in the daemon's namespaces and root."""
        return ["nsenter", "-t", str(self.daemon), "--mount", "--pid", "--root", "--wd=/", "env",
                "HOME=/root", "DOCKER_HOST=unix:///state/docker.sock", "docker", *arguments]

    def reset(self):
        self.call(self.docker("buildx", "prune", "--all", "--force"))

    def version(self):
        return "docker.io " + self.answer(self.docker("version", "--format={{.Server.Version}}"))

    def commands(self, request):
        command = self.docker("buildx", "build", "--progress=plain", "--provenance=false",
                              "--network=host", "--allow=network.host")
        if request.platforms:
            command.append("--platform=" + ",".join(request.platforms))
        if request.cache_to:
            command.append(f"--cache-to={request.cache_to},mode=max")
        if request.cache_from:
            command.append(f"--cache-from={request.cache_from}")
        return [command + [output_flag(request), str(request.context)]]


class Buildah(Peer):
    """Debian forky's buildah. A build and, for an archive, a push are two commands of one measurement."""

    name = "buildah"
    program = "buildah"

    def start(self):
        super().start()
        self.call(self.peers_sh("make"))

    def buildah(self, *arguments):
        return self.peers_sh("run", self.state, "buildah", "--root=/state/storage",
                             "--runroot=/run/buildah", "--storage-driver=overlay", *arguments)

    def reset(self):
        shutil.rmtree(self.state / "storage", ignore_errors=True)

    def version(self):
        return self.answer(self.buildah("--version"))

    def commands(self, request):
        if request.cache_to or request.cache_from:
            raise measure.BuildFailed("no such cache there")
        build = self.buildah("build", "--layers", "--tls-verify=false", "--isolation=oci",
                             "--runtime=runc", "--network=host", "--format=oci",
                             *(f"--ulimit={name}={limit}:{limit}" for name, limit in LIMITS.items()))
        if request.platforms:
            build += ["--platform=" + ",".join(request.platforms), f"--manifest={NAME}"]
        else:
            build.append(f"--tag={NAME}")
        commands = [build + [str(request.context)]]
        if request.archive:
            push = ["manifest", "push", "--all"] if request.platforms else ["push"]
            commands.append(self.buildah(*push, f"--compression-format={request.compression}", NAME,
                                         f"oci-archive:{request.archive}"))
        return commands


def output_flag(request):
    """As buildx and buildctl have it; buildctl builds without any output when the flag is missing."""
    if not request.archive:
        return "--output=type=cacheonly"
    return f"--output=type=oci,dest={request.archive}{COMPRESSION[request.compression]}"


def kinds(names):
    """The builders' classes, each once. Without $BUILDKITD, Docker's BuildKit is the BuildKit to compare with."""
    known = {kind.name: kind for kind in (Slipway, BuildKit, Docker, Buildah)}
    if not os.environ.get("BUILDKITD"):
        names = ["docker" if name == "buildkit" else name for name in names]
    for name in names:
        if name not in known:
            raise SystemExit(f"bench: no builder is called {name}; there are {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)]
