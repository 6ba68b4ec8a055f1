# GOARCH in a Dockerfile: fixed, it gives arm64 images with amd64 programs; TARGETARCH gives the right ones, slowly;
# on $BUILDPLATFORM the compiler is not emulated either.
# as: root
# label: slow
app=$PUBLIC/real/ops-service
for form in Dockerfile.before Dockerfile.after Dockerfile; do
  build_online --platform linux/amd64,linux/arm64 -f "$app/$form" -o type=oci,dest=$form.tar "$app"
  is "$(config "oci-archive:$form.tar" arm64 | jq -r .architecture)" arm64
done
unpacked oci-archive:Dockerfile.before.tar arm64
is "$(elf "$root/app/main")" amd64
for form in Dockerfile.after Dockerfile; do
  for arch in amd64 arm64; do
    start "oci-archive:$form.tar" $arch 2>said || fail "$form on $arch: $(cat said)"
    is "$(cat said)" "ops-service for $arch asks node two"
  done
done
