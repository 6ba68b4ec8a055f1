# "exec format error", after its repair by GOARCH=amd64: on an arm64 machine the image is arm64, its program is not.
# as: root
# label: slow
app=$PUBLIC/real/ssh-server
for form in Dockerfile.published Dockerfile; do
  build_online --platform linux/amd64,linux/arm64 --verify=warn -f "$app/$form" -o type=oci,dest=$form.tar "$app"
  [[ $form == Dockerfile ]] || says "linux/arm64: wrong-machine: /app/main is an ELF program for amd64"
done
says_not wrong-machine
unpacked oci-archive:Dockerfile.published.tar arm64
is "$(elf "$root/bin/sh")" arm64
is "$(elf "$root/app/main")" amd64
for arch in amd64 arm64; do
  start oci-archive:Dockerfile.tar $arch 2>said
  grep -q "ssh server for $arch on port 2222" said || fail "$arch: $(cat said)"
done
