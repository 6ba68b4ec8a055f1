variable "PLAIN" { default = "default" }
variable "FLAG" { default = false }
variable "COUNT" { default = 3 }
variable "TYPED" {
  type    = list(string)
  default = ["a"]
}
variable "SET" { type = set(string) }
variable "MAP" { type = map(number) }
variable "OBJ" {
  type        = object({ name = string, n = number })
  default     = { name = "x", n = 1 }
  description = "an object"
}
variable "PORT" {
  type    = number
  default = 80
  validation {
    condition     = PORT > 0 && PORT < 65536
    error_message = "PORT is no port."
  }
}
variable "FROM_OTHER" { default = "${PLAIN}-suffix" }
variable "UNSET" { type = string }
attribute = "${PLAIN}!"
target "default" {
  args = {
    plain = PLAIN
    flag  = FLAG ? "on" : "off"
    count = COUNT + 1
    typed = join("|", TYPED)
    set   = jsonencode(SET)
    map   = jsonencode(MAP)
    obj   = "${OBJ.name}${OBJ.n}"
    port  = PORT
    other = FROM_OTHER
    attr  = attribute
  }
}
