package main

import (
	"encoding/json"
	"net/http"
	"runtime"
)

// version is set by the linker (see Dockerfile).
var version = "dev"

type greeting struct {
	Message string `json:"message"`
	Version string `json:"version"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(greeting{"hello from a container", version, runtime.GOOS, runtime.GOARCH})
	})
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("/arch", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(runtime.GOARCH + "\n"))
	})
	return mux
}
