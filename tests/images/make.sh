#!/bin/bash
# Makes the base images of tests and demo: OCI layouts under build/images/oci, one per repository.
# Needs root and the machine's apt mirror. Made again only when a file of this folder changes.
#   make.sh [OUTPUT_FOLDER]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
images=$(realpath -m "${1:-$here/../../build/images}")
mkdir -p "$images"
recipe=$(cat "$here"/*.py "$here/make.sh" | sha256sum | cut -d' ' -f1)

exec 9>"$images/lock"
flock 9
if [[ $(cat "$images/stamp" 2>/dev/null) == "$recipe" ]]; then
  exit 0
fi
if ((EUID != 0)); then
  echo "images: making base images needs root (mmdebstrap); run 'make images' as root once" >&2
  exit 1
fi
echo "images: making base images (debian, busybox, golang, python; amd64 and arm64) ..."
rm -rf "$images/work" "$images/oci" "$images/stamp"
mkdir "$images/work"
# mmdebstrap reproduces its result for a fixed time only.
SOURCE_DATE_EPOCH=1686355200 python3 -B "$here/images.py" "$images/work" "$images/work/oci"
mv "$images/work/oci" "$images/oci"
rm -rf "$images/work"
echo "$recipe" >"$images/stamp"
echo "images: done, $(du -sh "$images/oci" | cut -f1) in $images/oci"
