# What steps of several kinds need, on Debian: compilers, build tools, git, interpreters.
FROM debian:bookworm-slim
ENV DEBIAN_FRONTEND=noninteractive PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_ROOT_USER_ACTION=ignore
RUN apt-get update -q && apt-get install -y -q --no-install-recommends \
      ca-certificates cmake fakeroot g++ gcc git libc6-dev locales make ninja-build perl pkg-config \
      python3-dev python3-pip python3-setuptools python3-wheel xz-utils zstd bzip2 zip unzip file sqlite3 attr && \
    rm -f /usr/lib/python3*/EXTERNALLY-MANAGED && rm -rf /var/lib/apt/lists/*
