# The example: compiled once per target on the build platform, both images answer.
# as: root user
# label: slow
cp -r "$PUBLIC/examples/go-service" app
build --platform linux/amd64,linux/arm64 -t go-service:1 -o type=oci,dest=app.tar app
for arch in amd64 arm64; do
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  python3 "$PUBLIC/run_image.py" --env "PORT=$port" oci-archive:app.tar "linux/$arch" >"$TMPDIR/$arch" 2>&1 &
  server=$!
  answer=$(curl -sf --retry 60 --retry-delay 1 --retry-connrefused "http://127.0.0.1:$port/arch") ||
    { cat "$TMPDIR/$arch"; fail "the $arch image does not answer"; }
  kill "$server" && wait "$server" || true
  is "$answer" "$arch"
done
