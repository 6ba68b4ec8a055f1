#!/bin/bash
# The demo: builds examples/go-service for two platforms with the freshly built slipway, starts both
# images (the foreign one under QEMU), asks each which architecture it is, says where everything lies.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
slipway=${SLIPWAY:-$PWD/build/release/src/slipway}
demo=$PWD/build/demo
mkdir -p "$demo"
export SLIPWAY_HOME=$demo/store

say() { printf '\n== %s\n' "$*"; }

say "base images on a loopback registry"
tests/lib/registry.sh start "$demo/registry"
trap 'tests/lib/registry.sh stop "$demo/registry"; jobs -p | xargs -r kill 2>/dev/null || true' EXIT
source "$demo/registry/env"
skopeo list-tags --tls-verify=false "docker://$REGISTRY/library/golang" | jq -c .Tags

say "slipway build --platform linux/amd64,linux/arm64 examples/go-service"
rm -rf "$demo/oci"
"$slipway" build --platform linux/amd64,linux/arm64 -t go-service:1 \
  --build-arg "GO_VERSION=$(cat build/images/oci/go-version)" \
  -o "type=oci,dest=$demo/oci,tar=false" --metadata-file "$demo/metadata.json" examples/go-service

say "what skopeo sees"
skopeo inspect --raw "oci:$demo/oci" | jq -r '.manifests[] | "\(.platform.os)/\(.platform.architecture)  \(.digest)"'

# Starts the image of one platform and asks it; run_image.py is no part of Slipway.
ask() {
  local architecture=$1 port answer server
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  tests/lib/run_image.py --env "PORT=$port" "oci:$demo/oci" "linux/$architecture" \
    >"$demo/$architecture.log" 2>&1 &
  server=$!
  if ! answer=$(curl -sf --retry 60 --retry-delay 1 --retry-connrefused "http://127.0.0.1:$port/"); then
    echo "the linux/$architecture image does not answer:" >&2
    cat "$demo/$architecture.log" >&2
    return 1
  fi
  kill "$server"
  wait "$server" || true
  printf 'linux/%-6s answers: %s\n' "$architecture" "$answer"
  [[ $(jq -r .arch <<<"$answer") == "$architecture" ]]
}

say "both images started and asked"
ask amd64
ask arm64

say "done"
echo "OCI layout:  $demo/oci"
echo "report:      $demo/metadata.json"
