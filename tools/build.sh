#!/bin/bash
# Configures (once) and builds:  build.sh PRESET [TARGET...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=${1:?a preset of CMakePresets.json}
shift
if [[ ! -f build/$preset/build.ninja ]]; then
  mkdir -p "build/$preset"
  if ! cmake --preset "$preset" >"build/$preset/configure.log" 2>&1; then
    cat "build/$preset/configure.log" >&2
    exit 1
  fi
fi
cmake --build "build/$preset" --target "${@:-all}"
