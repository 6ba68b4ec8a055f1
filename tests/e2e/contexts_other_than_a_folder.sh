# Dockerfile on standard input, a tar on standard input, a Dockerfile elsewhere.
# as: root nosub
mkdir repo && echo v1 >repo/file && printf 'FROM scratch\nCOPY file /\n' >repo/Dockerfile
printf 'FROM scratch\nCOPY <<f /f\nstdin\nf\n' | build -o out1 -
is "$(cat out1/f)" stdin
tar -C repo -cz . | build -o out2 -
is "$(cat out2/file)" v1
cp repo/Dockerfile elsewhere && rm repo/Dockerfile
build -f elsewhere -o out3 repo
is "$(cat out3/file)" v1
printf 'FROM scratch\nCOPY file /f\n' | build -f - -o out4 repo
is "$(cat out4/f)" v1
refuse "no build context" -- slipway build - <elsewhere
