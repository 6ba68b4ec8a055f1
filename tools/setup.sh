#!/bin/bash
# Installs the packages of tools/packages.txt that are missing, from the apt sources this machine has.
# Does nothing, quickly, when all are there. Without root it only says what is missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mapfile -t wanted < <(sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$here/packages.txt")

missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${wanted[@]}" 2>/dev/null |
    awk '$1 == "ii" { print $2 }' || true)
  comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) <(sort -u <<<"$installed")
}

mapfile -t missing < <(missing_packages)
if ((${#missing[@]} == 0)); then
  exit 0
fi
if ((EUID != 0)); then
  echo "setup: missing packages: ${missing[*]}" >&2
  echo "setup: run as root:  apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

echo "setup: installing ${#missing[@]} packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# The lists may be absent (container images) or too old, so refresh them once before giving up.
install=(apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0)
apt-get update -q
"${install[@]}" "${missing[@]}"
mapfile -t missing < <(missing_packages)
if ((${#missing[@]} > 0)); then
  echo "setup: still missing after apt-get install: ${missing[*]}" >&2
  exit 1
fi
