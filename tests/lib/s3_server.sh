#!/bin/bash
# Makes moto, the S3 server that tests start, in build/s3 and prints its path. Does nothing, quickly, when it is there.
# Fails where Python packages cannot be had; scenarios that need it are skipped then.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$top/build/s3
if [[ ! -e $folder/done ]]; then
  {
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check 'moto[s3,server]==5.2.5'
    touch "$folder/done"
  } >&2
fi
echo "$folder/bin/moto_server"
