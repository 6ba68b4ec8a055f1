# Two machines, two platforms and two branches export to one place, one after the other and at once: nothing is lost.
# as: root user
dockerfile <<'EOF'
FROM --platform=$BUILDPLATFORM busybox AS build
ARG TARGETARCH BRANCH
RUN echo "$TARGETARCH $BRANCH" >/what && cat /proc/sys/kernel/random/uuid >>/what
FROM busybox
COPY --from=build /what /what
EOF
place=$PWD/cache
exports() { # exports MACHINE ARCH BRANCH
  SLIPWAY_HOME=$HOME/machine-$1 slipway build --progress plain --platform "linux/$2" --build-arg "BRANCH=$3" \
    --cache-to "type=local,dest=$place,mode=max" -o "type=local,dest=out-$1" . >"log-$1" 2>&1
}
finds() { # finds MACHINE ARCH BRANCH
  on "reader-$1"
  build --platform "linux/$2" --build-arg "BRANCH=$3" --cache-from "type=local,src=$place" -o "type=local,dest=seen-$1" .
  is "$(cat "seen-$1/what")" "$(cat "out-$1/what")"
}
exports 1 "$(native)" main && exports 2 "$(foreign)" main && exports 3 "$(native)" feature
pids=()
for n in 4 5 6 7; do exports $n "$(native)" "branch-$n" & pids+=($!); done
for pid in "${pids[@]}"; do wait "$pid" || fail "an export failed: $(cat log-*)"; done
finds 1 "$(native)" main; finds 2 "$(foreign)" main; finds 3 "$(native)" feature
for n in 4 5 6 7; do finds $n "$(native)" "branch-$n"; done
# A limit: what was used longest ago goes, what is left is whole.
dockerfile <<'EOF'
FROM busybox
ARG N
RUN head -c 1000000 /dev/urandom >/data
EOF
on big
for n in 1 2 3 4 5; do build --build-arg N=$n --cache-to "type=local,dest=$PWD/small,max-size=2500kB" .; done
size=$(du -s --apparent-size -B1 small/blobs | cut -f 1)
((size < 2700000 && size > 1900000)) || fail "the cache has $size bytes"
on small && build --build-arg N=5 --cache-from "type=local,src=$PWD/small" . && says_not "runs again"
