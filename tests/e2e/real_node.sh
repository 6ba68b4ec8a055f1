# npm ci on the build platform, with the compiled packages of the target.
# as: root
# label: slow
require_image node
build_online --platform linux/amd64,linux/arm64 -o type=oci,dest=app.tar "$PUBLIC/examples/node-service"
for arch in amd64 arm64; do
  unpacked oci-archive:app.tar "$arch"
  is "$(elf "$root"/app/node_modules/@node-rs/crc32-linux-*/*.node)" "$arch"
  is "$(ask oci-archive:app.tar "$arch" /checksum)" 3610a686
done
