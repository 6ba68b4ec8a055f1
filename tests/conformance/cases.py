"""Reads the files of cases/: many small cases per file, in the format that README.md describes."""
import pathlib
import re
import shlex
from dataclasses import dataclass, field

SECTIONS = {"Dockerfile", "files", "file", "tar", "repository", "context", "arguments", "environment", "stdin", "error",
            "says", "differs", "alone"}


@dataclass
class Entry:
    """One line of a `files` or `tar` section."""

    path: str
    kind: str = "file"  # file, folder, symlink, hardlink, fifo, socket, char
    mode: int = None
    owner: tuple = None  # in archives only
    target: str = ""  # of links: another path; of char: "major:minor"
    content: bytes = b""
    xattrs: dict = field(default_factory=dict)


@dataclass
class Archive:
    path: str
    compression: str
    entries: list


@dataclass
class Case:
    area: str
    name: str
    dockerfiles: dict = field(default_factory=dict)  # path in the context -> bytes
    folders: dict = field(default_factory=dict)  # folder -> entries; "context" is the build context
    archives: list = field(default_factory=list)
    repository: str = None  # set: the context is a git repository, too
    context: str = ""  # what is built instead of the context's folder
    arguments: list = field(default_factory=list)
    environment: dict = field(default_factory=dict)
    stdin: str = ""  # "tar FOLDER" or "PATH", both below the case's folder
    error: str = None  # a regular expression: the build fails and Slipway says this
    says: str = None  # a regular expression: the build succeeds and Slipway says this
    differs: str = ""  # words of docs/differences.md: BuildKit does it otherwise
    alone: str = ""  # why BuildKit is not asked

    @property
    def id(self):
        return f"{self.area}: {self.name}"


class CaseError(Exception):
    pass


def unescape(text):
    r"""\n \t \r \0 \xHH \\ and, at the end, \c: no newline."""
    named = {"n": b"\n", "t": b"\t", "r": b"\r", "0": b"\0", "\\": b"\\", "c": b""}

    def one(match):
        word = match.group(1)
        return bytes([int(word[1:], 16)]) if len(word) == 3 else named[word.decode()]

    return re.sub(rb"\\(x[0-9a-fA-F]{2}|[ntr0\\c])", one, text.encode())


def parse_entry(line):
    head, equals, text = line.partition(" = ") if " = " in line else (line, "", "")
    words = shlex.split(head)
    entry = Entry(words.pop(0))
    if entry.path.endswith("/"):
        entry.kind, entry.path = "folder", entry.path.rstrip("/")
    name = entry.path.rsplit("/", 1)[-1]
    entry.content = unescape(text) + (b"" if text.endswith("\\c") else b"\n") if equals else name.encode() + b"\n"
    while words:
        word = words.pop(0)
        if word in ("->", "=>"):
            entry.kind, entry.target = ("symlink" if word == "->" else "hardlink"), words.pop(0)
        elif word in ("fifo", "socket"):
            entry.kind = word
        elif word == "char":
            entry.kind, entry.target = word, words.pop(0)
        elif re.fullmatch(r"[0-7]{3,4}", word):
            entry.mode = int(word, 8)
        elif re.fullmatch(r"\d+:\d+", word):
            entry.owner = tuple(int(n) for n in word.split(":"))
        elif match := re.fullmatch(r"size=(\d+)", word):
            entry.content = b"x" * int(match.group(1))
        elif match := re.fullmatch(r"(user\.[^=]+)=(.*)", word):
            entry.xattrs[match.group(1)] = match.group(2)
        else:
            raise CaseError(f"what is «{word}» of the file {entry.path}?")
    return entry


def entries_of(lines):
    return [parse_entry(line) for line in lines if line.strip() and not line.startswith("#")]


def add_section(case, kind, words, lines):
    if kind not in SECTIONS:
        raise CaseError(f"unknown section «{kind}»")
    text = "".join(line + "\n" for line in lines)
    as_bytes = unescape(text) if "escapes" in words else text.encode()
    words = [word for word in words if word != "escapes"]
    value = " ".join([*words, *text.split("\n")]).strip()
    if kind == "Dockerfile":
        case.dockerfiles[words[0] if words else "Dockerfile"] = as_bytes
    elif kind == "files":
        case.folders.setdefault(words[0] if words else "context", []).extend(entries_of(lines))
    elif kind == "file":
        case.folders.setdefault("context", []).append(Entry(words[0], content=as_bytes))
    elif kind == "tar":
        case.archives.append(Archive(words[0], words[1] if words[1:] else "", entries_of(lines)))
    elif kind == "arguments":
        case.arguments += shlex.split(value)
    elif kind == "environment":
        case.environment |= dict(word.split("=", 1) for word in shlex.split(value))
    else:
        setattr(case, kind, value)


def split_sections(lines):
    """[(kind, words, lines)]; prose in front of the first section is dropped."""
    sections = []
    for line in lines:
        if line.startswith("--- "):
            kind, *words = line[4:].split()
            sections.append((kind, words, []))
        elif sections:
            sections[-1][2].append(line)
    for _, _, content in sections:
        while content and not content[-1].strip():
            content.pop()  # blank lines between cases
    return sections


def read_area(path):
    """The cases of one file. Sections of a case named `all` come to every case that has no such section."""
    area, cases, common, names = path.stem, [], [], set()
    _, *blocks = re.split(r"(?m)^=== ", "\n" + path.read_text())
    for block in blocks:
        name, *lines = block.split("\n")
        try:
            sections = split_sections(lines)
            if name == "all":
                common = sections
                continue
            if name in names:
                raise CaseError("there are two of that name")
            names.add(name)
            case = Case(area, name)
            own = {(kind, tuple(words)) for kind, words, _ in sections}
            for kind, words, content in common:
                if (kind, tuple(words)) not in own:
                    add_section(case, kind, words, content)
            for kind, words, content in sections:
                add_section(case, kind, words, content)
            if not case.dockerfiles and not case.stdin:
                raise CaseError("no Dockerfile")
        except (CaseError, ValueError, IndexError) as error:
            raise SystemExit(f"conformance: {path.name}: {name}: {error}")
        cases.append(case)
    return cases


def read_all(folder):
    return [case for path in sorted(pathlib.Path(folder).glob("*.case")) for case in read_area(path)]
