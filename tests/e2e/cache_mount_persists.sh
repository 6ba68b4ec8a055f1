# What a step leaves in a cache mount is there for the next build, even of another Dockerfile.
# as: root user
dockerfile <<'EOF'
FROM busybox
ARG N
RUN --mount=type=cache,id=shared,target=/cache echo "$N" >>/cache/log && cat /cache/log
EOF
build --build-arg N=first .
sed 's/busybox/busybox:latest/; s#/cache#/elsewhere#g' Dockerfile >Other
build -f Other --build-arg N=second -o type=local,dest=files .
says second
build --build-arg N=third .
says first second third
