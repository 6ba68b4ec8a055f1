# A bucket of a server that speaks S3 (moto, where it is installed): signed requests, the second machine rebuilds nothing.
# as: root
[[ $MOTO_SERVER ]] || { echo "skipped: no S3 server (tests/lib/s3_server.sh says why)"; exit 77; }
dockerfile <<'EOF'
FROM busybox
ARG N
RUN --mount=type=cache,target=/cache cat /proc/sys/kernel/random/uuid >>/cache/log; cp /cache/log /id
RUN head -c 3000000 /dev/urandom >/large
EOF
port=$(free_port)
"$MOTO_SERVER" -H 127.0.0.1 -p "$port" >"$TMPDIR/moto" 2>&1 &
servers+=($!)
trap 'kill "${servers[@]}" || true; wait || true' EXIT
export AWS_ACCESS_KEY_ID=id AWS_SECRET_ACCESS_KEY=secret
curl -sf --retry 60 --retry-delay 1 --retry-connrefused -X PUT -o "$out" "http://127.0.0.1:$port/bucket"
place=bucket=bucket,region=us-east-1,endpoint_url=http://127.0.0.1:$port,use_path_style=true,name=app,prefix=ci/,mounts=all
built() { on "$1"; build --build-arg N="$2" --cache-from "type=s3,$place" --cache-to "type=s3,$place" -o "type=local,dest=files-$1" .; says_not "was not exported"; }
built one 1
built two 1
is "$(cat files-two/id)" "$(cat files-one/id)"
cmp files-one/large files-two/large
built three 2
is "$(head -n 1 files-three/id)" "$(cat files-one/id)"
curl -sf "http://127.0.0.1:$port/bucket?prefix=ci/" >"$out" && says ci/manifests/app.slipway ci/blobs/sha256:
on none; build --cache-from "type=s3,${place/bucket=bucket/bucket=no-such}" --cache-to "type=s3,${place/bucket=bucket/bucket=no-such}" .
says "was not exported"
refuse "needs bucket" -- slipway build --cache-to type=s3,region=x .
