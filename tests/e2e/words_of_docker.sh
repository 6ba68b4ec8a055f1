# What scripts for docker have around a build: commands of one word more, config.json, variables of buildx, policies.
# as: root nosub
require git
printf 'FROM busybox\nRUN env >/env\n' >Dockerfile
for words in "buildx build" "buildx --builder default b" "--builder=x buildx build" "builder build" "image build" "-D build"; do
  # shellcheck disable=SC2086
  run slipway $words -o out .
done
refuse "no builder instances" -- slipway buildx create --use
mkdir -p "$HOME/.docker" config
echo '{"proxies": {"default": {"httpProxy": "http://of.home", "noProxy": "local"}}}' >"$HOME/.docker/config.json"
echo '{"proxies": {"default": {"httpProxy": "http://of.config"}}}' >config/config.json
proxies() { grep -i _proxy= out/env | sort | xargs; }
build --no-cache -o out .
is "$(proxies)" "HTTP_PROXY=http://of.home NO_PROXY=local http_proxy=http://of.home no_proxy=local"
DOCKER_CONFIG=config build --no-cache --build-arg No_Proxy=here -o out .
is "$(proxies)" "HTTP_PROXY=http://of.config http_proxy=http://of.config"
rm -r "$HOME/.docker" config out

repository . && git remote add origin https://user:secret@example.org/app.git
mkdir sub && printf 'FROM scratch\nLABEL a=b\n' >sub/Other
BUILDX_GIT_LABELS=1 build -f sub/Other -o type=oci,dest=app.tar .
is "$(config oci-archive:app.tar | jq -c .config.Labels)" "{\"a\":\"b\",\"com.docker.image.source.entrypoint\":\"sub/Other\",\
\"org.opencontainers.image.revision\":\"$(git rev-parse HEAD)\",\"org.opencontainers.image.source\":\"https://example.org/app.git\"}"
BUILDX_GIT_LABELS=full BUILDX_GIT_CHECK_DIRTY=1 build -f sub/Other -o type=oci,dest=app.tar .
config oci-archive:app.tar | grep -q -- '-dirty"' || fail "the changed file is not told"
build -f sub/Other -o type=oci,dest=app.tar .
is "$(config oci-archive:app.tar | jq -c .config.Labels)" '{"a":"b"}'

EXPERIMENTAL_BUILDKIT_SOURCE_POLICY=p.json refuse "source policies are not supported" -- slipway build .
refuse "policies are not supported" -- slipway build --policy filename=p.rego .
touch Dockerfile.rego
refuse "Dockerfile.rego" "--policy disabled=true" -- slipway build .
build --policy disabled=true -o out .
run slipway build --build-arg BUILDKIT_INLINE_CACHE=1 -f sub/Other .
mv sub/Other sub/dockerfile && build -f sub/Dockerfile -o out .
