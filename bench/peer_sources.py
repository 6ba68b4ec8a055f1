"""Prints mmdebstrap's arguments for a newer Debian release from this machine's mirror.

First line: the sources entry; further lines: apt options. Called by peers.sh:  peer_sources.py RELEASE
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/images"))
import apt_sources


def main():
    release = sys.argv[1]
    base = apt_sources.release_entries("bookworm")[0]
    entry = apt_sources.Entry(base.uri, release, ("main",), base.signed_by, base.trusted)
    print(entry.line())
    for setting in apt_sources.acquire_settings():
        print(f"--aptopt={setting}")


if __name__ == "__main__":
    main()
