# --max-store: after each build the store takes no more than that, as du counts; what was dear stays, images are whole.
# as: root user nosub
limit=$((64 << 20))
disk() { slipway du --format json | jq .total; }
bounded() { build --max-store 64m "$@"; (($(disk) <= limit)) || fail "the store takes $(disk), more than $limit: $*"; }
# A dear step with a small result, then much that is cheap.
printf 'FROM busybox\nRUN sleep 2; cat /proc/sys/kernel/random/uuid >/dear\n' >dear
bounded -f dear -o dear1 .
for n in 1 2 3 4 5 6 7 8 9; do
  head -c 5000000 /dev/urandom >file
  printf 'FROM busybox\nCOPY file /file\nRUN cat /file >/copy\nRUN --mount=type=cache,target=/c cat /file >/c/f && : %s\n' "$n" >Dockerfile
  bounded -t "app:$n" .
  slipway verify "app:$n" >/dev/null
done
# Images may take half of it, the newest first.
run slipway images && says "app:9" && says_not "app:1 "
bounded -f dear -o dear2 .
says CACHED
is "$(cat dear2/dear)" "$(cat dear1/dear)"
# A rebuild of what went is right.
bounded -o out . && cmp out/file file && cmp out/copy file
run slipway du --verbose && says "REBUILD" "RUN /bin/sh -c sleep 2"
# What has to stay is said, and kept.
SLIPWAY_MAX_STORE=1m build -t app:big .
says "more than the 1.05 MB" "what was just built"
run slipway verify app:big
# du counts its own lease and scratch folder, too.
if [[ $WHO == root ]]; then difference=$(($(disk) - $(du -s -B1 "$SLIPWAY_HOME" | cut -f 1))) && ((difference >= 0 && difference <= 16384)) || fail "du is off by $difference"; fi
refuse "is no size" -- slipway build --max-store much .
