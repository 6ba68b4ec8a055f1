# A RUN whose result no platform changes runs once for all; what does not fit is noticed, and runs for each.
# as: root user
both=(--platform "linux/$(foreign),linux/$(native)")
dockerfile <<'END'
FROM busybox
WORKDIR /app
COPY page /app/
# slipway: neutral
RUN tr a-z A-Z <page >PAGE && head -c 8 /dev/urandom | od -An -tx1 >once && mkdir -p assets && ln -s ../PAGE assets/page
RUN uname -m >machine
END
echo text >page
build "${both[@]}" -o type=oci,dest=app.tar .
says "shared with [linux/$(native) stage-0 4/5] RUN" "declares it neutral"
for arch in amd64 arm64; do
  unpacked oci-archive:app.tar "$arch"
  cat "$root/app/PAGE" "$root/app/assets/page" "$root/app/once" >"once-$arch"
  cat "$root/app/machine" >>machines
done
is "$(cat once-amd64)" "$(cat once-arm64)"
is "$(xargs <machines)" "x86_64 aarch64"
is "$(slipway why --slow --format json | jq '.steps | length')" 1
record=$(ls "$SLIPWAY_HOME"/builds/*.json)
is "$(jq -r '.steps[] | select(.sharedWith) | "\(.platform) \(.how)"' "$record")" "linux/$(foreign) not-run"
build "${both[@]}" -o type=oci,dest=again.tar .
says_not "shared with"
is "$(layers oci-archive:again.tar arm64)" "$(layers oci-archive:app.tar arm64)"

# Machine code, a variable that says the platform, a file of the base images: each platform has its own.
own() {
  printf 'FROM busybox\nARG TARGETARCH\n# slipway: neutral\nRUN %s\n' "$1" >Dockerfile
  build "${both[@]}" -o type=oci,dest=app.tar .
  says "is declared neutral, yet it ran for linux/$(foreign) as well: $2"
  unpacked oci-archive:app.tar "$(foreign)"
}
own 'echo $TARGETARCH >/arch' "its variable TARGETARCH is not the same as for linux/$(native)"
is "$(cat "$root/arch")" "$(foreign)"
own 'cp /bin/busybox /program' "its variable"
sed -i /^ARG/d Dockerfile
build "${both[@]}" -o type=oci,dest=app.tar .
says "/program is an ELF program for $(native)"
unpacked oci-archive:app.tar "$(foreign)"
is "$(elf "$root/program")" "$(foreign)"
printf 'FROM busybox\n# slipway: neutral\nRUN rm /bin/vi\n' >Dockerfile
build "${both[@]}" -o type=oci,dest=app.tar .
says "it deletes /bin/vi, which the platforms do not have in common"
