# Mirrors of registries.conf are tried in order; one that is down or lacks the image is passed over.
# as: nosub
dead=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >registries.conf <<EOF
[[registry]]
prefix = "images.invalid"
location = "images.invalid"
[[registry.mirror]]
location = "$dead"
insecure = true
[[registry.mirror]]
location = "$REGISTRY/elsewhere"
insecure = true
[[registry.mirror]]
location = "$REGISTRY"
insecure = true
[[registry]]
location = "closed.invalid"
blocked = true
EOF
export CONTAINERS_REGISTRIES_CONF=$PWD/registries.conf
printf 'FROM images.invalid/library/busybox:latest\nLABEL a=1\n' >Dockerfile
build -o type=oci,dest=app.tar .
is "$(layers oci-archive:app.tar | head -n 1)" "$(layers "oci:$PUBLIC/busybox-layout:latest")"
printf 'FROM closed.invalid/app:1\n' >Dockerfile
refuse closed.invalid blocked -- slipway build .
