function "tag" {
  params = [name, version]
  result = "registry.example/${name}:${version}"
}
function "wrap" {
  params = [text]
  result = "<${tag(text, VERSION)}>"
}
variable "VERSION" { default = "1.0" }
target "one" {
  tags    = [tag("one", VERSION)]
  args    = { x = "from one", y = join(",", target.two.platforms) }
  context = "./one"
}
target "two" {
  context   = target.one.context
  platforms = ["linux/amd64", "linux/arm64"]
  args      = merge(target.one.args, { z = wrap("two") })
  tags      = concat(target.one.tags, ["two:${VERSION}"])
}
group "default" { targets = ["one", "two"] }
