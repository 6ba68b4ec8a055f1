# skopeo, umoci and podman read what we write: OCI archive and folder, docker archive, every compression.
# as: root
dockerfile <<'EOF'
FROM busybox
RUN mkdir /d && echo x >/d/f && ln /d/f /d/hard && ln -s f /d/soft && rm /bin/wget && chown 33:33 /d/f
CMD ["cat", "/d/f"]
EOF
podman() { command podman --root "$HOME/podman" --runroot "$TMPDIR/run" --storage-driver vfs "$@"; }
build -t app:1 -o type=oci,dest=app.tar -o type=oci,dest=folder,tar=false -o type=docker,dest=docker.tar .
for image in oci-archive:app.tar oci:folder; do
  unpacked "$image"
  is "$(stat -c '%h %u' "$root/d/f") $(readlink "$root/d/soft")" "2 33 f"
  [[ ! -e $root/bin/wget ]] || fail "a removed file came back"
done
for kind in zstd uncompressed gzip; do
  build -o "type=oci,dest=$kind.tar,compression=$kind,force-compression=true" .
  run skopeo inspect "oci-archive:$kind.tar"
  is "$(skopeo inspect --raw "oci-archive:$kind.tar" | jq -r '[.layers[].mediaType] | unique | length')" 1
  is "$(config "oci-archive:$kind.tar" | jq -c .rootfs)" "$(config oci-archive:app.tar | jq -c .rootfs)"
done
skopeo inspect --raw oci-archive:zstd.tar | jq -r '.layers[].mediaType' | grep -q 'tar+zstd$' || fail "not zstd"
run podman load -i app.tar
run podman load -i docker.tar
says app:1
# Reading a file is enough: whether podman may start containers depends on the machine.
run podman create --name check docker.io/library/app:1
is "$(podman cp check:/d/f - | tar -xO)" x
