# Three machines with a store each build one tag; whatever the order, the last one publishes what one machine
# would have pushed, byte for byte: attestations and annotations, too.
# as: root user nosub
echo x >file
printf 'FROM scratch\nARG TARGETARCH\nCOPY file /file-$TARGETARCH\n' >Dockerfile
all=linux/amd64,linux/arm64,linux/riscv64
how=(--sbom true --annotation index:org.example.note=both --annotation manifest-descriptor:org.example.where=here)
name=$(unique app)
build --push -t "$name:whole" "${how[@]}" --platform "$all" .
curl -sf "http://$REGISTRY/v2/${name#*/}/manifests/whole" -H 'Accept: application/vnd.oci.image.index.v1+json' >whole
machine() { # PLATFORM TAG ID
  SLIPWAY_HOME=$HOME/store-${1##*/} build --join="$3" --join-expect "$all" --push -t "$name:$2" "${how[@]}" --platform "$1" --metadata-file "meta-${1##*/}.json" .
}
n=0
for order in 'amd64 arm64 riscv64' 'amd64 riscv64 arm64' 'arm64 amd64 riscv64' 'arm64 riscv64 amd64' 'riscv64 amd64 arm64' 'riscv64 arm64 amd64'; do
  read -r first second third <<<"$order"
  machine "linux/$first" "whole-$((++n))" run
  says "waiting for"
  refuse "lacks" "linux/$third" -- slipway join --finish "$name:whole-$n"
  machine "linux/$second" "whole-$n" run
  says_not "published"
  run slipway join "$name:whole-$n"
  says "linux/$third" "missing" "waiting for linux/$third"
  machine "linux/$third" "whole-$n" run
  says "published"
  curl -sf "http://$REGISTRY/v2/${name#*/}/manifests/whole-$n" -H 'Accept: application/vnd.oci.image.index.v1+json' >got
  # Names of the image are in its attestations, so that these differ from tag to tag.
  is "$(jq -c '[.manifests[] | select(.platform.os == "linux")], .annotations' got)" "$(jq -c '[.manifests[] | select(.platform.os == "linux")], .annotations' whole)"
  is "$(jq '.manifests | length' got)" 6
  is "$(jq -r '."containerimage.digest"' "meta-$third.json")" "sha256:$(sha256sum <got | cut -d ' ' -f 1)"
done
# The same name: all bytes. The tag is built by one machine first, and then joined.
machine linux/arm64 whole again && machine linux/riscv64 whole again && machine linux/amd64 whole again
says "published"
curl -sf "http://$REGISTRY/v2/${name#*/}/manifests/whole" -H 'Accept: application/vnd.oci.image.index.v1+json' | cmp - whole
