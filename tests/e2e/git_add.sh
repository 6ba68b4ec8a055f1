# ADD of a git repository: whole or a directory of it, kept git directory, commit checked, cached by the commit;
# a bind mount and a stage out of one.
# as: root user
require git
mkdir -p srv/app/dir && echo one >srv/app/file && echo two >srv/app/dir/inner
repository srv/app && ln -s app srv/app.git
serve_git srv
commit=$(git -C srv/app rev-parse HEAD)
cat >Dockerfile <<EOF
FROM busybox
ADD $url/app.git /all/
ADD --chown=3:4 --chmod=705 $url/app.git#main:dir /dir
ADD --keep-git-dir --checksum=$commit $url/app.git /git
ADD --exclude=dir $url/app.git?commit=$commit /part
RUN --mount=from=repo,target=/m cat /m/file /m/dir/inner >/mounted && ! ls /m/.git
COPY --from=repo dir/inner /copied
EOF
build --build-context "repo=$url/app.git#main" -o type=oci,dest=app.tar .
unpacked oci-archive:app.tar
is "$(cat "$root"/{all/file,dir/inner,part/file,copied,mounted} | tr '\n' ' ')" "one two one two one two "
is "$(stat -c %a "$root/dir/inner" "$root/all/file" | tr '\n' ' ')" "705 644 "
[[ ! -e $root/all/.git && -d $root/git/.git && ! -e $root/part/dir ]] || fail "git directory or exclusion"
build --build-context "repo=$url/app.git#main" -o type=oci,dest=again.tar .
cmp app.tar again.tar || fail "the cached build differs"
is "$(grep -c CACHED "$out")" 11
SLIPWAY_HOME=$HOME/other build --build-context "repo=$url/app.git#main" -o type=oci,dest=other.tar .
cmp app.tar other.tar || fail "another store gives another image"
sed -i "s/checksum=$commit/checksum=${commit//[0-9]/0}/" Dockerfile
refuse ">>>    4" "is commit $commit" -- slipway build --build-context "repo=$url/app.git" .
printf 'FROM scratch\nCOPY %s/app.git /\n' "$url" >Dockerfile
refuse "Dockerfile:2" -- slipway build .
