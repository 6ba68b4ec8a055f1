# --progress rawjson prints one JSON document a line and nothing else.
# as: root
printf 'FROM busybox\nRUN echo said-by-step\n' >Dockerfile
run slipway build --progress rawjson .
jq -ce . "$out" >/dev/null || fail "not JSON lines"
jq -r '.logs[]?.data' "$out" | base64 -d | grep -q said-by-step || fail "the step's output is missing"
