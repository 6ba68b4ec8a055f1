"""The table of base images: what each is made of. images.py makes them, extras.py what no package holds.

They stand in for the images of the same name in a public registry: same paths, same environment, on
Debian's own packages. Where Debian lacks what a tag promises, a comment says what stands there instead.
"""
from dataclasses import dataclass, field

import extras

RELEASE = "bookworm"
ARCHITECTURES = ["amd64", "arm64"]
# Newest first; Debian's compilers are static programs, so a later release's runs in any root.
GO_VERSIONS = [("1.24", "trixie"), ("1.23", f"{RELEASE}-backports"), ("1.19", RELEASE)]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """One repository. Paths have no leading slash; {architecture} in them is Debian's word for it."""
    tags: tuple
    base: str = "debian"  # the image below; "" for one that stands on nothing
    packages: tuple = ()  # with what they depend on, without what they recommend
    folders: dict = field(default_factory=dict)  # path: mode
    links: dict = field(default_factory=dict)  # path: target
    finish: tuple = ()  # functions of extras.py, called with root, architecture and workshop
    path: str = PATH
    env: tuple = ()
    config: dict = field(default_factory=lambda: {"Cmd": ["bash"]})
    foreign: bool = True  # False: for stages on $BUILDPLATFORM alone, so for this machine's architecture alone
    also: tuple = ()  # REPOSITORY:TAG that it stands in for, too

    def names(self, repository, version):
        """Every repository and its tags, the image's own last: its layout means that all are there."""
        found = {}
        for other in self.also:
            found.setdefault(other.split(":")[0], []).append(other.split(":")[1])
        return found | {repository: [tag.format(version=version) for tag in self.tags]}


BASIC = {
    "debian": Image(tags=("bookworm-slim", "bookworm", "latest"), base=""),
    # Alpine's packages cannot be had from a Debian mirror; its shell and tools are busybox as well.
    "busybox": Image(tags=("latest",), base="", config={"Cmd": ["sh"]}, also=("alpine:3.18",)),
    # {version} is the newest of GO_VERSIONS that the mirror has, whatever the other tags say.
    "golang": Image(tags=("{version}-bookworm", "{version}", "bookworm", "latest", "1.24-bookworm", "1.23-alpine"),
                    folders={"go": 0o1777, "go/bin": 0o1777, "go/src": 0o1777},
                    links={"usr/local/go": "/usr/lib/go-{version}"},
                    finish=(extras.certificates, extras.go_without_tests),
                    path=f"/go/bin:/usr/local/go/bin:{PATH}",
                    env=("GOLANG_VERSION={version}", "GOTOOLCHAIN=local", "GOPATH=/go"),
                    config={"Cmd": ["bash"], "WorkingDir": "/go"}),
    # Python 3.11 under every tag. What pip installs shows below /usr/local/lib/python3.12, too.
    "python": Image(tags=("3.11-slim-bookworm", "3.11-slim", "3-slim", "3", "latest", "3.12.7-slim"),
                    packages=("python3", "python3-pip", "ca-certificates"),
                    folders={"usr/local/lib/python3.12/dist-packages": 0o755},
                    links={"usr/local/bin/python3": "/usr/bin/python3", "usr/local/bin/python": "python3",
                           "usr/local/lib/python3.11": "python3.12"},
                    finish=(extras.certificates, extras.pip_for_everything),
                    env=("LANG=C.UTF-8", f"PIP_CERT={extras.BUNDLE}"),
                    config={"Cmd": ["python3"]}),
}

MORE = {
    "node": Image(tags=("22-bookworm-slim", "22-slim", "22", "22-bookworm"),
                  packages=("ca-certificates", "libstdc++6"),
                  finish=(extras.certificates, extras.node),
                  env=(f"NODE_EXTRA_CA_CERTS={extras.BUNDLE}",),
                  config={"Cmd": ["node"]}),
    "rust": Image(tags=("1-slim-bookworm", "1-bookworm", "1"),
                  packages=("cargo-web", "rustc-web", "gcc", "libc6-dev", "ca-certificates"),
                  links={"usr/bin/cc": "gcc"},
                  finish=(extras.certificates, extras.rust_targets),
                  env=("CARGO_HOME=/usr/local/cargo",),
                  foreign=False),
    "eclipse-temurin": Image(tags=("17-jre",),
                             packages=("openjdk-17-jre-headless", "ca-certificates"),
                             links={"opt/java/openjdk": "/usr/lib/jvm/java-17-openjdk-{architecture}"},
                             finish=(extras.certificates, extras.java_certificates),
                             path=f"/opt/java/openjdk/bin:{PATH}",
                             env=("JAVA_HOME=/opt/java/openjdk", "LANG=C.UTF-8")),
    "maven": Image(tags=("3-eclipse-temurin-17",), base="eclipse-temurin",
                   packages=("maven", "openjdk-17-jdk-headless"),
                   links={"usr/bin/mvn": "/usr/share/maven/bin/mvn"},
                   path=f"/opt/java/openjdk/bin:{PATH}",
                   env=("JAVA_HOME=/opt/java/openjdk", "LANG=C.UTF-8", "MAVEN_HOME=/usr/share/maven"),
                   config={"Cmd": ["mvn"]}, foreign=False),
}
IMAGES = BASIC | MORE
