# A stage on $BUILDPLATFORM that does not look at the target runs once and serves every target.
# as: root user
dockerfile <<'EOF'
FROM --platform=$BUILDPLATFORM busybox AS tools
RUN cat /proc/sys/kernel/random/uuid >/once
FROM busybox
COPY --from=tools /once /once
EOF
build --platform linux/amd64,linux/arm64 -o type=oci,dest=app.tar .
unpacked oci-archive:app.tar amd64
first=$(cat "$root/once")
unpacked oci-archive:app.tar arm64
is "$(cat "$root/once")" "$first"
