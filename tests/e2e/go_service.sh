# The example: compiled once per target on the build platform, both images answer. (real_multi_service runs as a user.)
# as: root
# label: slow
cp -r "$PUBLIC/examples/go-service" app
build --platform linux/amd64,linux/arm64 -t go-service:1 -o type=oci,dest=app.tar app
for arch in amd64 arm64; do
  is "$(ask oci-archive:app.tar "$arch" /arch)" "$arch"
done
