# Each mistake is named with its place and, where there is one, the way out; nothing is left behind.
# as: nosub
mistake() { cat >Dockerfile && refuse "$@" -- slipway build .; }
mistake Dockerfile:2 RUNN "RUN" <<<$'FROM scratch\nRUNN x'
mistake Dockerfile:2 chwon chown <<<$'FROM scratch\nCOPY --chwon=1 a b'
mistake Dockerfile:2 nosuchfile <<<$'FROM scratch\nCOPY nosuchfile /x'
mistake circular <<<$'FROM b AS a\nFROM a AS b\nFROM scratch\nCOPY --from=b / /'
mistake Dockerfile:2 missing-stage <<<$'FROM scratch\nCOPY --from=missing-stage:tag /a /b'
mistake "no instructions" <<<$'# only a comment'
mistake Dockerfile:2 EOF <<<$'FROM scratch\nCOPY <<EOF /x\nnever closed'
mistake Dockerfile:2 moutn <<<$'FROM scratch\nRUN --mount=type=cache,moutn=/x true'
mistake Dockerfile:1 'AS' <<<$'FROM scratch ASS name'
mistake Dockerfile:2 '${' <<<$'FROM scratch\nENV A=${B'
mistake Dockerfile:3 FOO <<<$'FROM scratch\nFOO\nBAR'
says BAR Dockerfile:2
printf 'FROM scratch\nCOPY ../outside /\n' >Dockerfile
refuse outside -- slipway build .
refuse nowhere -- slipway build nowhere
refuse NoDockerfile -- slipway build -f NoDockerfile .
refuse platfrom platform -- slipway build --platfrom linux/amd64 .
