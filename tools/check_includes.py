#!/usr/bin/env python3
"""Checks what the linker cannot: a room includes only rooms that its CMakeLists.txt names (and those below them), and no
file is longer than 600 lines (tests: 800). Prints each offence as file:line: text; exits 1 if there is one."""
import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "src"
LONGEST, LONGEST_TEST = 600, 800


def rooms():
    """Direct dependencies of each room, those of its tests apart."""
    found = {}
    for file in sorted(SOURCE.glob("*/CMakeLists.txt")):
        call = re.search(r"slipway_room\((.*?)\)", file.read_text(), re.S)
        if not call:
            continue
        words = call.group(1).split()
        lists = {"DEPS": [], "LIBS": [], "TEST_DEPS": []}
        current = None
        for word in words[1:]:
            if word in lists:
                current = word
            elif current:
                lists[current].append(word)
        found[words[0]] = lists
    return found


def closure(room, known):
    reached, todo = set(), [room]
    while todo:
        for dep in known.get(todo.pop(), {"DEPS": []})["DEPS"]:
            if dep not in reached:
                reached.add(dep)
                todo.append(dep)
    return reached


def main():
    known = rooms()
    offences = []
    for room in known:
        allowed = closure(room, known) | {room}
        for file in sorted((SOURCE / room).glob("*.[ch]*")):
            lines = file.read_text().splitlines()
            longest = LONGEST_TEST if file.name.endswith("_test.cc") else LONGEST
            if len(lines) > longest:
                offences.append(f"{file.relative_to(SOURCE.parent)}:{len(lines)}: longer than {longest} lines")
            extra = set()
            if file.name.endswith("_test.cc"):
                for dep in known[room]["TEST_DEPS"]:
                    extra |= {dep} | closure(dep, known)
            for number, line in enumerate(lines, 1):
                include = re.match(r'#include "([a-z_]+)/', line)
                if include and include.group(1) in known and include.group(1) not in allowed | extra:
                    offences.append(
                        f"{file.relative_to(SOURCE.parent)}:{number}: room {room} does not depend on {include.group(1)}")
    for offence in offences:
        print(offence)
    return 1 if offences else 0


if __name__ == "__main__":
    sys.exit(main())
