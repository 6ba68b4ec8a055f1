# slipway verify --nodes: which nodes of a cluster could not start the image, and why.
# as: root user
dockerfile <<'END'
FROM --platform=$BUILDPLATFORM busybox AS build
FROM busybox
COPY --from=build /bin/busybox /app
ENTRYPOINT ["/app", "true"]
END
build --platform linux/amd64,linux/arm64 --verify=warn -o type=oci,dest=app.tar .
build --platform "linux/$(native)" -t native:1 .
cat >nodes.json <<END
{"kind": "List", "items": [{"metadata": {"name": "n1"}, "status": {"nodeInfo": {"architecture": "$(native)", "operatingSystem": "linux"}}},
  {"metadata": {"name": "n2"}, "status": {"nodeInfo": {"architecture": "$(foreign)", "operatingSystem": "linux"}}}]}
END
refuse "node n2 is linux/$(foreign): exec format error predicted, /app" -- slipway verify --nodes nodes.json app.tar
says_not "node n1"
refuse "node n2 is linux/$(foreign), and the image is for linux/$(native): exec format error predicted" -- slipway verify --nodes nodes.json native:1
is "$(slipway verify --nodes nodes.json --format json native:1 | jq -r '.findings[] | select(.rule == "node-exec-format").is' | cut -d' ' -f2)" n2
build --platform "linux/$(native)" --sbom=true -o type=oci,dest=index.tar .
refuse "node n2 is linux/$(foreign), and the image has only linux/$(native): it cannot be pulled there" -- slipway verify --nodes nodes.json index.tar
echo '{"kind": "Pod"}' >pod.json
refuse "this is no list of nodes" "kubectl get nodes -o json" -- slipway verify --nodes pod.json native:1
