# Sources: several, wildcards, folders (their content), parents; destinations with and without a slash.
# as: root user nosub
mkdir -p dir/sub && echo a >a.txt && echo b >b.txt && echo c >dir/sub/c.txt && ln -s a.txt link
printf 'x\n' >'with space'
dockerfile <<'EOF'
FROM busybox
WORKDIR /work
COPY a.txt renamed
COPY a.txt b.txt into/
COPY *.txt wild/
COPY dir .
COPY link followed
COPY ["with space", "json/"]
COPY --parents dir/sub/c.txt /parents/
COPY --exclude=**/*.txt . /bare/
COPY nothing-*.here a.txt /some/
COPY <<one <<"two" /here/
$HOME is /root? ${WHAT:-default}
one
$HOME
two
EOF
build -o type=oci,dest=app.tar .
unpacked oci-archive:app.tar
is "$(cd "$root/work" && find . -type f | sort | tr '\n' ' ')" \
  "./followed ./into/a.txt ./into/b.txt ./json/with space ./renamed ./sub/c.txt ./wild/a.txt ./wild/b.txt "
is "$(cat "$root/work/followed" "$root/work/renamed" | tr '\n' ' ')" "a a "
is "$(cat "$root/parents/dir/sub/c.txt")" c
is "$(find "$root/bare" -name '*.txt')" ""
is "$(ls "$root/some")" a.txt
is "$(cat "$root/here/one")" " is /root? default"
is "$(cat "$root/here/two")" '$HOME'
