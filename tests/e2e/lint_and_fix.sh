# Findings with their places, a patch that applies, files repaired in place that build; exit codes, JSON, SARIF.
# as: nosub
exits() {
  local wanted=$1 code=0
  shift
  "$@" >"$out" 2>"$out.err" || code=$?
  is "$code" "$wanted"
}
mkdir -p app/.github/workflows
printf 'FROM busybox AS b\n# on the machine that builds\nRUN mkdir /out \\\n && echo one >/out/one\n && echo two >/out/two\nFROM b\nCOPY --from=b /out /out\n' >app/Dockerfile
printf 'on: push\njobs:\n  image:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          platforms: linux/arm64\n' \
  >app/.github/workflows/ci.yaml
cp app/Dockerfile before
exits 1 slipway lint app
says "app/Dockerfile:5:2: error:" "[LostContinuation]" "   5 |  && echo two >/out/two" "app/Dockerfile:7:6: warning:" \
  "[CopyFromAncestor]" "app/.github/workflows/ci.yaml:4:14: warning:" "docs/rules/wrong-runner.md"
exits 0 slipway lint --fail-on never app
exits 1 slipway lint --format json app
is "$(jq -r '[.findings[].rule] | sort | join(" ")' "$out")" "CopyFromAncestor LostContinuation NoCacheBetweenRuns WrongRunner"
exits 1 slipway lint --format sarif app
is "$(jq -r '.version, (.runs[0].results | length)' "$out" | xargs)" "2.1.0 4"
(cd app && exits 1 slipway lint --fix Dockerfile && cp "$out" ../patch && git apply ../patch)
is "$(cat app/Dockerfile)" "$(printf 'FROM busybox AS b\n# on the machine that builds\nRUN mkdir /out \\\n && echo one >/out/one \\\n && echo two >/out/two\nFROM b')"
build -o type=local,dest=tree app
cp before app/Dockerfile
exits 0 slipway lint --fix --write --rule LostContinuation app/Dockerfile
build -o type=local,dest=with-copy app
run diff -r tree with-copy
cp before app/Dockerfile
chmod 600 app/Dockerfile
exits 0 slipway lint --fix --write app
says "2 files read, nothing found"
is "$(stat -c %a app/Dockerfile)" 600
is "$(sed -n 4p app/.github/workflows/ci.yaml)" "    runs-on: ubuntu-24.04-arm"
exits 0 slipway lint --fix app
is "$(cat "$out")" ""
refuse HardCodedGoarhc HardCodedGoarch -- slipway lint --rule HardCodedGoarhc app
refuse --fix -- slipway lint --write app
refuse nowhere -- slipway lint nowhere
refuse "nothing to read" -- slipway lint tree
