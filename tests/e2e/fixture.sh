#!/bin/bash
# What all scenarios share, made once per ctest run:  fixture.sh start|stop STATE_FOLDER [SLIPWAY]
# Starts the loopback registry, makes the test users, and puts the program under test and the scripts
# into a folder that every user can read, wherever the checkout is. STATE_FOLDER/env tells the rest.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
action=$1
state=$2

# A user that tests run as; with subordinate ids or without.
ensure_user() {
  local name=$1 kind=$2 first
  id "$name" >/dev/null 2>&1 || useradd --system --shell /bin/bash --home-dir /nonexistent "$name"
  if [[ $kind == subordinate ]] && ! grep -q "^$name:" /etc/subuid 2>/dev/null; then
    # Behind every range that is there already.
    first=$(awk -F: '{ end = $2 + $3; if (end > last) last = end } END { print (last > 524288 ? last : 524288) }' \
      /etc/subuid /etc/subgid 2>/dev/null || echo 524288)
    usermod --add-subuids "$first-$((first + 65535))" --add-subgids "$first-$((first + 65535))" "$name"
  fi
}

start() {
  local slipway=${SLIPWAY:-$1} public
  if [[ ! -x $slipway ]]; then
    echo "e2e: no program to test at $slipway" >&2
    exit 1
  fi
  stop
  mkdir -p "$state"
  # The larger base images need more than Debian's packages (npm's from a wheel, for one). Where that cannot be had, the
  # scenarios that need them are skipped, and say so.
  "$top/tests/images/make.sh" --all || echo "e2e: not all base images could be made" >&2
  local moto
  moto=$(timeout 600 "$top/tests/lib/s3_server.sh") || { moto=; echo "e2e: there is no S3 server to test with" >&2; }
  "$top/tests/lib/registry.sh" start "$state/registry"
  if ((EUID == 0)); then
    ensure_user slipway-test subordinate
    ensure_user slipway-nosub none
  fi
  source "$state/registry/env"
  public=$(mktemp -d "${TMPDIR:-/tmp}/slipway-e2e.XXXXXX")
  printf 'export %s=%q\n' REGISTRY "$REGISTRY" PUBLIC "$public" \
    CONTAINERS_REGISTRIES_CONF "$public/registries.conf" SLIPWAY "$public/bin/slipway" MOTO_SERVER "$moto" >"$state/env"
  mkdir "$public/bin"
  cp "$slipway" "$public/bin/slipway"
  cp "$here/lib.sh" "$top"/tests/lib/*.py "$state/registry/registries.conf" "$public"
  cp -r "$top/build/images/oci/busybox" "$public/busybox-layout"
  cp -r "$top/examples" "$public/examples"
  cp -r "$top/tests/real" "$public/real"
  chmod -R u+rwX,go+rX-w "$public"
}

stop() {
  "$top/tests/lib/registry.sh" stop "$state/registry"
  if [[ -f $state/env ]]; then
    rm -rf "$(source "$state/env" && echo "${PUBLIC:?}")" "$state/env"
  fi
}

"$action" "${3:-}"
