# Over random edits of a small context, builds with travelling caches give exactly what clean builds give.
# as: user
# label: slow
mkdir -p ctx/dir
cat >ctx/Dockerfile <<'EOF'
FROM busybox AS tools
COPY tools /tools
RUN sort /tools >/sorted && md5sum /sorted >/sum
FROM busybox AS build
WORKDIR /src
COPY dir ./dir
RUN --mount=type=bind,from=tools,source=/sorted,target=/t cat /t dir/* >all
COPY main .
RUN cat all main | tee out | md5sum >sum
FROM busybox
COPY --from=tools /sum /tools-sum
COPY --from=build --chmod=640 /src/out /src/sum /app/
RUN cat /app/* /tools-sum >/everything
EOF
RANDOM=${SEED:-$$}; echo "SEED=$RANDOM"
edit() { echo $((RANDOM % 3)) >"ctx/$1"; }
for file in tools main dir/a dir/b; do edit $file; done
caches=(type=local,dest="$PWD/cache" "type=registry,ref=$(unique cache):1")
for round in $(seq 12); do
  file=$(shuf -n 1 -e tools main dir/a dir/b dir/c --random-source=<(yes $RANDOM))
  if ((RANDOM % 6 == 0)) && [[ $file == dir/[bc] ]]; then rm -f "ctx/$file"; else edit "$file"; fi
  to=${caches[RANDOM % 2]} mode=$((RANDOM % 2))
  args=(--cache-to "$to,mode=$([[ $mode == 0 ]] && echo min || echo max),max-size=$((RANDOM % 3 * 20 + 1))kB")
  for cache in "${caches[@]}"; do ((RANDOM % 3)) && args+=(--cache-from "${cache/dest=/src=}"); done
  on "runner-$((RANDOM % 3))-$((round / 4))"
  build "${args[@]}" -o type=oci,tar=false,dest=cached-"$round" ctx
  on "clean-$round"
  build -o type=oci,tar=false,dest=clean-"$round" ctx
  is "$(jq -r '.manifests[0].digest' "cached-$round/index.json")" "$(jq -r '.manifests[0].digest' "clean-$round/index.json")"
done
