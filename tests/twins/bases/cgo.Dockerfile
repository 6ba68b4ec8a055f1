# The Go compiler with a C compiler beside it.
FROM golang:bookworm
RUN apt-get update -q && apt-get install -y -q --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
