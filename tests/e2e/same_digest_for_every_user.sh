# root, a user with subordinate ids and a user with one id build the same image to the byte.
# as: root
printf 'FROM busybox\nCOPY --chmod=640 file /srv/file\nWORKDIR /w\n' >Dockerfile
echo text >file
chmod -R a+rX "$SCENARIO" && chmod 1777 "$TMPDIR"
for account in root slipway-test slipway-nosub; do
  home=$TMPDIR/$account && mkdir "$home" && chown "$account": "$home"
  run setpriv --reuid "$account" --regid "$account" --init-groups env HOME="$home" SLIPWAY_HOME="$home/store" \
    SOURCE_DATE_EPOCH=1700000000 "$SLIPWAY" build --progress plain -o "type=oci,dest=$home/app.tar" .
done
cmp "$TMPDIR/root/app.tar" "$TMPDIR/slipway-test/app.tar" || fail "root and a user differ"
cmp "$TMPDIR/root/app.tar" "$TMPDIR/slipway-nosub/app.tar" || fail "root and a user with one id differ"
