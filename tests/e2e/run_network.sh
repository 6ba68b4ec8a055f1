# network=none has no way out, the default reaches the host's loopback services only if it is the host's network.
# as: root user
mkdir files && echo served >files/page
serve files
dockerfile <<'EOF'
FROM busybox
ARG PAGE
RUN --network=none ! wget -q -T 3 -O /dev/null "$PAGE" 2>/dev/null
RUN --network=none ip link show | grep -c ': ' >/links
RUN --network=host wget -q -T 10 -O /page "$PAGE"
EOF
refuse network.host -- slipway build --build-arg "PAGE=$url/page" .
build --allow network.host --build-arg "PAGE=$url/page" -o type=oci,dest=app.tar .
unpacked oci-archive:app.tar
is "$(cat "$root/page")" served
is "$(cat "$root/links")" 1
