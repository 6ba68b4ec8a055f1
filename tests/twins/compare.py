"""How two trees differ, path by path: type, mode, owner, size, content, link target, device, xattrs, hard links."""
import machine_code
from image_tree import first_paths

ATTRIBUTES = ("kind", "mode", "owner", "device", "target", "xattrs", "size", "digest")


def differences(ours, theirs, forgives_notes=False):
    """{path: what differs} of two trees. forgives_notes: machine code may differ in .comment and build ids."""
    found = {}
    our_first, their_first = first_paths(ours), first_paths(theirs)
    for path in sorted(ours.keys() | theirs.keys()):
        a, b = ours.get(path), theirs.get(path)
        if a is None or b is None:
            found[path] = "only in the second" if a is None else "only in the first"
            continue
        links = our_first[id(a)], their_first[id(b)]
        if links[0] != links[1]:
            found[path] = f"a link of /{links[0]} and of /{links[1]}"
            continue
        if a is b:
            continue
        names = [name for name in ATTRIBUTES if getattr(a, name) != getattr(b, name)]
        if forgives_notes and names and set(names) <= {"size", "digest"} and a.kind == "f":
            contents = a.content(), b.content()
            if None not in contents and machine_code.same_but_for_notes(*contents):
                continue
        if names:
            found[path] = ", ".join(describe(name, a, b) for name in names if name != "size" or "digest" not in names)
    return found


def describe(name, a, b):
    if name != "digest":
        return f"{name} {getattr(a, name)!r} / {getattr(b, name)!r}"
    if a.small is not None and b.small is not None:
        return f"content {a.small!r} / {b.small!r}"
    return f"content, {a.size} / {b.size} bytes"
