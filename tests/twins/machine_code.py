"""Machine code without what two builds of one compiler may say of themselves: the .comment section and the build id.

`same_but_for_notes(a, b)` compares two ELF files, or two archives of object files (ar), part by part: headers, segments,
sections by name with their attributes and bytes. Left out are exactly the section .comment and the bytes of the note
.note.gnu.build-id: that it is there, where and how long it is counts. Where sections lie in the file counts only for those
of programs and libraries that are loaded, since .comment moves what follows it.
"""
import struct

ALLOC, NOBITS = 2, 8
COMMENT, BUILD_ID = ".comment", ".note.gnu.build-id"


class NotElf(Exception):
    pass


def _parts(data):
    """What an ELF file consists of, as a list of comparable values."""
    if data[:4] != b"\x7fELF" or data[4] not in (1, 2) or data[5] not in (1, 2):
        raise NotElf
    order, wide = "<" if data[5] == 1 else ">", data[4] == 2
    ident = struct.unpack_from(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"), data, 16)
    kind, machine, version, entry, phoff, shoff, flags, _, phsize, phnum, shsize, shnum, shstr = ident
    sections = []
    for number in range(shnum):
        at = shoff + number * shsize
        sections.append(list(struct.unpack_from(order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"), data, at)))
    if not sections:
        raise NotElf  # nothing tells notes from the rest

    def name_of(section):
        start = sections[shstr][4] + section[0]
        return data[start:data.index(b"\0", start)].decode("latin-1")

    names = [name_of(section) for section in sections]
    is_object = kind == 1
    hidden = [(s[4], s[4] + s[5]) for s, name in zip(sections, names) if name == BUILD_ID]
    parts = [("head", data[4:16], kind, machine, version, entry, flags, phnum)]
    for number in range(phnum):
        at = phoff + number * phsize
        parts.append(("segment", number, data[at:at + phsize]))
    for section, name in zip(sections, names):
        _, section_type, section_flags, address, offset, size, link, info, align, entry_size = section
        if name in (COMMENT, ".shstrtab"):  # the latter: names are compared one by one
            continue
        content = b"" if section_type == NOBITS else data[offset:offset + size]
        for first, end in hidden:
            if offset <= first and end <= offset + size and section_type != NOBITS:
                content = content[:first - offset] + bytes(end - first) + content[end - offset:]
        parts.append((name, section_type, section_flags, address, offset if section_flags & ALLOC and not is_object else None, size,
                      names[link] if link < len(names) else link, info, align, entry_size, content))
    return parts


def _members(data):
    """[(name, head without size, bytes)] of an ar archive; its table of symbols, which holds offsets, without them."""
    found, at = [], 8
    while at + 60 <= len(data):
        head = data[at:at + 60]
        size = int(head[48:58])
        body = data[at + 60:at + 60 + size]
        name = head[:16].rstrip()
        if name == b"/":
            count = struct.unpack_from(">I", body)[0]
            body = body[4 + 4 * count:]
        found.append((name, head[16:48], body))
        at += 60 + size + size % 2
    return found


def same_but_for_notes(a, b):
    """Whether two files of machine code differ in nothing but .comment and build ids; False for any other files."""
    if a == b:
        return True
    if a[:8] == b[:8] == b"!<arch>\n":
        ours, theirs = _members(a), _members(b)
        return len(ours) == len(theirs) and all(
            x[:2] == y[:2] and same_but_for_notes(x[2], y[2]) for x, y in zip(ours, theirs))
    try:
        return _parts(a) == _parts(b)
    except (NotElf, struct.error, ValueError, IndexError):
        return False
