# An image that carries its cache: other machines find its steps by its name; without asking for it digests stay the same.
# as: root user
dockerfile <<'EOF'
FROM busybox AS build
RUN cat /proc/sys/kernel/random/uuid >/id
FROM busybox
COPY --from=build /id /id
RUN sha256sum /id >/sum
EOF
image=$(unique app)
on one
build --cache-to type=inline -t "$image:1" --push .
build -t "$image:plain" --push .
build --build-arg BUILDKIT_INLINE_CACHE=1 -t "$image:arg" --push .
digest() { skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$image:$1"; }
[[ $(digest 1) != "$(digest plain)" ]] || fail "there is no cache in the image"
is "$(digest arg)" "$(digest 1)"
on two
build --cache-from "$image:1" -t "$image:2" --push --cache-to type=inline .
is "$(digest 2)" "$(digest 1)"
(($(blobs) < 100000)) || fail "$(blobs) bytes were fetched"
build --cache-from "$image:plain" --no-cache -o type=local,dest=files .
says "carries no cache"
refuse "not replaced" -- slipway build --cache-to "type=registry,ref=$image:1,ignore-error=false" .
