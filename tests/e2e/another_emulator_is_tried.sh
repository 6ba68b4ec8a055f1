# A step that dies inside one emulator is tried with the next one that SLIPWAY_QEMU_<ARCH> names.
# as: root user
require gcc
[[ $(native) == amd64 ]] || { echo "skipped: the broken emulator is made for amd64"; exit 77; }
real=$(command -v qemu-aarch64-static)
# It emulates small programs (Slipway tries it with one) and dies of everything else.
cat >broken.c <<EOF
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int argc, char** argv) {
  struct stat file;
  const int is_small = argc > 1 && stat(argv[1], &file) == 0 && file.st_size < 4096;
  if (argc == 2 && strcmp(argv[1], "--version") == 0) return puts("broken emulator 1.0"), 0;
  if (!is_small) *(volatile int*)0 = 0;
  argv[0] = "$real";
  execv(argv[0], argv);
  return 126;
}
EOF
gcc -static -o broken broken.c
dockerfile <<'EOF'
FROM debian:bookworm-slim
RUN uname -m >/machine
EOF
SLIPWAY_QEMU_AARCH64=$PWD/broken:$real build --platform linux/arm64 -o out .
says "died of signal 11 inside $PWD/broken" "tried again with $real"
is "$(cat out/machine)" aarch64
SLIPWAY_QEMU_AARCH64=$PWD/broken refuse "Dockerfile:2" "it died inside the emulator" -- \
  slipway build --no-cache --platform linux/arm64 .
SLIPWAY_QEMU_AARCH64=$PWD/nothing refuse "SLIPWAY_QEMU_AARCH64" -- slipway build --no-cache --platform linux/arm64 .
