package main

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

func TestEveryRouteAnswers(t *testing.T) {
	for path, want := range map[string]string{
		"/":        `"arch":"` + runtime.GOARCH + `"`,
		"/healthz": "ok\n",
		"/arch":    runtime.GOARCH + "\n",
	} {
		answer := httptest.NewRecorder()
		routes().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), want) {
			t.Errorf("GET %s: status %d, body %q, want %q in it", path, answer.Code, answer.Body, want)
		}
	}
}

func TestUnknownPathIsNotFound(t *testing.T) {
	answer := httptest.NewRecorder()
	routes().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/nowhere", nil))
	if answer.Code != http.StatusNotFound {
		t.Errorf("status %d", answer.Code)
	}
}
