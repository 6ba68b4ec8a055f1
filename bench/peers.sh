#!/bin/bash
# Prepares and starts the builders that Slipway is compared with: a Debian forky root in build/peers/root
# with docker.io (whose daemon embeds BuildKit), buildx and buildah, from the machine's own apt mirror.
# Called by bench/run; needs root. Everything listens on unix sockets below build/peers only.
#   peers.sh make                   the root, once
#   peers.sh start docker STATE     Docker's daemon with its state in the folder STATE
#   peers.sh start buildkit STATE   BuildKit's own daemon, $BUILDKITD and $BUILDCTL, which are not in the root
#   peers.sh stop STATE             ends it
#   peers.sh run STATE COMMAND...   a command in the root; build/bench and STATE (as /state) are seen there
# STATE/pid holds the daemon's process id. REGISTRY: a loopback registry, spoken to without TLS.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")
peers=$top/build/peers
root=$peers/root
work=$top/build/bench
release=forky
packages=docker.io,docker-cli,docker-buildx,buildah,netavark,runc,systemd-standalone-sysusers,ca-certificates

namespaces=(unshare --mount --propagation private --pid --fork --kill-child)

make_root() {
  [[ -e $peers/stamp && $(cat "$peers/stamp") == "$packages" ]] && return
  ((EUID == 0)) || { echo "peers: needs root (mmdebstrap, daemons)" >&2; exit 1; }
  rm -rf "$root"
  mkdir -p "$peers"
  mapfile -t apt < <(python3 -B "$here/peer_sources.py" "$release")
  mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" "${apt[@]:1}" \
    "$release" "$root" "${apt[0]}"
  echo "$packages" >"$peers/stamp"
}

# Run in new mount and pid namespaces; the paths of build/bench are the same inside and outside.
enter='
  root=$1; state=$2; work=$3; shift 3
  mount --bind "$root" "$root"  # a runtime inside wants / to be a mount point
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/run"
  mkdir -p "$root/state" "$root/run/lock" "$root$work"
  mount --bind "$state" "$root/state"
  mount --bind "$work" "$root$work"
  exec chroot "$root" "$@"'

start_docker() {
  local state=$1
  rm -f "$state/docker.sock"
  cat >"$state/daemon.json" <<CONFIG
{
  "features": {"containerd-snapshotter": true},
  "insecure-registries": ["127.0.0.0/8"],
  "builder": {"gc": {"enabled": false}},
  "data-root": "/state/docker", "exec-root": "/state/exec", "pidfile": "/state/docker.pid",
  "hosts": ["unix:///state/docker.sock"],
  "iptables": false, "ip6tables": false, "bridge": "none", "log-level": "error"
}
CONFIG
  setsid "${namespaces[@]}" bash -c "$enter" daemon "$root" "$state" "$work" \
    dockerd --config-file /state/daemon.json </dev/null >"$state/log" 2>&1 &
  # unshare's child becomes the daemon, and the first process of its pid namespace.
  inner_of $! >"$state/pid"
}

inner_of() {
  local child=
  while [[ -z $child && -d /proc/$1 ]]; do
    child=$(cat "/proc/$1/task/$1/children" 2>/dev/null) || true
  done
  echo "${child%% *}"
}

start_buildkit() {
  local state=$1
  rm -f "$state/buildkitd.sock"
  cat >"$state/buildkitd.toml" <<CONFIG
root = "$state/root"
insecure-entitlements = ["network.host", "security.insecure"]
[grpc]
address = ["unix://$state/buildkitd.sock"]
[worker.oci]
enabled = true
snapshotter = "overlayfs"
networkMode = "host"
gc = false
[worker.containerd]
enabled = false
[registry."$REGISTRY"]
http = true
[registry."docker.io"]
mirrors = ["$REGISTRY"]
CONFIG
  setsid unshare --mount --propagation private "$BUILDKITD" --config "$state/buildkitd.toml" \
    </dev/null >"$state/log" 2>&1 &
  echo $! >"$state/pid"
}

# wait_until_answers STATE COMMAND...: until a client's command succeeds
wait_until_answers() {
  local state=$1
  shift
  for _ in {1..300}; do
    "$@" >/dev/null 2>&1 && return
    [[ -d /proc/$(cat "$state/pid") ]] || break
    read -rt 0.1 <> <(:) || true
  done
  echo "peers: the BuildKit daemon did not start:" >&2
  tail -n 20 "$state/log" >&2
  exit 1
}

stop() {
  local pid
  pid=$(cat "$1/pid" 2>/dev/null) || return 0
  kill "$pid" 2>/dev/null || true
  while [[ -d /proc/$pid ]] && ! grep -q '^State:.*Z' "/proc/$pid/status" 2>/dev/null; do
    read -rt 0.05 <> <(:) || true
  done
  rm -f "$1/pid"
}

case ${1:-} in
  make) make_root ;;
  start)
    mkdir -p "$3" "$work"
    case $2 in
      docker)
        make_root
        start_docker "$3"
        wait_until_answers "$3" nsenter -t "$(cat "$3/pid")" --mount --pid --root --wd=/ \
          env DOCKER_HOST=unix:///state/docker.sock docker version
        ;;
      buildkit)
        start_buildkit "$3"
        wait_until_answers "$3" "$BUILDCTL" --addr "unix://$3/buildkitd.sock" debug workers
        ;;
    esac
    ;;
  stop) stop "$2" ;;
  run)
    state=$2
    shift 2
    mkdir -p "$state" "$work"
    exec "${namespaces[@]}" bash -c "$enter" client "$root" "$state" "$work" "$@"
    ;;
  *) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
