# No registry there, an image it does not have, a digest it does not have: each names the image.
# as: nosub
free=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
from() { printf 'FROM %s\n' "$1" >Dockerfile; }
from "127.0.0.1:$free/app:1"
refuse "127.0.0.1:$free" connect -- slipway build .
from "$REGISTRY/no-such-repository:1"
refuse no-such-repository:1 "not found" Dockerfile:1 -- slipway build .
from "busybox@sha256:$(printf x | sha256sum | cut -d ' ' -f 1)"
refuse busybox@sha256 "not found" -- slipway build .
from docker.io/UPPER/case:1
refuse UPPER lower -- slipway build .
