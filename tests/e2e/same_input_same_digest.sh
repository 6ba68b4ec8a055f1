# The same files give the same digest: in another folder, with other times, in an empty store, by another process.
# as: root user nosub
for place in one two/deeper; do
  mkdir -p "$place" && echo text >"$place/file" && ln -s file "$place/link" && mkdir "$place/dir"
  printf 'FROM busybox\nWORKDIR /made\nCOPY . /data/\nENV A=1\n' >"$place/Dockerfile"
done
touch -d '2001-02-03' two/deeper/file
umask 022
SOURCE_DATE_EPOCH=1700000000 build -o type=oci,dest=one.tar,rewrite-timestamp=true one
umask 022
SOURCE_DATE_EPOCH=1700000000 SLIPWAY_HOME=$HOME/other build -o type=oci,dest=two.tar,rewrite-timestamp=true two/deeper
is "$(skopeo inspect oci-archive:one.tar | jq -r .Digest)" "$(skopeo inspect oci-archive:two.tar | jq -r .Digest)"
cmp one.tar two.tar || fail "same digest but other bytes of the archive"
