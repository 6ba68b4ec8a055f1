# --push to a registry, FROM what was pushed, an index for two platforms, by tag and by digest.
# as: root user nosub
echo x >file
name=$(unique app):1
printf 'FROM busybox\nCOPY file /file\nLABEL round=1\n' >Dockerfile
build --push -t "$name" --platform linux/amd64,linux/arm64 --metadata-file meta.json .
digest=$(jq -r '."containerimage.digest"' meta.json)
is "$(skopeo inspect --tls-verify=false "docker://$name" | jq -r .Labels.round)" 1
is "$(skopeo inspect --tls-verify=false --raw "docker://$name" | sha256sum | cut -d ' ' -f 1)" "${digest#sha256:}"
printf 'FROM %s@%s\nLABEL round=2\n' "$name" "$digest" >Dockerfile
SLIPWAY_HOME=$HOME/empty build --platform "linux/$(foreign)" -o type=oci,dest=again.tar .
is "$(config oci-archive:again.tar "$(foreign)" | jq -c '[.architecture, .config.Labels.round]')" "[\"$(foreign)\",\"2\"]"
