variable "V" { default = "2" }
target "default" {
  args       = { B = "2" }
  tags       = ["c"]
  cache-from = ["type=local,src=two"]
}
