# GOARCH in a Dockerfile: fixed, it gives arm64 images with amd64 programs; TARGETARCH gives the right ones, slowly;
# on $BUILDPLATFORM the compiler is not emulated either. Slipway refuses the first and says what to change.
# as: root
# label: slow
app=$PUBLIC/real/ops-service
both=(--platform linux/amd64,linux/arm64)
refuse "linux/arm64: wrong-machine: /app/main is an ELF program for amd64" "try: " -- \
  slipway build "${online[@]}" "${both[@]}" -f "$app/Dockerfile.before" -o type=oci,dest=before.tar "$app"
run slipway why --slow && says "FROM --platform=\$BUILDPLATFORM golang:1.24-bookworm AS builder"
for form in Dockerfile.before Dockerfile.after Dockerfile; do
  build_online "${both[@]}" --verify=warn -f "$app/$form" -o type=oci,dest=$form.tar "$app"
  [[ $form == Dockerfile.before ]] || says_not wrong-machine
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
