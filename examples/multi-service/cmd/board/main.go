// board names the posts of a board by their content.
package main

import (
	"strconv"

	"example.com/multi-service/internal/line"
	"github.com/cespare/xxhash/v2"
)

func main() {
	line.Serve(func(post string) string { return "post " + strconv.FormatUint(xxhash.Sum64String(post), 16) })
}
