# cargo with crates from the registry, compiled on the build platform for each target.
# as: root
# label: slow
require_image rust
build_online --platform linux/amd64,linux/arm64 -o type=oci,dest=app.tar "$PUBLIC/examples/rust-cli"
says "Compiling itoa" "Compiling humantime"
is "$(start oci-archive:app.tar amd64 rust-cli 3661)" "3661s = 1h 1m 1s"$'\nx86_64'
is "$(start oci-archive:app.tar arm64 rust-cli 3661)" "3661s = 1h 1m 1s"$'\naarch64'
