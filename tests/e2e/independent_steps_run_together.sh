# Two stages that do not need each other run at the same time: each waits for a sign of the other.
# as: root user
dockerfile <<'EOF'
FROM busybox AS left
RUN --mount=type=cache,id=meet,target=/m touch /m/left; timeout 60 sh -c 'until [ -e /m/right ]; do sleep 0.1; done'
FROM busybox AS right
RUN --mount=type=cache,id=meet,target=/m touch /m/right; timeout 60 sh -c 'until [ -e /m/left ]; do sleep 0.1; done'
FROM busybox
COPY --from=left /bin/sh /left
COPY --from=right /bin/sh /right
EOF
build .
