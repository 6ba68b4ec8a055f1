# Damaged blobs, ledgers, caches of newer programs and of others: a warning, and the step runs.
# as: root user
dockerfile <<'EOF'
FROM busybox
RUN head -c 100000 /dev/urandom | sha256sum >/sum && head -c 1000000 /dev/zero >/zeros
RUN sha256sum /sum >/again
EOF
good() { build "$@" -o type=local,dest=files . && (cd files && sha256sum sum | cut -d ' ' -f 1 | diff -q - <(cut -d ' ' -f 1 again)); }
spoil() { rm -rf cache && cp -r kept cache; }
on one
good --cache-to "type=local,dest=$PWD/kept"
layers=$(jq -r '.layers[].digest' kept/blobs/sha256/"$(jq -r '.manifests[0].digest' kept/index.json | cut -d : -f 2)" | cut -d : -f 2)
ledger=$(jq -r '.config.digest' kept/blobs/sha256/"$(jq -r '.manifests[0].digest' kept/index.json | cut -d : -f 2)" | cut -d : -f 2)
for layer in $layers; do
  spoil && printf X | dd of="cache/blobs/sha256/$layer" bs=1 seek=20 conv=notrunc status=none
  on "flipped-$layer" && good --cache-from "type=local,src=$PWD/cache" && says "runs again"
  spoil && rm "cache/blobs/sha256/$layer"
  on "lost-$layer" && good --cache-from "type=local,src=$PWD/cache" && says "runs again"
  # An export repairs it.
  good --cache-from "type=local,src=$PWD/cache" --cache-to "type=local,dest=$PWD/cache"
  on "repaired-$layer" && good --cache-from "type=local,src=$PWD/cache" && says_not "runs again"
done
spoil && truncate -s 100 "cache/blobs/sha256/$ledger"
on cut && good --cache-from "type=local,src=$PWD/cache" && says "is not used"
echo '{"manifests": 7' >cache/index.json
on no-index && good --cache-from "type=local,src=$PWD/cache" --cache-to "type=local,dest=$PWD/cache" && says "is not used" "written anew"
on anew && good --cache-from "type=local,src=$PWD/cache" && says cached
# A newer program's: neither used nor written over.
python3 "$PUBLIC/newer_cache.py" kept newer
before=$(find newer -type f -exec sha256sum {} + | sort)
on newer && good --cache-from "type=local,src=$PWD/newer" --cache-to "type=local,dest=$PWD/newer" && says "newer slipway" "was not exported"
is "$(find newer -type f ! -path '*/.slipway/*' -exec sha256sum {} + | sort)" "$(grep -v /.slipway/ <<<"$before")"
refuse "newer slipway" -- slipway build --cache-to "type=local,dest=$PWD/newer,ignore-error=false" .
mkdir full && echo mine >full/file
refuse "other things" -- slipway build --cache-to "type=local,dest=$PWD/full,ignore-error=false" .
