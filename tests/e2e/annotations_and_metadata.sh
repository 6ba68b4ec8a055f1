# --annotation at every level, the keys of --output, and what the metadata file says.
# as: root user nosub
dockerfile <<'EOF'
FROM scratch
COPY Dockerfile /
EOF
notes=(--annotation m=1 --annotation "manifest-descriptor[linux/arm64]:d=2" --annotation index:i=3 --annotation index-descriptor:x=4)
blob() { cat "$1/blobs/${2/://}"; }
build --platform linux/amd64,linux/arm64 "${notes[@]}" -o type=oci,dest=a,tar=false,annotation-manifest[linux/amd64].own=5 .
is "$(jq -r '.manifests[0].annotations.x' a/index.json)" 4
index=$(blob a "$(jq -r '.manifests[0].digest' a/index.json)")
is "$(jq -r '.annotations.i' <<<"$index")" 3
is "$(jq -c '[.manifests[].annotations]' <<<"$index")" '[null,{"d":"2"}]'
is "$(blob a "$(jq -r '.manifests[0].digest' <<<"$index")" | jq -c .annotations)" '{"m":"1","own":"5"}'
build --annotation index:i=3 -o type=oci,dest=one,tar=false .
is "$(blob one "$(jq -r '.manifests[0].digest' one/index.json)" | jq -r '.annotations.i')" 3
refuse "which is not built" -- slipway build --platform linux/amd64 --annotation "manifest[linux/s390x]:k=v" -o type=oci,dest=x .
refuse "no index for the annotation" -- slipway build --annotation index:k=v -o type=docker,dest=x .

build -t app:1 --metadata-file meta.json --iidfile iid -o type=oci,dest=app.tar .
is "$(jq -r 'keys | join(" ")' meta.json)" "buildx.build.provenance buildx.build.ref containerimage.config.digest containerimage.descriptor containerimage.digest image.name"
is "$(jq -r '."containerimage.config.digest"' meta.json)" "$(cat iid)"
is "$(jq -r '."containerimage.descriptor".annotations | has("org.opencontainers.image.created")' meta.json)" true
is "$(jq -r '."buildx.build.provenance" | has("metadata")' meta.json)" false
BUILDX_METADATA_PROVENANCE=max BUILDX_METADATA_WARNINGS=1 run slipway build -t app:1 --metadata-file meta.json .
is "$(jq -r '."buildx.build.provenance" | has("metadata")' meta.json)" true
is "$(jq -r '."buildx.build.warnings" | type' meta.json)" array
build --platform linux/amd64,linux/arm64 --provenance=true --metadata-file meta.json --iidfile iid -t app:1 .
is "$(jq -r '."buildx.build.provenance/linux/arm64".invocation.environment | has("platform")' meta.json)" true
is "$(jq -r '."containerimage.digest"' meta.json)" "$(cat iid)"
BUILDX_NO_DEFAULT_ATTESTATIONS=1 run slipway build --metadata-file meta.json -t app:1 .
is "$(jq -r 'has("buildx.build.provenance")' meta.json)" false
