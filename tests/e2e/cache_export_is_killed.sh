# kill -9 in the middle of an export, and a disk that is full: the cache that was there is whole, the next export works.
# as: root
# label: slow
dockerfile <<'EOF'
FROM busybox
RUN cat /proc/sys/kernel/random/uuid >/id
ARG N
RUN echo "$N" && head -c 30000000 /dev/urandom >/data
EOF
mkdir place && mount -t tmpfs -o size=80m tmpfs place && trap 'umount "$PWD/place"' EXIT
on one
build --cache-to "type=local,dest=$PWD/place/cache" -o type=local,dest=files .
id=$(cat files/id)
whole() { on "reader-$1"; build --cache-from "type=local,src=$PWD/place/cache" -o type=local,dest=files . && is "$(cat files/id)" "$id" && says_not "runs again"; }
whole first
for n in 1 2 3 4; do
  on one
  ((n % 2)) || rm -f place/cache/.slipway/tmp/*/[0-9]*
  "$SLIPWAY" build --progress plain --build-arg N=$n --cache-to "type=local,dest=$PWD/place/cache,max-size=31MB" . >"$out" 2>&1 &
  pid=$!
  until ls place/cache/.slipway/tmp/*/0 >/dev/null 2>&1; do kill -0 $pid 2>/dev/null || break; done
  kill -9 $pid 2>/dev/null || true
  wait $pid || true
  on "after-$n"; build --cache-from "type=local,src=$PWD/place/cache" -o type=local,dest=files .
  is "$(cat files/id)" "$id"
done
head -c 45000000 /dev/urandom >place/ballast || true
on one
build --build-arg N=full --cache-to "type=local,dest=$PWD/place/cache,max-size=0" .
says "was not exported" "No space left"
refuse "No space left" -- slipway build --build-arg N=full --cache-to "type=local,dest=$PWD/place/cache,max-size=0,ignore-error=false" .
rm place/ballast
on after; build --cache-from "type=local,src=$PWD/place/cache" -o type=local,dest=files . && is "$(cat files/id)" "$id"
on one; build --build-arg N=room --cache-to "type=local,dest=$PWD/place/cache,max-size=40MB" . && says_not "was not exported"
[[ $(ls place/cache/.slipway/tmp | wc -l) -le 1 ]] || fail "what the killed left was not swept: $(ls place/cache/.slipway/tmp)"
