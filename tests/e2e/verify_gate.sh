# A program of another architecture stops the build before anything is published; --verify=warn lets it pass.
# as: root user
name=$(unique app):1
dockerfile <<'END'
FROM --platform=$BUILDPLATFORM busybox AS build
FROM busybox
COPY --from=build /bin/busybox /app
ENTRYPOINT ["/app", "true"]
END
both=(--platform linux/amd64,linux/arm64)
wrong="wrong-machine: /app is an ELF program for $(native) (the same file as in linux/$(native)), expected $(foreign)"
refuse "$wrong" "Dockerfile:3" "written by: COPY" -- slipway build "${both[@]}" -t "$name" --push .
! skopeo inspect --raw "docker://$name" >/dev/null 2>&1 || fail "it was pushed"
refuse "$wrong" -- slipway build "${both[@]}" -t app:1 .
run slipway images && says_not app:1
refuse "$wrong" -- slipway build "${both[@]}" -o type=oci,dest=app.tar .
refuse "$wrong" -- slipway build "${both[@]}" -o out .
SLIPWAY_VERIFY=error refuse "$wrong" -- slipway build "${both[@]}" -o type=tar,dest=files.tar .
[[ ! -e app.tar && ! -e out && ! -e files.tar ]] || fail "something was written"
build --platform "linux/$(native)" -t native:1 . && says_not wrong-machine
# Twice: the second verdict comes from the store.
for _ in 1 2; do build "${both[@]}" --verify=warn -t "$name" --push -o type=oci,dest=app.tar . && says "$wrong"; done
SLIPWAY_VERIFY=off build "${both[@]}" -o type=oci,dest=b,tar=false . && says_not wrong-machine
refuse "none of error, warn, off" -- slipway build --verify=maybe .
build "${both[@]}" --verify-allow '/a*' -o type=oci,dest=c.tar . && says_not wrong-machine

for image in app.tar oci:b oci-archive:app.tar "$name"; do
  refuse "$wrong" "linux/$(native): nothing found" "needed for: ENTRYPOINT" -- slipway verify "$image"
done
run slipway verify --platform "linux/$(native)" app.tar && says_not wrong-machine
run slipway verify --allow app app.tar && says_not wrong-machine
run slipway verify --verify=warn --format json app.tar
is "$(jq -r '"\(.errors) \(.findings[] | select(.severity == "error") | .rule + " " + .path + " " + .platform)"' "$out")" "1 wrong-machine /app linux/$(foreign)"
echo 'LABEL slipway.verify.allow="app other"' >>Dockerfile
build "${both[@]}" -t label:1 . && says_not wrong-machine
run slipway verify label:1
