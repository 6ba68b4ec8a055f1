// The smallest service with a dependency. It prints with the runtime's println, since each package more is
// compiled under emulation in two of the Dockerfiles.
package main

import (
	"runtime"

	"github.com/cespare/xxhash/v2"
)

func main() {
	println("ops-service", runtime.GOARCH, xxhash.Sum64String("ops-service"))
}
