# Which builds a change concerns: only what the needed steps really read counts.
# as: user
export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t
mkdir -p api web lib docs && for d in api web lib docs; do echo 1 | tee $d/README.md >$d/f; done
printf 'FROM busybox AS test\nCOPY docs /\nFROM busybox\nCOPY lib/*.c lib/f /lib/\nCOPY api /app\n' >api/Dockerfile
printf 'FROM busybox\n# words\nRUN --mount=source=lib,target=/lib2 cat /lib2/f\nCOPY --exclude=*.md --exclude=Dockerfile web /\n' >web/Dockerfile
echo 'api/*.log' >.dockerignore
cat >docker-bake.hcl <<'HCL'
group "default" { targets = ["api", "web", "top"] }
target "api" { dockerfile = "api/Dockerfile" }
target "web" {
  dockerfile = "web/Dockerfile"
  args       = { V = "1" }
}
target "top" {
  contexts          = { base = "target:web" }
  dockerfile-inline = "FROM base\n"
}
HCL
git init -q . && git add -A && git commit -qm one
affected() { slipway changed --since HEAD --format json "$@" | jq -r '[.include[].target] | join(" ")'; }
is "$(affected)" ""
echo 2 | tee docs/f web/README.md api/x.log >other && is "$(affected)" ""
echo 2 >lib/f && is "$(affected)" "api top web"
run slipway changed --since HEAD && says "lib/f changed (Dockerfile:4)" "the target web" "3 of 3 builds are affected"
git reset -q --hard && git mv api/f api/g && is "$(affected)" api
git reset -q --hard && echo new >web/new && is "$(affected)" "top web"
rm web/new && sed -i 's/# words/# other words/' web/Dockerfile && is "$(affected)" ""
sed -i 's/cat/ls/' web/Dockerfile && is "$(affected)" "top web"
git checkout -q . && rm .dockerignore && is "$(affected)" api
git checkout -q . && sed -i 's/= "1"/= "2"/' docker-bake.hcl && is "$(affected)" "top web"
run slipway changed --since HEAD && says "args changed in docker-bake.hcl"
git checkout -q . && rm api/f && is "$(affected)" api
git checkout -q . && mkdir new && printf 'FROM busybox\n' >new/Dockerfile && is "$(cd new && affected)" Dockerfile
echo 2 >web/f && is "$(affected web/Dockerfile --context .)" web/Dockerfile
refuse "there is no revision" -- slipway changed --since nope
