# --sbom and --provenance: what is attached, that it is the same each time, and that other tools do not mind.
# as: root user
mkdir -p node_modules/left && echo '{"name":"left","version":"1.0.0","license":"MIT"}' >node_modules/left/package.json
dockerfile <<'EOF'
FROM debian:bookworm-slim
ARG WHO=me
COPY node_modules /app/node_modules
EOF
podman() { command podman --root "$HOME/podman" --runroot "$TMPDIR/run" --storage-driver vfs "$@"; }
blob() { cat "$1/blobs/${2/://}"; }
# manifest FOLDER JQ: a value of the index, of an image that has one name
index() { blob "$1" "$(jq -r '.manifests[0].digest' "$1/index.json")" | jq -r "$2"; }
both=(-t app:1 --platform linux/amd64,linux/arm64 --build-arg WHO=you --sbom=true --provenance=mode=max)
build "${both[@]}" -o type=oci,dest=a,tar=false .
SLIPWAY_HOME=$PWD/other run slipway build "${both[@]}" -o type=oci,dest=b,tar=false .
is "$(cat a/index.json)" "$(cat b/index.json)"
is "$(index a '[.manifests[].platform.architecture] | join(" ")')" "amd64 arm64 unknown unknown"
is "$(index a '.manifests[2].annotations["vnd.docker.reference.digest"]')" "$(index a '.manifests[0].digest')"
said=$(blob a "$(index a '.manifests[3].digest')")
is "$(jq -r .subject.digest <<<"$said")" "$(index a '.manifests[1].digest')"
blob a "$(jq -r '.layers[0].digest' <<<"$said")" >sbom.json
is "$(jq -r '.predicate.packages[] | select(.name == "left" or .name == "bash").externalRefs[0].referenceLocator' sbom.json | cut -d'?' -f1 | sort | sed 's/@.*//' | xargs)" \
  "pkg:deb/debian/bash pkg:npm/left"
is "$(jq -r '.predicate.packages[] | select(.name == "bash").externalRefs[0].referenceLocator | test("arch=arm64&distro=debian-12")' sbom.json)" true
blob a "$(jq -r '.layers[1].digest' <<<"$said")" >provenance.json
is "$(jq -r '.subject[0].name + " " + .predicateType' provenance.json)" "pkg:docker/app@1?platform=linux%2Farm64 https://slsa.dev/provenance/v1"
is "$(jq -r '.predicate.buildDefinition.externalParameters.request.args["build-arg:WHO"]' provenance.json)" you
is "$(jq -r '.predicate.runDetails.metadata.buildkit_metadata.source.infos[0].data' provenance.json | base64 -d)" "$(cat Dockerfile)"

build -t app:1 --provenance=mode=min,version=v0.2 -o type=oci,dest=one.tar -o type=oci,dest=old.tar,oci-artifact=false .
run skopeo copy --all oci-archive:one.tar oci:copied
run skopeo copy --all oci-archive:old.tar oci:copied-old
[[ $WHO != root ]] || run podman load -i one.tar  # rootless podman leaves a process behind
build -t "base:1" --sbom=true . && printf 'FROM base:1\nCOPY Dockerfile /d\n' >Next && build -f Next -o type=local,dest=files --sbom=true --provenance=true .
is "$(jq -r '.predicate.buildDefinition.buildType' files/provenance.json)" https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md
is "$(jq -r '.subject[] | select(.name == "d").digest.sha256' files/sbom.spdx.json)" "$(sha256sum <Dockerfile | cut -d' ' -f1)"
refuse "docker archives cannot hold attestations" -- slipway build --sbom=true -o type=docker,dest=d.tar .
refuse "did you mean mode" -- slipway build --attest type=provenance,mod=max .
