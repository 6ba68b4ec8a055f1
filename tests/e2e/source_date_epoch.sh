# SOURCE_DATE_EPOCH: a number, a default in the file, or the time of a context, a repository, a download.
# as: root nosub
require git
mkdir -p srv/app && printf 'FROM scratch\nARG SOURCE_DATE_EPOCH\nLABEL t=$SOURCE_DATE_EPOCH\n' | tee srv/app/Dockerfile >Dockerfile
export GIT_COMMITTER_DATE="@1234567890 +0000"
repository srv/app && ln -s app srv/app.git
serve_git srv && git=$url/app.git
mkdir -p files in && echo x >in/file && touch -d @1000000000 in/file && tar -C in -cf files/in.tar . && touch -d @1111111111 files/in.tar
serve files
# time ARGS...: of the image, and what the file sees of it
time_of() {
  build -o type=oci,dest=app.tar "$@"
  config oci-archive:app.tar | jq -r '"\(.created | fromdate) \(if .config.Labels.t == "" then "-" else .config.Labels.t end)"'
}
is "$(time_of .)" "315532800 -"
is "$(time_of --build-arg SOURCE_DATE_EPOCH=1000 .)" "1000 1000"
is "$(SOURCE_DATE_EPOCH=2000 time_of .)" "2000 2000"
is "$(SOURCE_DATE_EPOCH=2000 time_of --build-arg SOURCE_DATE_EPOCH=1000 .)" "1000 1000"
is "$(time_of --build-arg SOURCE_DATE_EPOCH=context .)" "315532800 -"
is "$(time_of --build-arg SOURCE_DATE_EPOCH=context "$git")" "1234567890 1234567890"
is "$(time_of --build-arg SOURCE_DATE_EPOCH=src --build-context "src=$git" .)" "1234567890 1234567890"
is "$(time_of --build-arg SOURCE_DATE_EPOCH=src --build-context "src=$url/in.tar" .)" "1111111111 1111111111"
printf 'ARG SOURCE_DATE_EPOCH=3000\n' | cat - srv/app/Dockerfile >Dockerfile
is "$(time_of .)" "3000 3000"
is "$(SOURCE_DATE_EPOCH=2000 time_of .)" "2000 2000"
cat - srv/app/Dockerfile >Dockerfile <<STAGE
ARG SOURCE_DATE_EPOCH=when
FROM scratch AS when
ARG dir=$git
ADD \$dir /
STAGE
is "$(time_of .)" "1234567890 1234567890"
sed -i "s|^ADD.*|ADD $url/in.tar /|" Dockerfile
is "$(time_of .)" "1111111111 1111111111"
sed -i "s|^ADD.*|RUN date|" Dockerfile
refuse "stage when, which tells no time" "one ADD" -- slipway build .
refuse "SOURCE_DATE_EPOCH=yesterday is no time" -- slipway build --build-arg SOURCE_DATE_EPOCH=yesterday .
printf 'FROM scratch\nCOPY Dockerfile /\n' >srv/app/Dockerfile && repository srv/app
build -o type=oci,dest=kept.tar,compression=uncompressed "$git?mtime=commit" && layer=$(layers oci-archive:kept.tar)
is "$(tar -xOf kept.tar "blobs/sha256/${layer#*:}" | tar -x && stat -c %Y Dockerfile)" 1234567890
