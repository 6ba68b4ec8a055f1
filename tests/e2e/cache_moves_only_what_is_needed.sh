# An image whose layers its registry has is pushed again from an empty machine without any layer being fetched.
# as: root user
dockerfile <<'EOF'
FROM busybox AS tools
RUN head -c 3000000 /dev/urandom >/tool
FROM busybox
COPY --from=tools /tool /tool
RUN head -c 2000000 /dev/urandom >/data
EOF
image=$(unique app):1 cache=$(unique app):cache
on one
build --cache-to "type=registry,ref=$cache,mode=max" -t "$image" --push .
digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$image")
on two
build --cache-from "$cache" -t "$image" --push .
is "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$image")" "$digest"
(($(blobs) < 100000)) || fail "$(blobs) bytes were fetched to push what is there"
# Into another repository of the same registry they are mounted.
build --cache-from "$cache" -t "$(unique other):1" --push .
is "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$(unique other):1")" "$digest"
(($(blobs) < 100000)) || fail "$(blobs) bytes were fetched to push what could be mounted"
# An archive needs the image's own layers, and not those of other stages.
build --cache-from "$cache" -o type=oci,dest=app.tar .
(($(blobs) > 5000000)) || fail "the archive lacks layers"
run skopeo inspect oci-archive:app.tar
on three
build --cache-from "$cache" .
(($(blobs) < 100000)) || fail "a build without output fetched $(blobs) bytes"
says cached
