"""Where this machine gets Debian packages from: its apt configuration, read and never written.

Gives entries (uri, suite, components, options) of one release for images.py, so that no mirror is
named anywhere in the project. Reads one-line files (*.list) and deb822 files (*.sources).
"""
import pathlib
import re
import shlex
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    uri: str
    suite: str
    components: tuple
    signed_by: str = ""  # path of a keyring; empty: apt's trusted keys
    trusted: bool = False

    def line(self, with_keyring=True):
        """The entry as apt's one-line format."""
        options = []
        if self.signed_by and with_keyring:
            options.append(f"signed-by={self.signed_by}")
        if self.trusted:
            options.append("trusted=yes")
        prefix = f"[{' '.join(options)}] " if options else ""
        return f"deb {prefix}{self.uri} {self.suite} {' '.join(self.components)}"


def one_line_entries(text):
    pattern = re.compile(r"^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#\n]*)")
    for line in text.splitlines():
        match = pattern.match(line)
        if not match:
            continue
        options = dict(o.split("=", 1) for o in shlex.split(match[1] or "") if "=" in o)
        yield Entry(match[2], match[3], tuple(match[4].split()), options.get("signed-by", ""),
                    options.get("trusted") == "yes")


def deb822_entries(text):
    for paragraph in re.split(r"\n\s*\n", text):
        fields, key = {}, None
        for line in paragraph.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace() and key:
                fields[key] += "\n" + line
            elif ":" in line:
                key, value = line.split(":", 1)
                key = key.strip().lower()
                fields[key] = value.strip()
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes") == "no":
            continue
        signed_by = fields.get("signed-by", "")
        if "BEGIN PGP" in signed_by:  # a key in the file itself: the archive keyring package has it too
            signed_by = ""
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield Entry(uri, suite, tuple(fields.get("components", "").split()), signed_by,
                            fields.get("trusted") == "yes")


def machine_entries(root="/etc/apt"):
    """Every entry of this machine, in apt's reading order, duplicates dropped."""
    found = []
    main = pathlib.Path(root, "sources.list")
    parts = sorted(pathlib.Path(root, "sources.list.d").glob("*"))
    for path in [main, *parts]:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        read = deb822_entries if path.suffix == ".sources" else one_line_entries
        found += [e for e in read(path.read_text()) if e not in found]
    return found


def release_entries(release, root="/etc/apt"):
    """The Debian archive's entries of one release: itself, its updates, its security suite."""
    suites = {release, f"{release}-updates", f"{release}-security"}
    entries = [e for e in machine_entries(root) if e.suite in suites and "main" in e.components]
    if not any(e.suite == release for e in entries):
        raise SystemExit(f"images: no apt source of Debian {release} in {root}/sources.list*; "
                         "add one, the base images are made from it")
    return entries


def acquire_settings():
    """apt's download settings of this machine (proxies, date checks) as lines of an apt.conf."""
    dump = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    wanted = re.compile(r'^Acquire::(Check-|http|https|Retries)\S* ".+";$')
    return [line for line in dump.splitlines() if wanted.match(line)]
