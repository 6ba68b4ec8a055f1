# RUN sees what COPY brought, COPY --from sees what RUN made; owner and mode come out as written.
# as: root user
printf '#!/bin/sh\necho built with $1\n' >tool.sh
dockerfile <<'EOF'
FROM busybox AS build
COPY --chmod=755 tool.sh /bin/tool
RUN tool sh >/out && mkdir -p /made/deep && echo x >/made/deep/file && chmod 640 /made/deep/file
FROM busybox
COPY --from=build /out /result
COPY --from=build --chown=33:www-data /made /made
CMD ["cat", "/result"]
EOF
build -o type=oci,dest=app.tar .
is "$(start oci-archive:app.tar)" "built with sh"
unpacked oci-archive:app.tar
is "$(stat -c %a "$root/made/deep/file")" 640
[[ $WHO != root ]] || is "$(stat -c %u:%g "$root/made/deep/file")" 33:33
