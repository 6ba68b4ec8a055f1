# A C compiler and make.
FROM debian:bookworm-slim
RUN apt-get update -q && apt-get install -y -q --no-install-recommends gcc libc6-dev make && rm -rf /var/lib/apt/lists/*
