# A failing RUN: its output, its Dockerfile line, its exit code; and the store works on afterwards.
# as: root user
dockerfile <<'EOF'
FROM busybox
RUN echo fine
RUN echo clue-on-stdout; \
    echo clue-on-stderr >&2; exit 37
EOF
refuse clue-on-stdout clue-on-stderr 37 Dockerfile:3 -- slipway build --progress plain .
refuse clue-on-stderr 37 Dockerfile:3 -- slipway build --progress quiet .
sed -i 's/exit 37/true/' Dockerfile
build .
says cached
