// user greets, and says which architecture it was compiled for.
package main

import (
	"runtime"

	"example.com/multi-service/internal/line"
)

func main() {
	line.Serve(func(name string) string { return "hello " + name + " from " + runtime.GOARCH })
}
