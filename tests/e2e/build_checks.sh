# The checks in text and JSON with buildx's exit codes; a build lists them at its end, error=true makes them fail it.
# as: nosub
printf 'FROM busybox AS Base\nCMD echo $HOME\nENV A=$B\n' >Dockerfile
exits() {
  local wanted=$1 code=0
  shift
  "$@" >"$out" 2>"$out.err" || code=$?
  is "$code" "$wanted"
}
exits 1 slipway build --check .
says "Check complete, 3 warnings have been found!" "WARNING: StageNameCasing - docs/rules/stage-name-casing.md" \
  "Stage name 'Base' should be lowercase" "   2 | >>> CMD echo" "Usage of undefined variable '\$B'"
exits 0 slipway build --call=check,ignorestatus=true .
exits 1 slipway build --call=check,format=json .
is "$(jq -r '[.warnings[] | .ruleName + ":" + (.location.ranges[0].start.line | tostring)] | join(" ")' "$out")" \
  "StageNameCasing:1 JSONArgsRecommended:2 UndefinedVar:3"
is "$(jq -r '.sources[0].data' "$out" | base64 -d)" "$(cat Dockerfile)"
exits 0 slipway build --check --build-arg BUILDKIT_DOCKERFILE_CHECK=skip=all .
says "Check complete, no warnings found."
BUILDX_METADATA_WARNINGS=1 build --metadata-file meta.json .
says "warnings found (use --debug to expand):" " - UndefinedVar: Usage of undefined variable '\$B' (line 3)"
is "$(jq -r '."buildx.build.warnings"[0].short' meta.json | base64 -d)" \
  "StageNameCasing: Stage name 'Base' should be lowercase (line 1)"
build --debug .
says "More info: docs/rules/undefined-var.md" " 3 | >>> ENV A="
slipway build --progress=rawjson . 2>&1 | jq -r '.warnings[]?.url' | sort >urls
is "$(head -1 urls)" docs/rules/json-args-recommended.md
sed -i '1i# check=error=true;skip=StageNameCasing' Dockerfile
refuse "lint violation found for rules: JSONArgsRecommended, UndefinedVar" -- slipway build .
exits 1 slipway build --check .
says "Check complete, 2 warnings have been found!"
sed -i 's/^CMD/# check=skip=JSONArgsRecommended\nCMD/; s/\$B/x/' Dockerfile
exits 0 slipway build --check .
