# A cache that one machine exports spares another, empty one every step: by a folder and by a registry, min and max.
# as: root user
echo 1 >input
dockerfile <<'EOF'
FROM busybox AS build
COPY input /input
RUN cat /proc/sys/kernel/random/uuid >/id && cp /input /made
FROM busybox
WORKDIR /app
COPY --from=build /id /made ./
RUN cat /proc/sys/kernel/random/uuid >/later
EOF
built() { build "$@" -o type=local,dest=files . && cat files/app/id files/later; }
tried() { # tried MODE TO FROM
  on "$1-from-$2"
  first=$(built --cache-to "type=$2,$3,mode=$1")
  on "$1-to-$2"
  is "$(built --cache-from "type=$2,$4")" "$first"
  echo 2 >input
  on "$1-edited-$2"
  edited=$(built --cache-from "type=$2,$4")
  [[ $edited != "$first" ]] || fail "a changed input was not seen"
  is "$(cat files/app/made)" 2
  echo 1 >input
}
for mode in min max; do
  tried $mode local dest="$PWD/cache-$mode" src="$PWD/cache-$mode"
  tried $mode registry ref="$(unique cache):$mode" ref="$(unique cache):$mode"
done
on last
build --cache-from "$(unique cache):nothing-there" --cache-from type=local,src=none -o type=local,dest=files .
says "there is none yet"
refuse "no key" mode -- slipway build --cache-to type=local,dest=x,moed=max .
