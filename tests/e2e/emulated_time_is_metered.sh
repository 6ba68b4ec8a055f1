# What an emulated step cost, which programs spent it and which edit removes it; a budget ends the build.
# as: root user
cat >Dockerfile <<'EOF'
FROM debian:bookworm-slim AS build
RUN i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; gzip -c /usr/bin/perl >/out
FROM scratch
COPY --from=build /out /
EOF
build --twins=off --platform "linux/$(native),linux/$(foreign)" -t app:1 .
says "of it emulated" "Emulated: /" "slipway why --slow"

run slipway why --slow
says "spent by:" "FROM --platform=\$BUILDPLATFORM debian:bookworm-slim AS build" "qemu-"
slipway why --slow --format json >slow.json
is "$(jq '.steps | length' slow.json)" 1
is "$(jq -r '.steps[0].platform' slow.json)" "linux/$(foreign)"
is "$(jq -r '.steps[0].programs | map(.path | split("/") | last) | contains(["gzip"])' slow.json)" true
is "$(jq '.emulatedSeconds > 0 and .emulatedSeconds <= .cpuSeconds' slow.json)" true

run slipway history
says app:1 ok
build --twins=off --platform "linux/$(native),linux/$(foreign)" -t app:1 .
run slipway why --slow
says "Nothing was emulated"
is "$(slipway history --format json | jq '.builds | length')" 2

refuse "--max-emulated" "slipway why --slow" -- slipway build --twins=off --no-cache --max-emulated 1ms \
  --platform "linux/$(foreign)" --build-arg "x=$RANDOM" .
refuse "is no duration" -- slipway build --max-emulated soon .
refuse "there is no record" -- slipway why --slow 1999
run slipway why && says "steps from the cache"
