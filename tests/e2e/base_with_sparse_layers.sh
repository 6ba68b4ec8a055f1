# A base whose second layer has files but not their directories, as several tools write images: links of the
# layer below are followed, modes stay, hard links lead to files below.
# as: root user
require umoci
mkdir -p one/usr/lib2 one/shared two/lib2 two/shared two/usr/lib2
echo old >one/usr/lib2/orig && ln -s usr/lib2 one/lib2 && chmod 1777 one/shared
echo new >two/lib2/new && echo shared >two/shared/file
cp one/usr/lib2/orig two/usr/lib2/orig && ln two/usr/lib2/orig two/other
tar --owner=0 --group=0 -C one -cf one.tar usr/lib2 lib2 shared
tar --owner=0 --group=0 -C two -cf two.tar usr/lib2/orig lib2/new shared/file other
tar --delete -f two.tar usr/lib2/orig
cp -r "$PUBLIC/busybox-layout" base && chmod -R u+w base
skopeo --override-arch "$(native)" copy -q oci:base:latest oci:single:latest
run umoci raw add-layer --image single:latest one.tar
run umoci raw add-layer --image single:latest two.tar

dockerfile <<'EOF'
FROM base AS ran
RUN cat /lib2/new /shared/file && stat -c %a /shared >/mode && readlink /lib2 >/link && cat /other /usr/lib2/orig >/both
FROM base
COPY --from=ran /mode /link /both /
COPY --from=base /lib2/new /copied
EOF
build --build-context base=oci-layout://single:latest -o out .
is "$(cat out/mode out/link out/both out/copied | tr '\n' ' ')" "1777 usr/lib2 old old new "
is "$(readlink out/lib2) $(cat out/usr/lib2/new)" "usr/lib2 new"
