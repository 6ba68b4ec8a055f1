"""Downloads .deb files of any architecture into a folder, through an apt of our own.

The machine's apt settings (proxies, keys, passwords in auth.conf) hold; its lists, package status and
enabled architectures are neither used nor changed.
"""
import os
import pathlib
import subprocess


def network_environment():
    """The environment of a program that downloads: this machine's proxies, nothing else of its settings."""
    proxies = {k: v for k, v in os.environ.items() if k.lower().endswith("_proxy")}
    return proxies | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


class Apt:
    """apt for one architecture and one list of sources, with its state under `folder`."""

    def __init__(self, folder, architecture, entries, status=None, lists=None):
        """`status` is the dpkg status file of the root that packages are chosen for; none: an empty root.
        `lists` is where another Apt of the same sources and architecture keeps its package lists."""
        self.folder = pathlib.Path(folder)
        self.lists = pathlib.Path(lists or self.folder / "lists")
        for name in (self.lists / "partial", "archives/partial", "debs", "etc"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        sources = self.folder / "etc/sources.list"
        sources.write_text("".join(e.line() + "\n" for e in entries))
        if status is None:
            status = self.folder / "status"
            status.touch()
        # A file, since options of the command line come too late for APT::Architecture.
        self.config = self.folder / "etc/apt.conf"
        self.config.write_text(f"""
APT::Architecture "{architecture}";
#clear APT::Architectures;
APT::Architectures {{ "{architecture}"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Dir::Etc::sourcelist "{sources}";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "{self.lists}";
Dir::State::status "{status}";
Dir::Cache::archives "{self.folder}/archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
""")

    def _run(self, *command):
        environment = network_environment() | {"APT_CONFIG": str(self.config)}
        result = subprocess.run(command, cwd=self.folder / "debs", capture_output=True, text=True,
                                env=environment)
        if result.returncode != 0:
            raise SystemExit(f"images: {' '.join(command)} failed:\n{result.stdout}{result.stderr}")
        return result.stdout

    def update(self):
        self._run("apt-get", "-qq", "update")

    def names(self):
        """Every package name the sources offer."""
        return set(self._run("apt-cache", "pkgnames").split())

    def download(self, packages):
        """Fetches exactly these packages (name or name=version); returns their files."""
        uris = self._run("apt-get", "-qq", "--print-uris", "download", *packages)
        self._run("apt-get", "-qq", "download", *packages)
        return [self.folder / "debs" / line.split()[1] for line in uris.splitlines()
                if line.startswith("'")]

    def download_with_dependencies(self, packages):
        """Fetches these packages and what they need beyond the given status."""
        plan = self._run("apt-get", "-qq", "--simulate", "install", *packages)
        chosen = []
        for line in plan.splitlines():
            words = line.split()
            if words[:1] == ["Inst"]:  # Inst name [old] (version suite [arch])
                version = next(w for w in words[2:] if w.startswith("("))[1:]
                chosen.append(f"{words[1].split(':')[0]}={version}")
        return self.download(chosen)
