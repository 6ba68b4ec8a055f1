// Stands in for an SSH server: it says where it would listen, and which architecture it was compiled for.
package main

import (
	"runtime"

	"github.com/dgryski/go-rendezvous"
)

func main() {
	hosts := rendezvous.New([]string{"host-a", "host-b"}, func(key string) uint64 { return uint64(len(key)) })
	println("ssh server for", runtime.GOARCH, "on port 2222, user goes to", hosts.Lookup("user"))
}
