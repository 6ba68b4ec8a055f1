# The content of cache mounts goes along, times included; a second export moves what changed.
# as: root user
head -c 5000000 /dev/urandom >seed
dockerfile <<'EOF'
FROM busybox
ARG N
COPY seed /seed
RUN --mount=type=cache,target=/cache --mount=type=cache,id=other,target=/other \
    if [ -e /cache/big ]; then echo r'e'used; stat -c %Y /cache/old; else cp /seed /cache/big; fi; \
    mkdir -p /cache/dir && ln -sf ../big /cache/dir/link && cp /seed /other/big && \
    echo "$N" >>/cache/log && { [ -e /cache/old ] || touch -d '2001-02-03 04:05:06' /cache/old; }; cp /cache/log /log
EOF
cache=type=local,dest=$PWD/cache,mounts=/cache
exported() { build --build-arg N="$1" --cache-from "type=local,src=$PWD/cache,mounts=all" --cache-to "$cache" -o type=local,dest=files .; }
on one; exported 1; says_not reused
first=$(du -s --apparent-size -B1 cache | cut -f 1)
((first > 10000000 && first < 12000000)) || fail "the cache has $first bytes: the mount that was not asked for is there, too"
on two; exported 2; says reused 981173106
is "$(tr '\n' ' ' <files/log)" "1 2 "
second=$(du -s --apparent-size -B1 cache | cut -f 1)
((second - first < 200000)) || fail "a small change added $((second - first)) bytes"
on three; exported 3; says reused
is "$(tr '\n' ' ' <files/log)" "1 2 3 "
# A folder of this machine instead of the store's own.
mkdir mine && echo 0 >mine/log
build --build-arg N=4 --cache-mount /cache=mine -o type=local,dest=files .
is "$(tr '\n' ' ' <files/log)" "0 4 "
[[ -s mine/big ]] || fail "the folder was not used"
