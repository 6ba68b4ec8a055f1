# A base image that lacks the wanted platform: the error lists those it has.
# as: root
printf 'FROM busybox\n' >Dockerfile
refuse linux/s390x linux/amd64 linux/arm64 busybox Dockerfile:1 -- slipway build --platform linux/s390x .
refuse "not a platform" solaris-on-a-stick -- slipway build --platform solaris-on-a-stick .
