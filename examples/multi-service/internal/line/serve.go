// Package line serves a line of text for a line of text over TCP: what the services have in common.
package line

import (
	"bufio"
	"log"
	"net"
	"os"
)

// Serve listens on $PORT and answers every line with what `answer` makes of it.
func Serve(answer func(string) string) {
	listener, err := net.Listen("tcp", ":"+os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on %s", listener.Addr())
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer connection.Close()
			for lines := bufio.NewScanner(connection); lines.Scan(); {
				if _, err := connection.Write([]byte(answer(lines.Text()) + "\n")); err != nil {
					return
				}
			}
		}()
	}
}
