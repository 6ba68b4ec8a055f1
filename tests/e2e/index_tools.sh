# Those who keep their own workflow: push by digest, an index of digests, copies, what inspect says.
# as: root user
name=$(unique app)
printf 'FROM busybox\nARG TARGETARCH\nENV ARCH=$TARGETARCH\n' >Dockerfile
for arch in amd64 arm64; do
  build --platform "linux/$arch" -o "type=image,name=$name,push-by-digest=true,name-canonical=true,push=true" --metadata-file "meta-$arch.json" .
done
amd=$(jq -r '."containerimage.digest"' meta-amd64.json) arm=$(jq -r '."containerimage.digest"' meta-arm64.json)
run slipway index create --dry-run "$name@$amd" "$name@$arm"
is "$(jq -c '[.manifests[].platform.architecture]' "$TMPDIR/last-output")" '["amd64","arm64"]'
run slipway buildx imagetools create -t "$name:1" --annotation index:org.example.note=x "$amd" "$arm"
is "$(skopeo inspect --raw --tls-verify=false "docker://$name:1" | jq -c '[.annotations, [.manifests[].digest]]')" "[{\"org.example.note\":\"x\"},[\"$amd\",\"$arm\"]]"
run slipway index inspect "$name:1"
says "Platform:  linux/amd64" "Platform:  linux/arm64" "@$arm"
run slipway index inspect --format '{{json .Manifest}}' "$name:1"
digest=$(jq -r .digest "$TMPDIR/last-output")
# A copy is the same; so is what another repository has.
run slipway index create -t "$name:stable" "$name:1"
is "$(slipway index inspect --format '{{.Manifest.Digest}}' "$name:stable")" "$digest"
run slipway index create -t "$name-prod:1" "$name:1"
says "copying $amd from"
is "$(slipway index inspect --format '{{.Manifest.Digest}}' "$name-prod:1")" "$digest"
SLIPWAY_HOME=$HOME/other build -o out - <<<"FROM --platform=linux/$(foreign) $name-prod:1"
# Another image is appended; a platform is taken out.
run slipway index create -t "$name:amd" "$name@$amd"
run slipway index create --append -t "$name:amd" "$name@$arm"
is "$(slipway index inspect --raw "$name:amd" | jq -c '[.manifests[].digest]')" "[\"$amd\",\"$arm\"]"
run slipway index create -t "$name:arm" --platform linux/arm64 "$name:1"
is "$(slipway index inspect --raw "$name:arm" | jq -c '[.manifests[].digest]')" "[\"$arm\"]"
refuse "no source has an image for linux/s390x" -- slipway index create -t "$name:2" --platform linux/s390x "$name:1"
refuse "is not there" -- slipway index inspect "$name:none"
refuse "no name to publish" -- slipway index create "$name:1"
