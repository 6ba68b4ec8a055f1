variable "V" { default = "1" }
target "default" {
  args      = { A = "1", V = V }
  tags      = ["a", "b"]
  platforms = ["linux/amd64"]
  cache-from = ["type=local,src=one"]
}
group "g" { targets = ["default"] }
