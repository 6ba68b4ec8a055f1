# kill -9 in the middle of a step: nothing stays running or mounted, the next build uses the store.
# as: root user
dockerfile <<'EOF'
FROM busybox
RUN cat /proc/sys/kernel/random/uuid >/id
RUN --mount=type=cache,id=gate,target=/gate if [ ! -e /gate/open ]; then touch /gate/open; echo rea'c'hed; sleep 300; fi
EOF
"$SLIPWAY" build --progress plain . >"$out" 2>&1 &
build_pid=$!
until grep -q reached "$out"; do kill -0 "$build_pid" || fail "the build ended early"; read -rt 0.1 <> <(:) || true; done
kill -9 "$build_pid"
wait "$build_pid" 2>/dev/null || true
build -o type=local,dest=files .
says cached
[[ -s files/id ]] || fail "the finished step was lost"
