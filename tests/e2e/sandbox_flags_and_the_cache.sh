# What flags change in a step's sandbox is part of its key: hosts by name, limits, shared memory, the host name.
# as: root nosub
dockerfile <<'EOF'
FROM busybox
RUN cat /etc/hosts >/hosts && ulimit -n >/files && hostname >/name && grep shm /proc/mounts >/shm
EOF
build -o out .
is "$(cat out/name)" buildkitsandbox
build -o out . && says "#2 CACHED"
build --ulimit nofile=123:456 -o out . && says_not "#2 CACHED"
is "$(cat out/files)" 123
build --shm-size 1m -o out . && says_not "#2 CACHED"
grep -q size=1024k out/shm || fail "the size of /dev/shm: $(cat out/shm)"
build --build-arg BUILDKIT_SANDBOX_HOSTNAME=mine -o out . && says_not "#2 CACHED"
is "$(cat out/name)" mine
build --add-host Db:10.0.0.7,cache=[::1] --add-host gate=host-gateway -o out . && says_not "#2 CACHED"
is "$(grep -cE '^10.0.0.7\sdb$|^::1\scache$|\sgate$' out/hosts)" 3
build --add-host db=10.0.0.8 --add-host cache:::1 --add-host gate=127.0.0.1 -o out . && says "#2 CACHED"
build -o out . && says "#2 CACHED"
