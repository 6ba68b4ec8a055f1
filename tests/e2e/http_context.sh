# Contexts from a web server: archives of every compression, a lone Dockerfile, -f as a URL; owners of an archive.
# as: root user
mkdir -p in/sub files && echo one >in/file && echo file >in/.dockerignore
printf 'FROM scratch\nCOPY . /\n' | tee in/Dockerfile >in/sub/Other
tar -C in --owner=0 --group=0 -cf files/plain.tar . && gzip -k files/plain.tar && zstd -q files/plain.tar -o files/plain.tar.zst
xz -k files/plain.tar && bzip2 -k files/plain.tar
printf 'FROM scratch\nCOPY . /all\nCOPY <<f /f\nhere\nf\n' >files/only.Dockerfile
serve files
for kind in .tar .tar.gz .tar.zst .tar.xz .tar.bz2; do
  build -o "out$kind" "$url/plain$kind"
  is "$(cat "out$kind/file")" one
done
build -f sub/Other -o other "$url/plain.tar.gz"
build -o only "$url/only.Dockerfile"
is "$(ls only/all) $(cat only/f)" "context here"
mkdir local && echo mine >local/mine
build -f "$url/only.Dockerfile" -o remote local
is "$(cat remote/all/mine)" mine
printf 'FROM scratch\nCOPY file /in\n' | build -f - -o stdin "$url/plain.tar"
is "$(ls stdin)" in
tar -C in --owner=5 --group=6 -cf - . | build -o type=oci,dest=owned.tar,compression=uncompressed -
layer=$(layers oci-archive:owned.tar) && tar -xf owned.tar "blobs/sha256/${layer#*:}"
is "$(tar --numeric-owner -tvf "blobs/sha256/${layer#*:}" file | awk '{ print $2 }')" 5/6
printf 'FROM scratch\nCOPY --from=c context /x\nADD --unpack %s/plain.tar.gz files/only.Dockerfile /y/\n' "$url" >Dockerfile
build --build-context "c=$url/plain.tar" -o named .
cmp named/x files/plain.tar && is "$(cat named/y/file)" one && cmp named/y/only.Dockerfile files/only.Dockerfile
refuse 404 "$url/missing.tar" -- slipway build "$url/missing.tar"
refuse "-f out" -- slipway build -f x "$url/only.Dockerfile"
refuse "has no nothing" -- slipway build -f nothing "$url/plain.tar"
refuse "-f names another" -- slipway build -f x - <in/Dockerfile
kill "${servers[@]}"
refuse "$port" -- slipway build "$url/plain.tar"
