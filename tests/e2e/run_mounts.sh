# bind, cache, tmpfs and secret mounts are there while the step runs and not in the image.
# as: root user
echo from-context >input
printf Geheimnis7 >secret.txt
dockerfile <<'EOF'
FROM busybox AS other
RUN echo from-stage >/value
FROM busybox
RUN --mount=type=bind,source=input,target=/in/file cat /in/file >/bind
RUN --mount=type=bind,from=other,source=/value,target=/v cat /v >/stage && ! (echo x >/v) 2>/dev/null
RUN --mount=type=bind,target=/ctx,rw echo scratch >/ctx/new && cat /ctx/new >/rw
RUN --mount=type=tmpfs,target=/scratch echo x >/scratch/x && grep ' /scratch tmpfs' /proc/mounts >/tmpfs
RUN --mount=type=secret,id=token wc -c </run/secrets/token >/length
RUN --mount=type=secret,id=token,env=TOKEN test ${#TOKEN} = 10
RUN --mount=type=secret,id=absent test ! -e /run/secrets/absent
RUN --mount=type=cache,target=/cache,sharing=locked echo kept >>/cache/log && wc -l </cache/log >/lines
EOF
build --secret id=token,src=secret.txt -o type=oci,dest=app.tar .
unpacked oci-archive:app.tar
is "$(cat "$root/bind" "$root/stage" "$root/rw" | tr '\n' ' ')" "from-context from-stage scratch "
is "$(cat "$root/length")" 10
[[ ! -e $root/scratch/x && ! -e $root/cache/log && ! -e $root/run/secrets/token ]] ||
  fail "a mount's content is in the image"
! grep -rqF Geheimnis7 "$root/length" "$root/run" "$SLIPWAY_HOME" || fail "the secret was kept"
[[ ! -e new ]] || fail "a step wrote into the context"
