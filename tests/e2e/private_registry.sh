# A registry with TLS and a password: certs.d and ~/.docker/config.json are honoured, mistakes are named.
# as: root nosub
require openssl docker-registry
mkdir r && port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
run openssl req -x509 -newkey rsa:2048 -nodes -keyout r/key -out r/cert -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost
python3 -W ignore -c 'import crypt; print("me:" + crypt.crypt("word", crypt.mksalt(crypt.METHOD_BLOWFISH)))' >r/users
cat >r/config.yml <<EOF
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $PWD/r/data}}
auth: {htpasswd: {realm: test, path: $PWD/r/users}}
http: {addr: "127.0.0.1:$port", tls: {certificate: $PWD/r/cert, key: $PWD/r/key}}
EOF
docker-registry serve r/config.yml >r/log 2>&1 &
registry_pid=$!
trap 'kill $registry_pid; wait $registry_pid || true' EXIT
curl -s --cacert r/cert --retry 30 --retry-delay 1 --retry-connrefused -o r/hello "https://localhost:$port/v2/"
name=localhost:$port/team/app:1
printf 'FROM scratch\nCOPY r/cert /cert\n' >Dockerfile
mkdir -p "$HOME/.config/containers/certs.d/localhost:$port" "$HOME/.docker"
cp r/cert "$HOME/.config/containers/certs.d/localhost:$port/ca.crt"
refuse "localhost:$port" login -- slipway build --push -t "$name" .
login() { printf '{"auths":{"localhost:%s":{"auth":"%s"}}}' "$port" "$(printf %s "$1" | base64)" >"$HOME/.docker/config.json"; }
login me:wrong
refuse "localhost:$port" login -- slipway build --push -t "$name" .
login me:word
build --push -t "$name" .
printf 'FROM %s\nLABEL again=1\n' "$name" >Dockerfile
SLIPWAY_HOME=$HOME/empty build -o type=oci,dest=again.tar .
is "$(config oci-archive:again.tar | jq -r .config.Labels.again)" 1
! grep -rqF "$(printf me:word | base64)" "$SLIPWAY_HOME" "$out" || fail "the password was kept or shown"
