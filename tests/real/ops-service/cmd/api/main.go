// The smallest service with a dependency, and none that takes long to compile: in two of the Dockerfiles the
// compiler runs under emulation.
package main

import (
	"runtime"

	"github.com/dgryski/go-rendezvous"
)

func hash(text string) (sum uint64) {
	for _, letter := range []byte(text) {
		sum = sum*31 + uint64(letter)
	}
	return sum
}

func main() {
	nodes := rendezvous.New([]string{"one", "two", "three"}, hash)
	println("ops-service for", runtime.GOARCH, "asks node", nodes.Lookup("ops"))
}
