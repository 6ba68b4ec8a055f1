# The registry stops in the middle of the build: what cannot be fetched is built, what cannot be exported is a warning.
# as: root
dockerfile <<'EOF'
FROM busybox
RUN head -c 2000000 /dev/urandom >/data
RUN sha256sum /data >/sum
ARG N
RUN sha256sum /data | diff - /sum && echo "$N"
EOF
require docker-registry
port=$(free_port)
cat >registry.yml <<EOF2
version: 0.1
storage: {filesystem: {rootdirectory: $PWD/registry}}
http: {addr: "127.0.0.1:$port"}
EOF2
docker-registry serve registry.yml >"$TMPDIR/registry" 2>&1 & pid=$!
trap 'kill $pid 2>/dev/null || true; wait || true' EXIT
curl -s --retry 60 --retry-delay 1 --retry-connrefused "http://127.0.0.1:$port/v2/" >/dev/null
cache=127.0.0.1:$port/app:cache
on one; build --cache-to "type=registry,ref=$cache,mode=max" .
# Its blobs are lost behind its back: the manifest still promises them.
on two; find registry -path '*blobs*' -name data -size +1M -exec truncate -s 1M {} +
build --build-arg N=2 --cache-from "$cache" -o type=local,dest=files .
says "runs again"
(cd files && sha256sum data | cut -d ' ' -f 1 | diff - <(cut -d ' ' -f 1 sum))
kill $pid; wait $pid || true
on three; build --build-arg N=3 --cache-from "$cache" --cache-to "type=registry,ref=$cache" -o type=local,dest=files .
says "is not used" "was not exported"
