# One command, two platforms: an index with both, foreign RUN steps emulated, each with its own arguments.
# as: root user
dockerfile <<'EOF'
FROM busybox
ARG TARGETPLATFORM
ARG TARGETOS
ARG TARGETARCH
ARG TARGETVARIANT
ARG BUILDPLATFORM
RUN echo "$TARGETPLATFORM $TARGETOS $TARGETARCH [$TARGETVARIANT] $(uname -m)" >/platform
RUN echo "$BUILDPLATFORM" >/buildplatform
EOF
build --platform linux/amd64,linux/arm64 -o type=oci,dest=app.tar .
unpacked oci-archive:app.tar amd64
is "$(cat "$root/platform")" "linux/amd64 linux amd64 [] x86_64"
is "$(cat "$root/buildplatform")" "linux/$(native)"
unpacked oci-archive:app.tar arm64
is "$(cat "$root/platform")" "linux/arm64 linux arm64 [] aarch64"
is "$(cat "$root/buildplatform")" "linux/$(native)"
is "$(config oci-archive:app.tar arm64 | jq -r .architecture)" arm64
