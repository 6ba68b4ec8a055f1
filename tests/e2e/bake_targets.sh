# Targets that are made of each other, overrides, entitlements, --print, --list, --call and mistakes.
# as: user nosub
cat >docker-bake.hcl <<'HCL'
variable "WORD" { default = "hello" }
target "base" {
  dockerfile-inline = "FROM busybox\nARG WORD\nENV GREETING=$WORD\nRUN echo $WORD >/word\n"
  args              = { WORD = WORD }
}
target "app" {
  contexts          = { base = "target:base" }
  dockerfile-inline = "FROM base\nRUN echo $GREETING again >>/word\n"
  output            = ["type=local,dest=out"]
}
target "copy" {
  contexts          = { files = "target:base" }
  dockerfile-inline = "FROM scratch\nCOPY --from=files /word /\n"
  output            = ["type=local,dest=copied"]
}
HCL
run slipway bake --progress plain app copy
is "$(tr '\n' ' ' <out/word)" "hello hello again "
is "$(cat copied/word)" hello
is "$(grep -o '\[base .*RUN echo' "$out" | sort -u | wc -l)" 1
WORD=env run slipway bake copy && is "$(cat copied/word)" env
run slipway bake copy --set base.args.WORD=set && is "$(cat copied/word)" set
run slipway bake app --var WORD=var --print && says '"WORD": "var"' '"base": "target:base"'
run slipway bake --list variables && says WORD
run slipway bake app --call check && says "no warnings found"
run slipway bake app --set base.platform=linux/amd64,linux/arm64 --print && says linux/arm64
refuse "did you mean app?" -- slipway bake ap
refuse "--allow=fs.read=.." -- slipway bake app --set app.contexts.up=..
refuse "--allow=network.host" -- slipway bake app --set app.network=host
echo 'target "broken" { context = noo(1) }' >>docker-bake.hcl
refuse "docker-bake.hcl:16:" "there is no function" "did you mean not?" -- slipway bake app
