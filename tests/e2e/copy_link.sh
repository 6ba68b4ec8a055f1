# COPY --link is a layer of its own: the same whatever is below it, and kept when the base changes.
# as: root user nosub
echo content >file
for base in busybox debian:bookworm-slim; do
  printf 'FROM %s\nCOPY --link file /linked/file\n' "$base" >Dockerfile
  build -o "type=oci,dest=${base%%:*}.tar" .
done
is "$(layers oci-archive:busybox.tar | tail -n 1)" "$(layers oci-archive:debian.tar | tail -n 1)"
is "$(start oci-archive:busybox.tar "" cat /linked/file)" content
