#!/bin/bash
# A registry on the loopback interface that holds the base images, for tests and demo: Debian's
# docker-registry with its storage in build/registry.
#   registry.sh start [STATE_FOLDER [--all | NAME...]]     STATE_FOLDER: pid, port, log, registries.conf
#   registry.sh stop [STATE_FOLDER]
# `start` makes the basic images if need be, and all others or those named (tests/images/make.sh). It is
# idempotent and leaves STATE_FOLDER/env, which sets
#   REGISTRY                    its address, 127.0.0.1:PORT
#   CONTAINERS_REGISTRIES_CONF  a registries.conf by which docker.io/library/NAME comes from it
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
action=${1:?start or stop}
state=$(realpath -m "${2:-$top/build/registry/run}")
images=$top/build/images
storage=$top/build/registry/storage

# The pid of our registry, if it runs: the pid file may be old and the pid somebody else's.
running_pid() {
  local pid
  pid=$(cat "$state/pid" 2>/dev/null) || return 1
  tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "serve $state/config.yml" && echo "$pid"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

write_configuration() {
  local port=$1
  cat >"$state/config.yml" <<CONFIG
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: $storage}
  delete: {enabled: true}
http: {addr: "127.0.0.1:$port"}
CONFIG
  cat >"$state/registries.conf" <<CONFIG
unqualified-search-registries = ["docker.io"]
short-name-mode = "disabled"

[[registry]]
prefix = "docker.io"
location = "127.0.0.1:$port"
insecure = true

[[registry]]
location = "127.0.0.1:$port"
insecure = true
CONFIG
  printf 'export REGISTRY=%s CONTAINERS_REGISTRIES_CONF=%q\n' "127.0.0.1:$port" \
    "$state/registries.conf" >"$state/env"
}

# Once per set of base images; later starts find them in the storage.
push_images() {
  local registry=$1 layout name tag there pushed
  there=$(cat "$images/stamp" && ls "$images/oci")
  pushed=$(cat "$storage/pushed" 2>/dev/null || true)
  [[ $pushed == "$there" ]] && return
  for layout in "$images"/oci/*/; do
    name=$(basename "$layout")
    [[ -e $layout/oci-layout ]] || continue # its making was cut off
    for tag in $(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' \
      "$layout/index.json"); do
      skopeo copy -q --all --dest-tls-verify=false "oci:${layout%/}:$tag" \
        "docker://$registry/library/$name:$tag"
    done
  done
  echo "$there" >"$storage/pushed"
}

start() {
  local port
  "$top/tests/images/make.sh" "$@"
  mkdir -p "$state" "$storage"
  if ! running_pid >/dev/null; then
    port=$(free_port)
    write_configuration "$port"
    setsid docker-registry serve "$state/config.yml" </dev/null >"$state/log" 2>&1 9>&- &
    echo $! >"$state/pid"
    if ! curl -sf --retry 50 --retry-delay 1 --retry-connrefused -o "$state/hello" \
      "http://127.0.0.1:$port/v2/"; then
      echo "registry: docker-registry did not start:" >&2
      cat "$state/log" >&2
      exit 1
    fi
  fi
  source "$state/env"
  push_images "$REGISTRY"
}

stop() {
  local pid
  if pid=$(running_pid); then
    kill "$pid"
    while [[ -d /proc/$pid ]] && ! grep -q '^State:.*Z' "/proc/$pid/status" 2>/dev/null; do
      read -rt 0.05 <> <(:) || true
    done
  fi
  rm -f "$state/pid" "$state/env"
}

case $action in
  start) start "${@:3}" ;;
  stop) stop ;;
  *) echo "registry.sh: start or stop, not $action" >&2; exit 2 ;;
esac
