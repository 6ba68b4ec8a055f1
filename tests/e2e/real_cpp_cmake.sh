# CMake with Debian's cross compiler and the target's libraries: static programs in images of nothing else.
# as: root
# label: slow
build_online --platform linux/amd64,linux/arm64 -o type=oci,dest=app.tar "$PUBLIC/examples/cpp-cmake"
for arch in amd64 arm64; do
  is "$(start oci-archive:app.tar "$arch" /crc hello | head -n 1)" "3610a686  hello"
  start oci-archive:app.tar "$arch" | grep -q ", $arch$" || fail "the program is for another machine"
  is "$(layers oci-archive:app.tar "$arch" | wc -l)" 1
done
