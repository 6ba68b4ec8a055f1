# A machine that is killed while it pushes and runs again, two that finish at once, disagreement, ids, ending a join.
# as: root user
mkdir small big
echo x >small/file
head -c 150000000 /dev/urandom >big/file
printf 'FROM scratch\nCOPY file /file\n' | tee small/Dockerfile >big/Dockerfile
name=$(unique app)
machine() { # PLATFORM TAG CONTEXT ARGS...
  SLIPWAY_HOME=$HOME/store-${1##*/} slipway build --progress plain --join=7 --join-expect linux/amd64,linux/arm64 --push -t "$name:$2" --platform "$1" "${@:4}" "$3"
}
# Killed in the middle of its push: nothing is registered; run again, it finishes.
run machine linux/amd64 killed small
SLIPWAY_HOME=$HOME/store-arm64 "$SLIPWAY" build --progress plain --join=7 --join-expect linux/amd64,linux/arm64 --push \
  -t "$name:killed" --platform linux/arm64 big >"$TMPDIR/log" 2>&1 &
pid=$!
until grep -q 'pushing image' "$TMPDIR/log"; do kill -0 $pid || fail "it ended early"; read -rt 0.1 <> <(:) || true; done
kill -9 $pid
wait $pid 2>/dev/null || true
run slipway join "$name:killed"
says "linux/arm64" "missing"
run machine linux/arm64 killed big
says "published $name:killed"
is "$(skopeo inspect --raw --tls-verify=false "docker://$name:killed" | jq -c '[.manifests[].platform.architecture]')" '["amd64","arm64"]'
# Two at once.
machine linux/amd64 both small >"$TMPDIR/log1" 2>&1 & one=$!
machine linux/arm64 both small >"$TMPDIR/log2" 2>&1 & two=$!
wait $one && wait $two || fail "$(cat "$TMPDIR/log1" "$TMPDIR/log2")"
grep -q "published $name:both" "$TMPDIR/log1" "$TMPDIR/log2" || fail "nobody published"
is "$(skopeo inspect --raw --tls-verify=false "docker://$name:both" | jq -c '[.manifests[].platform.architecture]')" '["amd64","arm64"]'
# Mistakes are said before anything is built.
refuse "which platforms" -- slipway build --join=7 --push -t "$name:x" small
refuse "nothing is pushed" -- slipway build --join=7 --join-expect "linux/$(native)" -t "$name:x" small
refuse "nothing tells which builds belong together" -- slipway build --join --join-expect "linux/$(native)" --push -t "$name:x" small
run machine linux/amd64 part small
refuse "do not agree on the platforms" "--abandon" -- slipway build --join=7 --join-expect linux/arm64 --push -t "$name:part" --platform linux/arm64 small
refuse "same order" -- slipway build --join=7 --join-expect linux/arm64,linux/amd64 --push -t "$name:part" --platform linux/arm64 small
# Ended by hand.
refuse "lacks linux/arm64" -- slipway join --finish "$name:part"
run slipway join --finish --partial "$name:part"
says "published, incomplete,"
run slipway join --format json "$name:part"
is "$(jq -c '.joins[0] | [.id, .complete, .published]' "$TMPDIR/last-output")" '["7",false,true]'
run slipway join --abandon "$name:part"
refuse "no machine has joined" -- slipway join "$name:part"
# The id comes from the CI run, else from the commit.
GITHUB_RUN_ID=42 GITHUB_JOB=arm run slipway build --join --join-expect "linux/amd64,linux/arm64" --push -t "$name:ci" --platform linux/arm64 small
run slipway join "$name:ci"
says github-42 "github job arm on"
repository small
run slipway build --join --join-expect "linux/amd64,linux/arm64" --push -t "$name:git" --platform linux/arm64 small
says "as git-$(git -C small rev-parse HEAD)"
# The workflow to copy is one that lint has nothing against.
run slipway lint "$PUBLIC/examples/join/github-actions.yml"
