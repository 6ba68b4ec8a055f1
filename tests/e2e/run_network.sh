# network=none has no way out, the default reaches the host's loopback services only if it is the host's network.
# as: root user
mkdir files && echo served >files/page
serve files
dockerfile <<'EOF'
FROM debian
ARG HOST
SHELL ["/bin/bash", "-c"]
RUN --network=none ! (exec 3<>"/dev/tcp/$HOST") 2>/dev/null
RUN --network=none grep -c : /proc/net/dev >/links
RUN --network=host exec 3<>"/dev/tcp/$HOST"; printf 'GET /page HTTP/1.0\r\n\r\n' >&3; tail -n 1 <&3 >/page
EOF
host=${url#http://}
refuse network.host -- slipway build --build-arg "HOST=${host/:/\/}" .
build --allow network.host --build-arg "HOST=${host/:/\/}" -o type=oci,dest=app.tar .
unpacked oci-archive:app.tar
is "$(cat "$root/page")" served
is "$(cat "$root/links")" 1
