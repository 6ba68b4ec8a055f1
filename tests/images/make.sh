#!/bin/bash
# Makes base images for tests and demo: OCI layouts under build/images/oci, one per repository.
# Needs root and the machine's apt mirror. All are made again when a file of this folder changes.
#   make.sh [--all | NAME...]     the basic ones, and all others of catalog.py or those named
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
images=$(realpath -m "$here/../../build/images")
bundle=/etc/ssl/certs/ca-certificates.crt # images hold it, see extras.py
mkdir -p "$images"

exec 9>"$images/lock"
flock 9
names() { python3 -B -c "import sys; sys.path.insert(0, '$here'); import catalog; print(*catalog.$1)"; }
read -ra wanted < <(names BASIC)
if [[ ${1:-} == --all ]]; then
  read -ra wanted < <(names IMAGES)
else
  wanted+=("$@")
fi
recipe=$(cat "$here"/*.py "$here/make.sh" "$bundle" | sha256sum | cut -d' ' -f1)
missing=()
for name in "${wanted[@]}"; do
  if [[ $(cat "$images/stamp" 2>/dev/null) != "$recipe" || ! -e $images/oci/$name/oci-layout ]]; then
    missing+=("$name")
  fi
done
if ((${#missing[@]} == 0)); then
  exit 0
fi
if ((EUID != 0)); then
  echo "images: making base images needs root (mmdebstrap); run 'make images' as root once" >&2
  exit 1
fi
echo "images: making base images (${missing[*]}) ..."
rm -rf "$images/work"
if [[ $(cat "$images/stamp" 2>/dev/null) != "$recipe" ]]; then
  rm -rf "$images/oci"
fi
mkdir "$images/work"
echo "$recipe" >"$images/stamp"
# mmdebstrap reproduces its result for a fixed time only.
SOURCE_DATE_EPOCH=1686355200 python3 -B "$here/images.py" "$images/work" "$images/oci" "${missing[@]}"
rm -rf "$images/work"
echo "images: done, $(du -sh "$images/oci" | cut -f1) in $images/oci"
