# FROM scratch: one layer, exactly the named files, working directory /.
# as: root user nosub
mkdir -p bin && cp "$(command -v busybox)" bin/tool && echo 1 >data
dockerfile <<'EOF'
FROM scratch
COPY bin/tool data /
ENTRYPOINT ["/tool"]
EOF
build -o type=oci,dest=app.tar .
is "$(layers oci-archive:app.tar | wc -l)" 1
unpacked oci-archive:app.tar
is "$(cd "$root" && echo *)" "data tool"
cmp "$root/tool" bin/tool || fail "the file changed on its way"
is "$(config oci-archive:app.tar | jq -r .config.WorkingDir)" /
