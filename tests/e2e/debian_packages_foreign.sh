# apt-get install in a foreign image: maintainer scripts, users and alternatives under emulation.
# as: root user
# label: slow
# needs a Debian mirror, which the base image knows from this machine
cat >Dockerfile <<'EOF'
FROM debian:bookworm-slim
RUN apt-get update -q && apt-get install -y -q --no-install-recommends file adduser && \
    adduser --quiet --system --group service && file -L /bin/ls >/kind
EOF
build --platform "linux/$(foreign)" -o type=oci,dest=app.tar .
unpacked oci-archive:app.tar "$(foreign)"
grep -q "$([[ $(foreign) == arm64 ]] && echo aarch64 || echo x86-64)" "$root/kind" || fail "$(cat "$root/kind")"
grep -q '^service:' "$root/etc/passwd" || fail "no user was made"
