# A git repository as the build context: branch, tag, commit, directory, submodules, git directory; a second
# build fetches nothing, and every store gives the same image.
# as: root nosub
require git
mkdir -p srv/app/dir srv/sub && echo one >srv/app/file && echo '#!/bin/sh' >srv/app/dir/run && chmod 700 srv/app/dir/run
printf 'FROM scratch\nCOPY . /\n' | tee srv/app/Dockerfile >srv/app/dir/dockerfile
echo file >srv/app/.dockerignore && echo inner >srv/sub/inner
repository srv/app && repository srv/sub && git -C srv/app tag v1
git -C srv/app -c protocol.file.allow=always submodule --quiet add "$PWD/srv/sub" lib/sub
git config -f srv/app/.gitmodules submodule.lib/sub.url ../sub.git && repository srv/app
ln -s app srv/app.git && ln -s sub srv/sub.git
serve_git srv
build -o out "$url/app.git"
says "[internal] load git source $url/app.git"
is "$(cd out && find . -type f | LC_ALL=C sort | tr '\n' ' ')" \
  "./.dockerignore ./.gitmodules ./Dockerfile ./dir/dockerfile ./dir/run ./file ./lib/sub/inner "
is "$(stat -c %a out/dir/run out/file out/dir | tr '\n' ' ')" "755 644 755 "
commit=$(git -C srv/app rev-parse v1)
for ref in v1 refs/tags/v1 "$commit"; do build -o "out-$ref" "$url/app.git#$ref" && [[ ! -e out-$ref/lib ]]; done
build -o out-dir "$url/app.git#main:dir"
is "$(ls out-dir | tr '\n' ' ')" "dockerfile run "
build -f dir/dockerfile -o out-f "$url/app.git?tag=v1&checksum=${commit:0:10}"
build --build-arg BUILDKIT_CONTEXT_KEEP_GIT_DIR=1 -o out-git "$url/app.git#v1"
is "$(cd out-git && git -c safe.directory='*' status --porcelain && git -c safe.directory='*' rev-parse HEAD)" "$commit"
build -o type=oci,dest=one.tar "$url/app.git"
SLIPWAY_HOME=$HOME/other build -o type=oci,dest=two.tar "$url/app.git"
cmp one.tar two.tar || fail "two checkouts of one commit differ"
kill "${servers[@]}"  # the commit is known, its files are here
build -o out-again "$url/app.git#$commit"
