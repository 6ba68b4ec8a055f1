# Other tools read the store; images, du and prune tell what is in it and free it.
# as: root user nosub
echo x >file
printf 'FROM busybox\nCOPY file /file\n' >Dockerfile
build -t app:1 -t app:2 .
run skopeo inspect "oci:$SLIPWAY_HOME:docker.io/library/app:1"
run slipway images
says app 1 2
run slipway du
run slipway prune --all --force
run slipway du
build -t app:1 .
run skopeo inspect "oci:$SLIPWAY_HOME:docker.io/library/app:1"
