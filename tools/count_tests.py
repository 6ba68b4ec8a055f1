#!/usr/bin/python3
"""Sums up JUnit files of ctest: names what failed, ends with `N passed, N failed[, N skipped]`.

Exit code 1 if anything failed or nothing ran.
"""
import os
import sys
import xml.etree.ElementTree as xml

FIXTURES = ("e2e_start", "e2e_stop")  # run for each part of the suite; they count only when they fail


def main():
    passed, failed, skipped = 0, [], []
    for path in sys.argv[1:]:
        for case in xml.parse(path).getroot().iter("testcase") if os.path.exists(path) else []:
            status, name = case.get("status"), case.get("name")
            if status == "run":
                passed += name not in FIXTURES
            elif status in ("notrun", "disabled") and case.find("skipped") is not None and \
                    case.find("skipped").get("message", "").startswith("SKIP"):
                skipped.append(name)
            else:
                failed.append(name)
    for name in failed:
        print(f"failed: {name}")
    line = f"{passed} passed, {len(failed)} failed"
    print(line + (f", {len(skipped)} skipped" if skipped else ""))
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
