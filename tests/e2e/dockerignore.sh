# .dockerignore: comments, **, re-inclusion, last rule wins; a file named like the Dockerfile goes first.
# as: root nosub
mkdir -p src/deep logs && touch src/a.go src/deep/b.go src/deep/b_test.go logs/x.log keep.log drop.log .hidden
printf '# comment\n**/*.log\n!keep.log\n**/*_test.go\n/logs\n.hidden\n' >.dockerignore
printf 'FROM scratch\nCOPY . /\n' >Dockerfile
build -o type=local,dest="$TMPDIR/first" .
is "$(cd "$TMPDIR/first" && find . -type f | sort | tr '\n' ' ')" \
  "./.dockerignore ./Dockerfile ./keep.log ./src/a.go ./src/deep/b.go "
printf '*\n!src/**/*.go\n' >Dockerfile.dockerignore
build -o type=local,dest="$TMPDIR/second" .
is "$(cd "$TMPDIR/second" && find . -type f | sort | tr '\n' ' ')" \
  "./src/a.go ./src/deep/b.go ./src/deep/b_test.go "
