# A changed build argument misses at the first RUN that has it in scope and nowhere before; proxies never.
# as: root user
dockerfile <<'EOF'
FROM busybox
RUN cat /proc/sys/kernel/random/uuid >/before
ARG V=1
RUN cat /proc/sys/kernel/random/uuid >/after; echo "$V $HTTP_PROXY" >/values
EOF
built() { build "$@" -o type=local,dest=files . && cat files/before files/after; }
one=$(built --build-arg V=a)
is "$(built --build-arg V=a --build-arg HTTP_PROXY=http://127.0.0.1:1)" "$one"
two=$(built --build-arg V=b)
is "$(head -n 1 <<<"$two")" "$(head -n 1 <<<"$one")"
[[ $(tail -n 1 <<<"$two") != "$(tail -n 1 <<<"$one")" ]] || fail "a new argument did not run the step"
is "$(cat files/values)" "b "
