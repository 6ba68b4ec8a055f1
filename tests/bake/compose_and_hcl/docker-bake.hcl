target "api" {
  args      = { B = "2" }
  platforms = ["linux/arm64"]
}
target "extra" { inherits = ["api"] }
group "default" { targets = ["api", "extra"] }
