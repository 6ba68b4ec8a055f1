# Seven services in one graph, from a compose file and from HCL: what they share runs once; the second time nothing runs.
# as: root user
mkdir common && echo 1 >common/lib
for n in 1 2 3 4 5 6 7; do
  mkdir "svc$n" && echo "service $n" >"svc$n/main"
  printf 'FROM busybox\nCOPY common /common\nRUN echo shared >/shared\nCOPY svc%s /app\nRUN cat /app/main /common/lib >/out\n' $n >"svc$n/Dockerfile"
  printf '  svc%s:\n    image: demo/svc%s\n    build: {context: ., dockerfile: svc%s/Dockerfile}\n' $n $n $n
done >services
{ echo services:; cat services; } >compose.yaml
run slipway bake --progress plain --metadata-file meta.json
is "$(grep -o '\[svc. stage-0 3/5\] RUN echo shared' "$out" | sort -u | wc -l)" 1
is "$(grep -o '\[svc. stage-0 5/5\] RUN cat' "$out" | sort -u | wc -l)" 7
is "$(jq -r 'keys | length' meta.json)" 7
is "$(jq -r '.svc3["image.name"]' meta.json)" docker.io/demo/svc3:latest
run slipway history && says demo/svc1
echo changed >svc2/main
run slipway bake --progress plain
ran=0
for id in $(sed -nE 's/^#([0-9]+) \[svc. stage-0 5\/5\] RUN cat.*/\1/p' "$out" | sort -u); do
  grep -q "^#$id CACHED" "$out" || ran=$((ran + 1))
done
is $ran 1
is "$(slipway images -q | sort -u | wc -l)" 7

cat >docker-bake.hcl <<'HCL'
target "default" {
  name       = "svc${n}"
  matrix     = { n = [1, 2, 3, 4, 5, 6, 7] }
  dockerfile = "svc${n}/Dockerfile"
  output     = ["type=local,dest=out/${n}"]
}
HCL
run slipway bake -f docker-bake.hcl
is "$(cat out/2/out | tr '\n' ' ')" "changed 1 "
is "$(head -1 out/7/out)" "service 7"
echo 'RUN false' >>svc4/Dockerfile
refuse "[svc4 stage-0 6/6] RUN false" "svc4/Dockerfile:6" -- slipway bake -f docker-bake.hcl
