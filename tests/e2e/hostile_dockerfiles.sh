# Garbage, a line that is too long, ten megabytes: an error or a result, quickly, never a crash.
# as: nosub
head -c 1000000 /dev/urandom >Dockerfile
refuse Dockerfile -- slipway build .
head -c 100000 /dev/zero >Dockerfile
refuse Dockerfile -- slipway build .
{ echo 'FROM scratch'; printf 'LABEL a='; head -c 70000 /dev/zero | tr '\0' x; } >Dockerfile
refuse "65535" -- slipway build .
{ echo 'FROM scratch'; seq 600000 | sed 's/.*/LABEL key=value/'; } >Dockerfile
refuse "more than 100000 instructions" -- slipway build .
{ echo 'FROM scratch'; seq 200000 | sed 's/^/# a comment of some length, to fill ten megabytes: /'; echo 'LABEL a=b'; } >Dockerfile
build -o type=oci,dest=big.tar .
{ echo 'FROM scratch'; printf 'ONBUILD %.0s' {1..2000}; echo 'RUN x'; } >Dockerfile
refuse ONBUILD -- slipway build .
