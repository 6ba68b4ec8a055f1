# A git server that never answers: Ctrl-C ends the build, and the git programs with it.
# as: root nosub
require git
server python3 -u -c '
import socket
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
connections = []
while True:
    connections.append(listening.accept())
    open("asked", "w").close()'
"$SLIPWAY" build --progress plain "$url/app.git" >"$out" 2>&1 &
build_pid=$!
until [[ -e asked ]]; do kill -0 "$build_pid" || fail "the build ended early"; read -rt 0.1 <> <(:) || true; done
kill -INT "$build_pid"
code=0
timeout 20 tail --pid="$build_pid" -f /dev/null || fail "still running 20 s after the interrupt"
wait "$build_pid" || code=$?
is "$code" 130
# Their environment is git's own, so the harness would not know them.
for process in /proc/[0-9]*; do
  ! tr '\0' ' ' 2>/dev/null <"$process/cmdline" | grep -F "git" | grep -F "$url" || fail "git is still running"
done
