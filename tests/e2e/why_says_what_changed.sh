# slipway why: the file, variable, command or base image because of which steps ran again; paths and their rules; history.
# as: root user
mkdir src && echo one >src/a && echo two >src/b && echo x >src/debug.log
printf '# noise\n**/*.log\n' >.dockerignore
df() { printf 'FROM busybox\nARG VERSION=%s\nCOPY src /src\nRUN echo %s $VERSION >/out\nRUN cat /out\n' "$1" "$2" >Dockerfile; }
df 1 hello
build -t app:1 .
run slipway why && says "0 of " "no build that this store remembers had a step like it"
build -t app:1 .
run slipway why && says "nothing ran that the cache could have saved"
# A file: named, and what stands on it points there.
echo changed >src/a && echo new >src/c && rm src/b
build -t app:1 .
run slipway why
says "COPY src /src" "(Dockerfile:3)" "files of the source changed: 3" "changed  src/a" "added    src/c" "removed  src/b" "ran because the step below it changed"
run slipway why "cat /out"
says "it begins with" "COPY src /src" "is the platform of this machine" "ran natively"
run slipway why --format json 3
is "$(jq -c '.steps[0] | [.cause, [.differences[0].files[] | .path + " " + .change]]' "$TMPDIR/last-output")" '["changed",["src/a changed","src/b removed","src/c added"]]'
# A variable and a command.
df 2 hello
build -t app:1 .
run slipway why Dockerfile:4 && says 'the variable VERSION was "1", is "2"'
df 2 goodbye
build -t app:1 .
run slipway why && says "its command was" "hello" "goodbye"
# A base image.
printf 'FROM busybox\nRUN echo other >/base\n' | build -t "$REGISTRY/why-base-$WHO:1" --push -
df 2 goodbye && sed -i "s,FROM busybox,FROM $REGISTRY/why-base-$WHO:1," Dockerfile
build -t app:1 . && run slipway why && says "(Dockerfile:3)"
printf 'FROM busybox\nRUN echo another >/base\n' | build -t "$REGISTRY/why-base-$WHO:1" --push -
build --pull -t app:1 . && run slipway why 5
says "it begins with" "the base image is another one"
build --no-cache -t app:1 . && run slipway why && says "--no-cache or --no-cache-filter asked for it"
# Paths.
run slipway why src/debug.log && says "src/debug.log is not in the context" ".dockerignore:2: **/*.log"
run slipway why src/a && says "src/a is in the context" "COPY src /src takes it"
run slipway why Dockerfile && says "no COPY or ADD of this build takes it"
refuse "lies outside of the context" -- slipway why /etc/passwd
refuse "has no step" -- slipway why "go build"
refuse "there is no record" -- slipway why --build 1999
# History: cached share, sizes.
run slipway history && says "CACHED" "CONTEXT" "IMAGE" "60 %"
is "$(slipway history --format json | jq '[.builds[] | .imageBytes > 0] | all')" true
