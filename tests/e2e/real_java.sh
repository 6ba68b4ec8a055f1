# Maven downloads plug-ins and libraries once; one jar runs on the Java runtime of each platform.
# as: root
# label: slow
require_image maven eclipse-temurin
build_online --platform linux/amd64,linux/arm64 -o type=oci,dest=app.tar "$PUBLIC/examples/java-maven"
says_not "[linux/arm64 build"
is "$(ask oci-archive:app.tar amd64 /arch)" amd64
is "$(ask oci-archive:app.tar arm64 /arch)" aarch64
# The layers that the jar and its libraries are in are the same on both.
is "$(layers oci-archive:app.tar amd64 | tail -n 2)" "$(layers oci-archive:app.tar arm64 | tail -n 2)"
