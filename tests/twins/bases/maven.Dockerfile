# Maven and a compiler for Java.
FROM eclipse-temurin:17-jre
RUN apt-get update -q && apt-get install -y -q --no-install-recommends maven openjdk-17-jdk-headless && rm -rf /var/lib/apt/lists/*
