# Three services from one Dockerfile: what they share is a hit for the second and third.
# as: user
# label: slow
app=$PUBLIC/examples/multi-service
for service in board chat user; do
  build_online --platform linux/amd64,linux/arm64 --build-arg SERVICE=$service -o type=oci,dest=$service.tar "$app"
  [[ $service == board ]] || grep -q 'go mod .* cached' "$out" || fail "downloads again for $service"
done
# A line of text for a line of text.
talk() {
  local port server
  port=$(free_port)
  python3 "$PUBLIC/run_image.py" --env "PORT=$port" "oci-archive:$1.tar" "linux/$2" >"$TMPDIR/log" 2>&1 &
  server=$!
  until { exec 5<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null; do kill -0 "$server" || break; done
  echo world >&5 && head -n 1 <&5
  kill "$server" && wait "$server" || true
}
for arch in amd64 arm64; do
  is "$(talk user $arch)" "hello world from $arch"
  is "$(talk chat $arch)" "you said world"
  is "$(talk board $arch)" "post $(talk board amd64 | cut -d' ' -f2)"
done
refuse "Dockerfile:13:10: SERVICE: must be set" -- slipway build "$app"
