# ADD unpacks local archives of every compression, but not downloads; --checksum guards a download.
# as: root user nosub
mkdir -p in files && echo packed >in/file
tar -C in -cf plain.tar file && tar -C in -czf gz.tar.gz file && tar -C in -cJf xz.tar.xz file
tar -C in -cjf bz.tar.bz2 file && tar -C in --zstd -cf zst.tar.zst file && echo text >looks.tar
cp gz.tar.gz files/remote.tar.gz
serve files
sum=$(sha256sum files/remote.tar.gz | cut -d ' ' -f 1)
cat >Dockerfile <<EOF
FROM busybox
ADD plain.tar /plain/
ADD gz.tar.gz /gz/
ADD xz.tar.xz /xz/
ADD bz.tar.bz2 /bz/
ADD zst.tar.zst /zst/
ADD looks.tar /text/
ADD --checksum=sha256:$sum $url/remote.tar.gz /remote/
ADD --unpack=true $url/remote.tar.gz /opened/
EOF
build -o type=oci,dest=app.tar .
unpacked oci-archive:app.tar
for kind in plain gz xz bz zst opened; do is "$(cat "$root/$kind/file")" packed; done
is "$(cat "$root/text/looks.tar")" text
cmp "$root/remote/remote.tar.gz" gz.tar.gz || fail "a download was altered"
is "$(stat -c %a "$root/remote/remote.tar.gz")" 600
sed -i "s/$sum/${sum//[0-9]/0}/" Dockerfile
refuse sha256 "$url/remote.tar.gz" -- slipway build --no-cache .
