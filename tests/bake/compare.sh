#!/bin/bash
# Compares `slipway bake --print` with what docker buildx (0.29) prints for the same files. Each folder here is a case: bake files,
# `args` (one a line), `env` (NAME=value a line), and expected.json, which buildx wrote.
#   compare.sh SLIPWAY            against expected.json
#   compare.sh SLIPWAY BUILDX...  against the given buildx, a command line
#   compare.sh --write BUILDX...  writes expected.json
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$1
[[ $program == --write ]] || program=$(realpath "$program")
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0
for case in "$here"/*/; do
  name=$(basename "$case")
  args=() env=()
  [[ -e $case/args ]] && mapfile -t args <"$case/args"
  [[ -e $case/env ]] && mapfile -t env <"$case/env"
  cd "$case" || exit 1
  if (($#)); then
    if ! env "${env[@]}" "$@" bake --print "${args[@]}" >"$scratch/wanted" 2>"$scratch/errors"; then
      echo "$name: buildx fails"; cat "$scratch/errors"; failed=1; continue
    fi
    [[ $program == --write ]] && { cp "$scratch/wanted" expected.json; continue; }
  else
    cp expected.json "$scratch/wanted"
  fi
  if ! env "${env[@]}" "$program" bake --print "${args[@]}" >"$scratch/got" 2>"$scratch/errors"; then
    echo "$name: slipway fails"; cat "$scratch/errors"; failed=1; continue
  fi
  if ! diff -u "$scratch/wanted" "$scratch/got" >"$scratch/diff"; then
    echo "$name: the two differ"; cat "$scratch/diff"; failed=1
  else
    echo "$name: the same"
  fi
done
exit $failed
