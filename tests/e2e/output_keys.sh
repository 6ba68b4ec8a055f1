# Keys of image outputs: names, digests, insecure registries, times, media types; and what is refused by name.
# as: root user
dockerfile <<'EOF'
FROM busybox
RUN echo x >/x
EOF
index() { jq -r "$1" "$SLIPWAY_HOME/index.json"; }
build -t app:1 -o type=image,name-canonical=true,dangling-name-prefix=lost,unpack=true .
digest=$(index '.manifests[] | select(.annotations["io.containerd.image.name"] == "docker.io/library/app:1").digest')
is "$(index '[.manifests[].annotations["io.containerd.image.name"]] | sort | join(" ")')" \
  "docker.io/library/app:1 docker.io/library/app:1@$digest docker.io/library/lost@$digest"
name=$REGISTRY/app-$(basename "$(dirname "$PWD")" | tr 'A-Z.' 'a-z-')
(unset CONTAINERS_REGISTRIES_CONF; run slipway build -o "type=image,name=$name,push=true,push-by-digest=true,registry.insecure=true,store=false" .)
run skopeo inspect --raw --tls-verify=false "docker://$name@$digest"
[[ $(skopeo list-tags --tls-verify=false "docker://$name" 2>&1) != *latest* ]] || fail "pushed by digest, and yet there is a tag"

build -o type=oci,dest=time.tar,source-date-epoch=1000000000,rewrite-timestamp=true .
is "$(config oci-archive:time.tar | jq -r '.created + " " + .history[-1].created')" "2001-09-09T01:46:40Z 2001-09-09T01:46:40Z"
build -o type=oci,dest=docker.tar,oci-mediatypes=false .
is "$(skopeo inspect --raw oci-archive:docker.tar | jq -r '[.mediaType, .layers[].mediaType] | unique | length')" 2
skopeo inspect --raw oci-archive:docker.tar | grep -q oci && fail "OCI media types"
build -t app:1 --provenance=mode=min,inline-only=true -o type=oci,dest=plain,tar=false -o type=oci,dest=inline,tar=false,attestation-inline=true .
is "$(jq -r '.manifests[0].mediaType' plain/index.json)" application/vnd.oci.image.manifest.v1+json
is "$(jq -r '.manifests[0].mediaType' inline/index.json)" application/vnd.oci.image.index.v1+json
build --platform linux/amd64,linux/arm64 --provenance=true -o type=local,dest=files,platform-split=false,attestation-prefix=about- .
is "$(cd files && echo about-*)" "about-provenance.linux_amd64.json about-provenance.linux_arm64.json"
for bad in compression=estargz:eStargz compresion=gzip:"did you mean compression" compression-level=99:"between 0 and 9" oci-artifact=true,oci-mediatypes=false:contradicts; do
  refuse "${bad#*:}" -- slipway build -o "type=oci,dest=x,${bad%%:*}" .
done
