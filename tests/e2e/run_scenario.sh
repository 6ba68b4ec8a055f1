#!/bin/bash
# Runs one scenario in a folder of its own:  run_scenario.sh STATE_FOLDER root|user|nosub SCENARIO
# Afterwards nothing of it may be running or mounted: that is part of every test. KEEP=1 keeps the folder.
set -euo pipefail
state=$1 who=$2 scenario=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$state/env"

as=()
case $who in
  root) account=root ;;
  user) account=slipway-test ;;
  nosub) account=slipway-nosub ;;
  *) echo "run_scenario: as whom? $who" >&2; exit 2 ;;
esac
if ((EUID != 0)); then
  # Without root there is only the caller: it stands in for the ordinary user.
  [[ $who == user ]] || { echo "skipped: needs root to run as $account"; exit 77; }
  account=$(id -un)
elif [[ $who != root ]]; then
  as=(setpriv --reuid "$account" --regid "$account" --init-groups)
fi

# A short name: podman refuses long ones, sockets too.
folder=$(mktemp -d "${TMPDIR:-/tmp}/sw.XXXXXX")
mkdir "$folder"/{home,tmp,work,run}
chmod 700 "$folder/run"
cp "$scenario" "$folder/scenario.sh"
chown -R "$account": "$folder"

# Processes that carry the folder in their environment, which every child of the scenario does.
leftover_processes() {
  local process
  for process in /proc/[0-9]*; do
    if grep -qF "SCENARIO=$folder" "$process/environ" 2>/dev/null; then
      echo "${process#/proc/} $(tr '\0' ' ' <"$process/cmdline" 2>/dev/null)"
    fi
  done
}

clean_up() {
  local pid rest
  while read -r pid rest; do
    kill -9 "$pid" 2>/dev/null || true
  done < <(leftover_processes)
  if [[ ${KEEP:-} ]]; then
    echo "kept: $folder"
  elif ((EUID == 0)); then
    rm -rf "$folder"
  else
    # Files of subordinate ids belong to others outside of a user namespace.
    unshare --map-auto --map-root-user rm -rf "$folder" 2>/dev/null || rm -rf "$folder"
  fi
}
trap clean_up EXIT

# Settings of sanitizers come from whoever calls ctest.
mapfile -t sanitizers < <(env | grep -E '^(ASAN|LSAN|TSAN|UBSAN)_OPTIONS=' || true)
# So do proxies, which scenarios with downloads hand on.
mapfile -t proxies < <(env | grep -iE '^(https?|no)_proxy=' || true)

status=0
(
  cd "$folder/work"
  exec "${as[@]}" env -i SCENARIO="$folder" WHO="$who" HOME="$folder/home" TMPDIR="$folder/tmp" \
    XDG_RUNTIME_DIR="$folder/run" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 SLIPWAY="$SLIPWAY" SLIPWAY_HOME="$folder/home/store" PUBLIC="$PUBLIC" \
    REGISTRY="$REGISTRY" CONTAINERS_REGISTRIES_CONF="$CONTAINERS_REGISTRIES_CONF" MOTO_SERVER="${MOTO_SERVER:-}" "${sanitizers[@]}" "${proxies[@]}" \
    bash -euo pipefail -c 'source "$PUBLIC/lib.sh"; source "$SCENARIO/scenario.sh"'
) || status=$?
((status == 0)) || exit "$status"

left=$(leftover_processes)
if [[ $left ]]; then
  printf 'left running:\n%s\n' "$left"
  exit 1
fi
if grep -F " $folder" /proc/self/mounts; then
  echo "left mounted (above)"
  exit 1
fi
