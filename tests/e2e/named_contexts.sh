# --build-context replaces stages and images: by name, by canonical name, for one platform; the rest is refused.
# as: root nosub
mkdir dir && echo dir >dir/f && echo other >dir/other && echo other >dir/.dockerignore
cat >Dockerfile <<'EOF'
FROM missing.invalid/base AS build
RUN false
FROM scratch
COPY --from=build . /
COPY --from=docker.io/library/thing:latest f /thing
EOF
build --build-context build=dir --build-context thing=dir -o out .
is "$(cat out/f out/thing | tr '\n' ' ')" "dir dir " && [[ ! -e out/other ]]
build --build-context build=docker-image://scratch --build-context thing=dir -o empty .
is "$(ls empty)" thing
printf 'FROM alpine:latest\nLABEL a=b\n' >Dockerfile
layout=oci-layout://$PUBLIC/busybox-layout
build --build-context "alpine=$layout:latest" -o type=oci,dest=app.tar .
is "$(layers oci-archive:app.tar)" "$(layers "oci:$PUBLIC/busybox-layout:latest")"
digest=$(jq -r '.manifests[0].digest' "$PUBLIC/busybox-layout/index.json")
build --build-context "alpine=$layout@$digest" -o type=oci,dest=app.tar .
build --build-context "alpine::linux/$(native)=docker-image://busybox" --build-context alpine=dir -o type=oci,dest=app.tar .
is "$(layers oci-archive:app.tar)" "$(layers "oci:$PUBLIC/busybox-layout:latest")"
printf 'FROM alpine\nCOPY dir/other /copied\n' >Dockerfile
build --build-context alpine=dir -o from .
is "$(ls from | tr '\n' ' ')" "copied f "
refuse "target of a bake file" -- slipway build --build-context alpine=target:base .
refuse "alpine is not there" -- slipway build --build-context alpine=nowhere .
refuse "not a directory" -- slipway build --build-context alpine=Dockerfile .
refuse "linux/s390x" -- slipway build --platform linux/s390x --build-context "alpine=$layout:latest" .
refuse "layout has no image" -- slipway build --build-context "alpine=$layout:none" .
