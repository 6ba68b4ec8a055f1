group "default" {
  targets = ["app-1_0-lint", "app-2_1-lint", "app-1_0-build", "app-2_1-build", "tools"]
}
variable "VERSIONS" { default = ["1.0", "2.1"] }
target "app" {
  name = "app-${sanitize(version)}-${item.tgt}"
  matrix = {
    version = VERSIONS
    item    = [{ tgt = "lint", cached = true }, { tgt = "build", cached = false }]
  }
  target   = item.tgt
  no-cache = !item.cached
  tags     = ["app:${version}-${item.tgt}"]
}
target "tools" {
  name    = sanitize("tool.${t}")
  matrix  = { t = ["a", "b"] }
  inherits = ["_base"]
}
target "_base" { labels = { maintainer = "x" } }
