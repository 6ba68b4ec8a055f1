# What an image starts has to find its loader, its C library and its interpreter; real bases raise no alarm.
# as: root user
machine=$(uname -m)
echo '#!/bin/bash' >run.sh && printf '#!/bin/sh\r\necho\r\n' >crlf.sh && echo 'echo no shebang' >plain && touch loader
chmod +x run.sh crlf.sh plain loader
image() { printf '%s\n' "$@" >Dockerfile; }
image 'FROM scratch' 'COPY --from=debian:bookworm-slim /bin/ls /ls' 'CMD ["/ls"]'
refuse "missing-loader: /ls is dynamically linked" "link it statically" -- slipway build -t app:1 .
image 'FROM scratch' 'COPY --from=debian:bookworm-slim /bin/ls /ls' "COPY loader /lib/ld-musl-$machine.so.1" 'CMD ["/ls"]'
refuse "wrong-libc: /ls is linked against glibc, but the image has musl" -- slipway build -t app:1 .
image 'FROM busybox' 'COPY run.sh /' 'ENTRYPOINT ["/run.sh"]'
refuse "missing-interpreter: /run.sh is a script for /bin/bash, which is not in the image" -- slipway build -t app:1 .
image 'FROM busybox' 'COPY crlf.sh /' 'ENTRYPOINT ["/crlf.sh"]'
refuse "Windows line ends" -- slipway build -t app:1 .
image 'FROM busybox' 'COPY plain /' 'ENTRYPOINT ["/plain"]'
build -t app:1 . && says "not-executable: /plain is neither a program nor a script"
image 'FROM busybox' 'COPY plain /' 'CMD ["/mounted/later"]'
build -t app:1 . && says "program-not-found: /mounted/later of CMD"
image 'FROM busybox' 'COPY --chmod=755 run.sh /bin/bash' 'COPY run.sh /' 'RUN ln -sf busybox /bin/bash' 'CMD ["run.sh"]' 'WORKDIR /' 'ENV PATH=/:/bin'
build -t app:1 . && says_not wrong missing not-

for base in debian:bookworm-slim python:3-slim golang:1.24; do
  image "FROM $base"
  build --platform linux/amd64,linux/arm64 -t base:1 . && says_not WARN warning
  run slipway verify base:1
  says_not warning error
done
