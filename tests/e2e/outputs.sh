# local and tar outputs (split by platform), image id and metadata files, quiet mode.
# as: root user nosub
echo x >file
printf 'FROM scratch\nARG TARGETARCH\nCOPY file /$TARGETARCH/file\n' >Dockerfile
build -o type=local,dest=one .
is "$(cat "one/$(native)/file")" x
build --platform linux/amd64,linux/arm64 -o type=local,dest=both .
is "$(cat both/linux_amd64/amd64/file both/linux_arm64/arm64/file | tr -d '\n')" xx
build -o type=tar,dest=files.tar .
is "$(tar -tf files.tar | grep -c "$(native)/file")" 1
slipway build --progress quiet -o - . >piped.tar
is "$(tar -xOf piped.tar "$(native)/file")" x
build -t app:1 --iidfile iid --metadata-file meta.json .
grep -Eq '^sha256:[0-9a-f]{64}$' iid || fail "iidfile: $(cat iid)"
is "$(jq -r '."image.name"' meta.json)" docker.io/library/app:1
is "$(slipway build -q -t app:1 .)" "$(cat iid)"
