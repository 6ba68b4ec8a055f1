# --chown by number and by the names of the image's own /etc/passwd, --chmod octal and symbolic.
# as: root user
mkdir -p d && echo x >d/f && echo y >g && chmod 600 g && chmod 750 d
dockerfile <<'EOF'
FROM busybox
COPY g /plain
COPY --chown=33 g /number
COPY --chown=www-data:users g /names
COPY --chmod=4711 g /octal
COPY --chmod=u=rwX,go=rX d /symbolic
RUN stat -c '%n %u:%g %a' /plain /number /names /octal /symbolic /symbolic/f >/stats
EOF
build -o type=oci,dest=app.tar .
unpacked oci-archive:app.tar
is "$(cat "$root/stats")" "/plain 0:0 600
/number 33:33 600
/names 33:100 600
/octal 0:0 4711
/symbolic 0:0 755
/symbolic/f 0:0 644"
