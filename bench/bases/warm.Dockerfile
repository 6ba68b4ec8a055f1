# Debian with the package files of a tool chain, as a machine has them that has installed it before.
FROM debian:bookworm-slim
RUN rm /etc/apt/apt.conf.d/docker-clean && apt-get update -q && apt-get install -y -q --download-only python3 git curl build-essential
