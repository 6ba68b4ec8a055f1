# All services at once:  slipway bake --set '*.platform=linux/amd64,linux/arm64'
# What they share (the modules, the compiled library) is built once.
variable "REGISTRY" { default = "registry.example" }
variable "TAG" { default = "1" }

target "default" {
  name   = service
  matrix = { service = ["board", "chat", "user"] }
  args   = { SERVICE = service }
  tags   = ["${REGISTRY}/${service}:${TAG}"]
}
