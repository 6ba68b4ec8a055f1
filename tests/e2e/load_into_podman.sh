# --load hands the image to podman.
# as: user
require podman
mkdir -p "$HOME/.config/containers"
printf '[storage]\ndriver = "vfs"\n' >"$HOME/.config/containers/storage.conf"
trap 'podman system migrate >/dev/null 2>&1 || true' EXIT
printf 'FROM busybox\nLABEL loaded=yes\n' >Dockerfile
build --load -t loaded:1 .
is "$(podman image inspect docker.io/library/loaded:1 --format '{{.Labels.loaded}}')" yes
