# Stages that the target does not need are not run; --target chooses by name or number.
# as: root user
dockerfile <<'EOF'
FROM busybox AS first
RUN echo first >/f
FROM busybox AS broken
RUN echo must not run; exit 9
FROM busybox AS last
COPY --from=first /f /f
EOF
build -o type=local,dest=out .
is "$(cat out/f)" first
says_not "must not run"
build --target first .
build --target 0 .
refuse "must not run" 9 -- slipway build --progress plain --target broken .
refuse nosuch "first" -- slipway build --target nosuch .
