group "default" { targets = ["leaf", "other"] }
group "everything" {
  description = "all of it"
  targets     = ["default", "base"]
}
target "base" {
  context     = "./base/."
  dockerfile  = "base.Dockerfile"
  args        = { A = "base", B = "base" }
  labels      = { l = "base" }
  tags        = ["base:1"]
  cache-from  = ["type=registry,ref=c/base"]
  cache-to    = ["type=inline"]
  platforms   = ["linux/amd64"]
  secret      = ["id=s1,src=s1"]
  ssh         = ["default"]
  annotations = ["index:a=b"]
  attest      = ["type=provenance,mode=max", "type=sbom"]
  no-cache-filter = ["x"]
  ulimits     = ["nofile=1024:1024"]
  extra-hosts = { h1 = "1.2.3.4" }
  entitlements = ["network.host"]
  description = "the base"
}
target "middle" {
  inherits   = ["base"]
  args       = { B = "middle", C = null }
  cache-from = ["user/app:cache", "type=registry,ref=c/base"]
  secret     = ["id=s1,env=S", { id = "s2", src = "two" }]
  attest     = [{ type = "provenance", mode = "min" }]
}
target "leaf" {
  inherits   = ["middle", "side"]
  tags       = ["leaf:1", "leaf:1", ""]
  cache-to   = [{ type = "local", dest = "out,dir" }]
  annotations = ["manifest:c=d"]
  network    = "host"
  ulimits    = ["nproc=10"]
  extra-hosts = { h2 = "::1" }
  output     = ["type=image,push=true", { type = "local", dest = "out" }]
  no-cache-filter = ["y"]
  pull       = true
  no-cache   = false
  shm-size   = "128m"
  call       = "check"
}
target "side" {
  args       = { A = "side" }
  platforms  = ["linux/arm64", "linux/amd64"]
  target     = "final"
  dockerfile-inline = "FROM scratch\nENV A=$${B} 100%%{x}\n"
}
target "other" {
  context  = BAKE_CMD_CONTEXT
  contexts = { src = "./src", base = "target:base", img = "docker-image://alpine:3" }
  tags     = ["http://example.com/<x>&y"]
}
