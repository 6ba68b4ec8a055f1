#!/bin/bash
# Runs all tests of a build, quick ones first, and ends with one line of counts:  test.sh PRESET
# A scenario counts as skipped only where this machine cannot run it (no root, a tool not there).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/${1:?a preset of CMakePresets.json}
# An interrupted run must not leave the registry of the tests behind.
trap 'tests/e2e/fixture.sh stop "$PWD/$build/e2e"' EXIT

run_tests() {
  local name=$1
  shift
  ctest --test-dir "$build" --output-on-failure --no-tests=ignore -j "$(nproc)" \
    --output-junit "$PWD/$build/tests-$name.xml" "$@" || true
}
rm -f "$build"/tests-*.xml
run_tests quick -LE slow
run_tests slow -L slow
python3 tools/count_tests.py "$build"/tests-quick.xml "$build"/tests-slow.xml
