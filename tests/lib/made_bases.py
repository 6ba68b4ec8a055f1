"""Base images that take a while to make: built once from a Dockerfile for both platforms under plain QEMU, and pushed to the
loopback registry under a tag that is the hash of the Dockerfile."""
import hashlib
import pathlib
import subprocess
import sys
import threading
import urllib.error
import urllib.request

INDEX = "application/vnd.oci.image.index.v1+json"


class MadeBases:
    def __init__(self, folder, build, registry, platforms, work):
        """`folder` has NAME.Dockerfile; `build(log, arguments, store)` runs a build; `work` takes logs and contexts."""
        self.folder, self.build, self.registry = pathlib.Path(folder), build, registry
        self.platforms, self.work = platforms, pathlib.Path(work)
        self.lock, self.locks, self.references = threading.Lock(), {}, {}

    def has(self, name):
        return (self.folder / f"{name}.Dockerfile").exists()

    def reference(self, name):
        """What FROM can name; the image is there."""
        with self.lock:
            lock = self.locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self.references:
                dockerfile = self.folder / f"{name}.Dockerfile"
                tag = hashlib.sha256(dockerfile.read_bytes()).hexdigest()[:12]
                reference = f"{self.registry}/twins/{name}:{tag}"
                if not self._is_pushed(f"twins/{name}", tag):
                    print(f"making the base image {name}", file=sys.stderr, flush=True)
                    context = self.work / f"base-{name}"
                    context.mkdir(parents=True, exist_ok=True)
                    self.build(self.work / f"base-{name}.log",
                               [f"--platform={self.platforms}", "-f", str(dockerfile),
                                f"--output=type=image,name={reference},push=true", str(context)], self.work / "store-bases")
                self.references[name] = reference
            return self.references[name]

    def _is_pushed(self, repository, tag):
        request = urllib.request.Request(f"http://{self.registry}/v2/{repository}/manifests/{tag}", headers={"Accept": INDEX})
        try:
            with urllib.request.urlopen(request):
                return True
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return False


def has_twins(slipway):
    """Whether the program knows --twins."""
    return "--twins" in subprocess.run([slipway, "build", "--help"], capture_output=True, text=True, check=True).stdout
