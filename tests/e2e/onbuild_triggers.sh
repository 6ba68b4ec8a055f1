# ONBUILD of a base runs first in the stage built from it, and is gone from the result.
# as: root user
echo data >payload
base=$(unique base)
printf 'FROM busybox\nONBUILD COPY payload /triggered\nONBUILD RUN cat /triggered >/ran\n' >Base
build -f Base --push -t "$base" .
printf 'FROM %s\nRUN cat /ran >/after\n' "$base" >Dockerfile
build -o type=oci,dest=app.tar .
unpacked oci-archive:app.tar
is "$(cat "$root/after")" data
is "$(config oci-archive:app.tar | jq -c '.config.OnBuild // []')" '[]'
