# Ctrl-C ends the build and its steps, says so, and leaves nothing (the harness looks).
# as: root user
printf 'FROM busybox\nRUN echo reached; sleep 300\n' >Dockerfile
"$SLIPWAY" build --progress plain . >"$out" 2>&1 &
build_pid=$!
until grep -q reached "$out"; do kill -0 "$build_pid" || fail "the build ended early"; read -rt 0.1 <> <(:) || true; done
kill -INT "$build_pid"
code=0
timeout 20 tail --pid="$build_pid" -f /dev/null || fail "still running 20 s after the interrupt"
wait "$build_pid" || code=$?
is "$code" 130
