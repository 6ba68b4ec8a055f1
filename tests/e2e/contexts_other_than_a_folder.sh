# Dockerfile on standard input, a tar on standard input, a Dockerfile elsewhere, a git repository.
# as: root nosub
require git
mkdir repo && echo v1 >repo/file && printf 'FROM scratch\nCOPY file /\n' >repo/Dockerfile
printf 'FROM scratch\nCOPY <<f /f\nstdin\nf\n' | build -o out1 -
is "$(cat out1/f)" stdin
tar -C repo -cz . | build -o out2 -
is "$(cat out2/file)" v1
cp repo/Dockerfile elsewhere && rm repo/Dockerfile
build -f elsewhere -o out3 repo
is "$(cat out3/file)" v1
cp elsewhere repo/Dockerfile
git -C repo init -q -b main && git -C repo add . && git -C repo -c user.name=n -c user.email=e commit -q -m m
git -C repo update-server-info
serve repo
build -o out4 "$url/.git#main"
is "$(cat out4/file)" v1
