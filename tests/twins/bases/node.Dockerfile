# Node.js with a C compiler, for modules that npm has to compile.
FROM node:22-bookworm-slim
RUN apt-get update -q && apt-get install -y -q --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
