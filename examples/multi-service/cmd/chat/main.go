// chat answers as politely as it can.
package main

import "example.com/multi-service/internal/line"

func main() {
	line.Serve(func(said string) string { return "you said " + said })
}
