// What expressions and templates can do.
variable "NAME" { default = "wörld" }
variable "ON" { default = true }
variable "NUM" { default = 7 }
variable "EMPTY" {}
variable "NOTHING" { default = null }

list  = ["x", "y", "z"]
items = [{ name = "a", port = 80 }, { name = "b", port = 443 }]
map   = { "quoted key" : "v", (upper("k")) = 1, plain = true, }

target "default" {
  args = {
    text         = "hello ${NAME}!"
    escapes      = "tab\there \"quotes\" back\\slash \u00e9 $${not} %%{not}"
    number       = NUM
    boolean      = ON
    empty        = EMPTY
    null         = NOTHING
    sum          = "${NUM + 3 * 2 - 10 % 4}"
    parens       = (NUM + 3) * 2
    divide       = 10 / 4
    third        = NUM / 2.5
    negative     = -NUM
    compare      = NUM >= 7 && !(NUM < 3) || false
    equal        = NUM == 7 ? "seven" : "other"
    nested       = NUM > 10 ? "big" : NUM > 5 ? "middle" : "small"
    strings      = "a" == "a"
    notequal     = NAME != ""
    index        = list[1]
    legacy       = list.2
    member       = map.plain
    bracket      = map["quoted key"]
    computed     = map.K
    for_list     = join(",", [for v in list : upper(v)])
    for_index    = join(",", [for i, v in list : "${i}${v}"])
    for_if       = join(",", [for v in list : v if v != "y"])
    for_object   = jsonencode({ for v in list : v => upper(v) })
    for_group    = jsonencode({ for v in ["aa", "ab", "b"] : substr(v, 0, 1) => v... })
    for_map      = join(",", [for k, v in { b = 1, a = 2 } : "${k}=${v}"])
    splat        = join(",", items[*].name)
    attr_splat   = join(",", items.*.name)
    splat_index  = jsonencode(items[*].port)
    splat_single = jsonencode(NAME[*])
    splat_null   = jsonencode(NOTHING[*])
    if_else      = "%{if ON}yes%{else}no%{endif}"
    if_only      = "a%{if !ON}hidden%{endif}b"
    for_text     = "%{for v in list}[${v}]%{endfor}"
    strip        = "a  ${~NAME~}  b"
    strip_for    = "x %{~for v in list~} ${v} %{~endfor~} y"
    spread       = max([1, 5, 3]...)
    heredoc      = <<EOT
first ${NAME}
  second "quoted" \n
EOT
    indented     = <<-EOT
      one
        two
      three
    EOT
    multi = [
      "a", # a comment
      "b", /* another */
    ][1]
  }
}
