# A base from an OCI layout on disk, and further contexts by name, without any registry.
# as: root user nosub
mkdir lib && echo shared >lib/file
printf 'FROM mybase\nCOPY --from=lib file /file\n' >Dockerfile
CONTAINERS_REGISTRIES_CONF=/dev/null build --build-context "mybase=oci-layout://$PUBLIC/busybox-layout:latest" \
  --build-context lib=lib -o type=oci,dest=app.tar .
is "$(start oci-archive:app.tar "" cat /file)" shared
