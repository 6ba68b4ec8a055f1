# Wheels from the package index, fetched natively for each target; the compiled one is the target's.
# as: root
# label: slow
build_online --platform linux/amd64,linux/arm64 -o type=oci,dest=app.tar "$PUBLIC/examples/python-wheels"
says "wheels 3/3" "MarkupSafe-3.0.2"
for arch in amd64 arm64; do
  unpacked oci-archive:app.tar "$arch"
  is "$(elf "$(find "$root/usr" -name '_speedups*.so')")" "$arch"
  is "$(find "$root" -name '*.whl' -o -path "$root/root/.cache/*" | wc -l)" 0
  is "$(ask oci-archive:app.tar "$arch" '/hello/a%26b')" "<p>hello, a&amp;b</p>"
done
