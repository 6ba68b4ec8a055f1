# An unchanged step is not run again, new times alone change nothing, new content runs what depends on it.
# as: root user
echo 1 >file && echo 1 >other
dockerfile <<'EOF'
FROM busybox
RUN cat /proc/sys/kernel/random/uuid >/id
COPY file /file
RUN cat /proc/sys/kernel/random/uuid >/later
COPY other /other
EOF
built() { build "$@" -o type=local,dest=files . && cat files/id files/later; }
first=$(built)
touch file other
is "$(built)" "$first"
echo 2 >other
is "$(built)" "$first"
is "$(cat files/other)" 2
echo 2 >file
second=$(built)
is "$(head -n 1 <<<"$second")" "$(head -n 1 <<<"$first")"
[[ $(tail -n 1 <<<"$second") != "$(tail -n 1 <<<"$first")" ]] || fail "a step with a new input was not run"
[[ $(built --no-cache | head -n 1) != "$(head -n 1 <<<"$first")" ]] || fail "--no-cache used the cache"
