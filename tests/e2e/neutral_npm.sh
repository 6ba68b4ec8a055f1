# npm ci without scripts runs once for all platforms; not if the lock file has packages for some processors only.
# as: root
# label: slow
require_image node
both=(--platform "linux/$(native),linux/$(foreign)")
lock() { # MORE_DEPENDENCIES MORE_PACKAGES
  local root="\"name\": \"n\", \"version\": \"1.0.0\", \"dependencies\": {\"left-pad\": \"1.3.0\"}$1"
  echo "{$root}" >package.json
  echo "{\"name\": \"n\", \"version\": \"1.0.0\", \"lockfileVersion\": 3, \"requires\": true, \"packages\": {\"\": {$root}, \"node_modules/left-pad\": {\"version\": \"1.3.0\"}$2}}" >package-lock.json
}
dockerfile <<'END'
FROM node:22-bookworm-slim
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
END
lock "" ""
build_online "${both[@]}" -o type=oci,dest=app.tar .
says "shared with [linux/$(native) stage-0 4/4] RUN npm ci" "known not to ask for the platform"
is "$(layers oci-archive:app.tar amd64 | tail -n 1)" "$(layers oci-archive:app.tar arm64 | tail -n 1)"
unpacked oci-archive:app.tar "$(foreign)"
is "$(jq -r .version "$root/app/node_modules/left-pad/package.json")" 1.3.0
is "$(slipway why --slow --format json | jq '.steps | length')" 0

name=@node-rs/crc32-linux-x64-gnu
lock ", \"optionalDependencies\": {\"$name\": \"1.10.6\"}" \
  ", \"node_modules/$name\": {\"version\": \"1.10.6\", \"cpu\": [\"x64\"], \"os\": [\"linux\"], \"libc\": [\"glibc\"], \"optional\": true}"
build_online "${both[@]}" -o type=oci,dest=app.tar .
says_not "shared with ["
for arch in amd64 arm64; do
  unpacked oci-archive:app.tar "$arch"
  [[ -e $root/app/node_modules/$name/package.json ]] && echo "$arch has it" || echo "$arch does without"
done >found
is "$(cat found)" "amd64 has it
arm64 does without"
is "$(jq -r '.steps[] | select(.note) | .note' "$(ls "$SLIPWAY_HOME"/builds/*.json | tail -n 1)")" \
  "not shared with [linux/$(native) stage-0 4/4] RUN npm ci --ignore-scripts --no-audit --no-fund: /app/package-lock.json has node_modules/$name for some machines only"
