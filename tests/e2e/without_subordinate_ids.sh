# One mapped id: what needs no other owner builds; what does says what it cannot keep and what to install.
# as: nosub
dockerfile <<'EOF'
FROM busybox
RUN echo hello >/hello && id -u >/uid
CMD ["cat", "/hello"]
EOF
build -o type=oci,dest=app.tar .
is "$(start oci-archive:app.tar)" hello
is "$(start oci-archive:app.tar "" cat /uid)" 0
printf 'FROM busybox\nRUN touch /f && chown 33 /f\n' >Dockerfile
code=0
slipway build --progress plain . >"$out" 2>&1 || code=$?
((code < 126)) || fail "crashed: $code"
says subuid
