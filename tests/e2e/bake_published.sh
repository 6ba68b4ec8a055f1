# --skip-if-published: what the registry has under the key of its inputs is neither built nor pushed.
# as: user nosub
repo=$REGISTRY/published-$$
printf 'FROM busybox\nCOPY f /f\nRUN echo built >/out\n' >Dockerfile && echo 1 >f && echo 1 >unused
cat >docker-bake.hcl <<HCL
target "default" {
  matrix = { n = ["a", "b"] }
  name   = n
  tags   = ["$repo/\${n}:1"]
  args   = { N = n }
  output = ["type=registry"]
}
HCL
digest() { skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$repo/$1"; }
run slipway bake --progress plain --skip-if-published && says "pushed $repo/a:1" "RUN echo built"
first=$(digest a:1)
export SLIPWAY_HOME=$PWD/empty && echo 2 >unused
run slipway bake --progress plain --skip-if-published --metadata-file meta.json
says "$repo/a:1 is published ($first)" && says_not "RUN echo built"
is "$(jq -r '.a["containerimage.digest"]' meta.json)" "$first"
run slipway bake --progress plain --skip-if-published --set "a.tags=$repo/a:2" a
says "has its name now" && is "$(digest a:2)" "$first"
run slipway build --skip-if-published --build-arg N=b -t "$repo/b:3" --push . && is "$(digest b:3)" "$(digest b:1)"
echo 2 >f
run slipway bake --progress plain --skip-if-published && says "RUN echo built" "pushed"
[[ $(digest a:1) != "$first" ]] || fail "the changed image was not pushed"
run slipway bake --progress plain --skip-if-published --no-cache && says "RUN echo built"
