# A disk that fills up: a clear error, and the store is usable once there is room again.
# as: root
# label: slow
unshare --mount bash -euo pipefail -c '
source "$PUBLIC/lib.sh"
mkdir "$SLIPWAY_HOME" && mount -t tmpfs -o size=24m tmpfs "$SLIPWAY_HOME"
printf "FROM busybox\nRUN echo small >/small\nRUN dd if=/dev/urandom of=/big bs=1M count=40\n" >Dockerfile
refuse "No space left" Dockerfile:3 -- "$SLIPWAY" build --progress plain .
head -c 40000000 /dev/urandom >big
printf "FROM busybox\nRUN echo small >/small\nCOPY big /big\n" >Other
refuse "No space left" -- "$SLIPWAY" build --progress plain -f Other -t app:1 .
mount -o remount,size=200m "$SLIPWAY_HOME"
build -f Other -t app:1 -o type=oci,dest=app.tar .
run skopeo inspect oci-archive:app.tar
'
