# What --push, --load, -t and the environment make of outputs; deleting below the working directory only.
# as: root nosub
printf 'FROM scratch\nCOPY Dockerfile /\n' >Dockerfile
name=$(unique pushed)
build --push -o "type=image,name=$name:1" .
run skopeo inspect --tls-verify=false --raw "docker://$name:1"
build -t "$name:2" -o "type=image,name=$name:lost" --push .
run skopeo inspect --tls-verify=false --raw "docker://$name:2"
refuse "manifest unknown" -- skopeo inspect --tls-verify=false --raw "docker://$name:lost"
BUILDX_NO_DEFAULT_LOAD=1 run slipway build -t unnamed:1 --iidfile iid .
[[ $(cat iid) == sha256:* ]] && run slipway images && says_not unnamed

build --build-arg BUILDKIT_MULTI_PLATFORM=1 -o type=oci,dest=one,tar=false -o files .
is "$(jq -r '.manifests[0].mediaType' one/index.json)" application/vnd.oci.image.index.v1+json
is "$(find files -type f)" "files/linux_$(native)/Dockerfile"
refuse "contradicts several platforms" -- \
  slipway build --platform linux/amd64,linux/arm64 --build-arg BUILDKIT_MULTI_PLATFORM=0 -o x .
artifacts() { grep -lF '"layers":' "$1"/blobs/sha256/* | xargs jq -r 'select(.schemaVersion) | .artifactType // "none"' | sort | xargs; }
build --provenance=true -o type=oci,dest=artifact,tar=false .
is "$(artifacts artifact)" "application/vnd.docker.attestation.manifest.v1+json none"
BUILDX_NO_DEFAULT_OCI_ARTIFACT=1 build --provenance=true -o type=oci,dest=manifest,tar=false .
is "$(artifacts manifest)" "none none"
BUILDX_NO_DEFAULT_OCI_ARTIFACT=x refuse "neither true nor false" -- slipway build .

mkdir -p out/old && touch out/old/file
cp -r out ../elsewhere && ln -s ../elsewhere link
for dest in ../elsewhere link . "$PWD"; do
  refuse "buildx.local.delete" -- slipway build -o "type=local,dest=$dest,mode=delete" .
done
build -o type=local,dest=out,mode=delete .
build --allow buildx.local.delete -o type=local,dest=../elsewhere,mode=delete .
is "$(ls out ../elsewhere | xargs)" "../elsewhere: Dockerfile out: Dockerfile"
touch file
for bad in "-o type=local,dest=file" "-o type=oci,dest=out" "-t UPPER" "-t a:b:c"; do
  # shellcheck disable=SC2086
  refuse "error" -- slipway build --progress plain $bad . && says_not "COPY"
done
build -o type=tar,dest=new/folder/out.tar . && tar -tf new/folder/out.tar Dockerfile
