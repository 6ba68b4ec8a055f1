target "app" {
  args = { A = "1" }
  tags = ["a"]
  output = ["type=local,dest=out"]
  secret = ["id=s,env=S"]
}
target "api" { output = ["type=image,name=x"] }
target "db" {}
