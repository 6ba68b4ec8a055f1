# The words that scenarios are written in. Sourced by run_scenario.sh with set -euo pipefail, in an empty
# folder; $SLIPWAY_HOME is an empty store, $REGISTRY a loopback registry which also stands for docker.io.
out=$TMPDIR/last-output

fail() {
  echo "FAILED: $*"
  if [[ -s $out ]]; then
    echo "--- output of the last command:"
    tail -n 60 "$out"
  fi
  exit 1
}

slipway() { "$SLIPWAY" "$@"; }

# run COMMAND...: it must succeed; what it printed is kept for says.
run() { "$@" >"$out" 2>&1 || fail "exit code $? of: $*"; }

# build ARGS...: slipway build with plain progress; it must succeed.
build() { run slipway build --progress plain "$@"; }

# build_online ARGS...: build, for RUN steps that download: they get this machine's proxies, if it has any ($online)
online=()
while read -r name; do online+=(--build-arg "$name"); done < <(env | sed -nE 's/^((https?|no)_proxy)=.*/\1/pI')
build_online() { build "${online[@]}" "$@"; }

# refuse TEXT... -- COMMAND...: it must end with an error of its own (not a crash) that has all the texts.
refuse() {
  local texts=() code=0
  while [[ $1 != -- ]]; do texts+=("$1"); shift; done
  shift
  "$@" >"$out" 2>&1 || code=$?
  ((code != 0)) || fail "should have failed: $*"
  ((code < 126)) || fail "crashed with exit code $code: $*"
  says "${texts[@]}"
}

says() { local text; for text in "$@"; do grep -qiF -- "$text" "$out" || fail "the output lacks: $text"; done; }
says_not() { local text; for text in "$@"; do ! grep -qiF -- "$text" "$out" || fail "the output has: $text"; done; }

# is GOT WANTED
is() { [[ $1 == "$2" ]] || fail "got «$1», wanted «$2»"; }

# dockerfile <<EOF: writes ./Dockerfile
dockerfile() { cat >Dockerfile; }

# config IMAGE [ARCH]: the config document of an image that skopeo can read (oci:F, oci-archive:F ...)
config() { skopeo --override-os linux --override-arch "${2:-$(native)}" inspect --config --raw "$1"; }
native() { dpkg --print-architecture; }
foreign() { [[ $(native) == amd64 ]] && echo arm64 || echo amd64; }

# layers IMAGE [ARCH]: the digests of its layers, one a line
layers() { skopeo --override-os linux --override-arch "${2:-$(native)}" inspect "$1" | jq -r '.Layers[]'; }

# unpacked IMAGE [ARCH]: unpacks it with umoci and sets $root to the root filesystem
unpacked() {
  local folder rootless=()
  [[ $(id -u) == 0 ]] || rootless=(--rootless)
  folder=$(mktemp -d)
  skopeo --override-os linux --override-arch "${2:-$(native)}" copy -q "$1" "oci:$folder/layout:image" ||
    fail "skopeo cannot read $1"
  umoci unpack "${rootless[@]}" --image "$folder/layout:image" "$folder/bundle" >"$out" 2>&1 ||
    fail "umoci cannot unpack $1"
  root=$folder/bundle/rootfs
}

# start IMAGE [ARCH] [COMMAND...]: runs the image's program, or COMMAND in it, and prints its output
start() { python3 "$PUBLIC/run_image.py" "$1" "linux/${2:-$(native)}" "${@:3}"; }

# ask IMAGE ARCH PATH [COMMAND...]: starts a server with a free $PORT, prints what it answers, ends it
ask() {
  local port server
  port=$(free_port)
  install -m 666 /dev/null "$TMPDIR/server-output" # some programs open /dev/stdout anew, as the image's user
  python3 "$PUBLIC/run_image.py" --env "PORT=$port" "$1" "linux/$2" "${@:4}" >"$TMPDIR/server-output" 2>&1 &
  server=$!
  curl -sf --retry 240 --retry-delay 1 --retry-connrefused "http://127.0.0.1:$port$3" ||
    { echo "no answer from the $2 image:"; cat "$TMPDIR/server-output"; } >&2
  kill "$server" 2>/dev/null && wait "$server" || true
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# elf FILE: the architecture of a program
elf() { case $(od -An -tu2 -j18 -N2 "$1") in *62) echo amd64 ;; *183) echo arm64 ;; *) echo "no program" ;; esac; }

# on MACHINE: what follows runs there: a machine is a store of its own, empty at first
on() { export SLIPWAY_HOME=$HOME/machine-$1; }

# blobs: how many bytes of blobs the store of this machine holds
blobs() { find "$SLIPWAY_HOME/blobs" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum + 0 }'; }

# unique NAME: a repository of the registry that nobody else uses
unique() { echo "$REGISTRY/$1-$(basename "$SCENARIO" | tr '[:upper:]' '[:lower:]' | tr '._' '-')"; }

# server COMMAND...: starts a server that prints its port first; sets $url. It ends with the scenario.
servers=()
server() {
  exec {answer}< <(exec "$@")
  servers+=($!)
  trap 'kill "${servers[@]}" 2>/dev/null || true; wait "${servers[@]}" 2>/dev/null || true' EXIT
  read -r port <&"$answer"
  url=http://127.0.0.1:$port
}

# serve FOLDER: serves files over HTTP on the loopback interface; sets $url
serve() {
  server python3 -u -c '
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
print(server.server_address[1], flush=True)
sys.stdout = sys.stderr
server.serve_forever()' "$1"
}

# serve_git FOLDER [AUTHORIZATION]: serves the git repositories below it, to everybody or to who sends that header
# ("token:T" for GIT_AUTH_TOKEN=T); sets $url
serve_git() { server python3 -u "$PUBLIC/git_server.py" "$@"; }

# repository FOLDER: makes a git repository of it, or commits what changed in it
repository() {
  run git -C "$1" -c init.defaultBranch=main init -q
  run git -C "$1" add -A
  run git -C "$1" -c user.name=n -c user.email=e commit -qm message
}

# require COMMAND...: skips the scenario where a tool is not there
require() { local tool; for tool in "$@"; do command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }; done; }

# require_image NAME...: skips the scenario where a base image could not be made
require_image() {
  local name
  for name in "$@"; do
    curl -sf -o "$TMPDIR/tags" "http://$REGISTRY/v2/library/$name/tags/list" || { echo "skipped: no base image $name"; exit 77; }
  done
}
