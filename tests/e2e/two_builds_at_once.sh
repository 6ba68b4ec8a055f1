# Builds that start together on one store all succeed and share a step instead of each running it.
# as: root user
dockerfile <<'EOF'
FROM busybox
RUN sleep 1; cat /proc/sys/kernel/random/uuid >/id
COPY file /file
EOF
echo x >file
pids=()
for n in 1 2 3 4; do
  slipway build --progress plain -o "type=local,dest=out$n" . >"$TMPDIR/log$n" 2>&1 &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || { cat "$TMPDIR"/log*; fail "one of four builds failed"; }; done
is "$(cat out1/id out2/id out3/id out4/id | sort -u | wc -l)" 1
