# GitHub's cache service, both protocols, healthy and in trouble: the second runner does only what changed.
# as: root user
dockerfile <<'EOF'
FROM busybox
RUN --mount=type=cache,target=/cache cat /proc/sys/kernel/random/uuid >>/cache/log; cp /cache/log /id
RUN head -c 40000000 /dev/urandom >/large
ARG N
RUN --mount=type=cache,target=/cache cat /cache/log >/log; echo "$N"
EOF
runner() { # runner NAME N: an empty machine with what GitHub's runner sets
  on "$1"
  export ACTIONS_RUNTIME_TOKEN=secret
  build --build-arg N="$2" --cache-from "type=gha,scope=s,mounts=all$more" --cache-to "type=gha,scope=s,mode=max,mounts=all$more" \
    -o "type=local,dest=files-$1" .
  says_not "was not exported"
}
for protocol in 1 2; do
  for trouble in "" "busy short slow"; do
    server python3 -u "$PUBLIC/github_cache.py" $trouble
    more=,version=$protocol,url=$url/,url_v2=$url/ place=$protocol-${#trouble}
    runner "$place-one" 1
    runner "$place-two" 1
    is "$(cat "files-$place-two/id")" "$(cat "files-$place-one/id")"
    is "$(sha256sum <"files-$place-two/large")" "$(sha256sum <"files-$place-one/large")"
    runner "$place-three" 2
    is "$(cat "files-$place-three/log")" "$(cat "files-$place-one/id")"
    curl -sf "$url/keys" >"$out" && says 'slipway-ledger-s#1' 'slipway-ledger-s#2' slipway-blob-
  done
done
# Outside of GitHub, and with a token that it does not take.
unset ACTIONS_RUNTIME_TOKEN
on outside && build --cache-from type=gha --cache-to type=gha . && says ACTIONS_RUNTIME_TOKEN
ACTIONS_RUNTIME_TOKEN=wrong build --cache-from "type=gha$more" --cache-to "type=gha$more" . && says 401 "was not exported"
