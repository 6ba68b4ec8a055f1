// Architectures that a Dockerfile names, and compilers that run where they should not.
#include "lint/lint_fixture.h"

namespace slipway::lint {
namespace {

TEST(HardCodedGoarch, IsFoundWhereverItIsSet) {
  const Options options = only("HardCodedGoarch");
  EXPECT_EQ(found(dockerfile("FROM golang\nRUN GOARCH=amd64 go build -o /a\n"), options),
            "HardCodedGoarch:2");
  EXPECT_EQ(found(dockerfile("FROM golang\nENV GOOS=linux GOARCH=arm64\n"), options),
            "HardCodedGoarch:2");
  EXPECT_EQ(found(dockerfile("FROM golang\nRUN export GOARCH=\"arm64\" && go build\n"), options),
            "HardCodedGoarch:2");
  EXPECT_EQ(found(dockerfile("FROM golang\nRUN env GOARCH=386 go build\n"), options),
            "HardCodedGoarch:2");
  EXPECT_EQ(found(dockerfile("FROM golang\nRUN go env -w GOARCH=amd64\n"), options),
            "HardCodedGoarch:2");
  EXPECT_EQ(
      found(dockerfile("FROM golang\nRUN <<EOF\nset -e\nGOARCH=amd64 go build\nEOF\n"), options),
      "HardCodedGoarch:4");
}

TEST(HardCodedGoarch, IsFineWhereItIsMeant) {
  const Options options = only("HardCodedGoarch");
  EXPECT_EQ(
      found(dockerfile("FROM golang\nARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build\n"), options),
      "");
  EXPECT_EQ(
      found(
          dockerfile("FROM golang\nRUN GOARCH=amd64 go build -o a && GOARCH=arm64 go build -o b\n"),
          options),
      "");
  EXPECT_EQ(
      found(dockerfile("FROM --platform=linux/amd64 golang\nRUN GOARCH=amd64 go build\n"), options),
      "");
  EXPECT_EQ(found(dockerfile("FROM golang AS build-amd64\nRUN GOARCH=amd64 go build\n"), options),
            "");
  EXPECT_EQ(found(dockerfile("FROM golang AS b\nRUN GOARCH=amd64 go build -o /a\n"
                             "FROM --platform=linux/amd64 alpine\nCOPY --from=b /a /a\n"),
                  options),
            "");
  EXPECT_EQ(
      found(dockerfile(
                "FROM golang\nRUN if [ \"$(uname -m)\" = x ]; then GOARCH=amd64 go build; fi\n"),
            options),
      "");
  EXPECT_EQ(found(dockerfile("FROM golang\nRUN echo hi # GOARCH=amd64\n"), options), "");
}

TEST(HardCodedGoarch, TheFixAsksForTheTargetOnceAndKeepsAllElse) {
  EXPECT_EQ(fixed(dockerfile("FROM golang\n# tools\n\n# why\nRUN  GOOS=linux \\\n  "
                             "GOARCH=\"amd64\"   go build # x\n"
                             "RUN GOARCH=amd64 go vet\n"),
                  only("HardCodedGoarch")),
            "FROM golang\n# tools\n\nARG TARGETARCH\n# why\nRUN  GOOS=linux \\\n  "
            "GOARCH=$TARGETARCH   go build # x\n"
            "RUN GOARCH=$TARGETARCH go vet\n");
  EXPECT_EQ(fixed(dockerfile("FROM golang AS a\nARG TARGETARCH\nFROM a\nENV X=1 GOARCH=amd64\n"),
                  only("HardCodedGoarch")),
            "FROM golang AS a\nARG TARGETARCH\nFROM a\nENV X=1 GOARCH=$TARGETARCH\n");
  EXPECT_EQ(
      fixed(dockerfile("FROM golang\r\nRUN GOARCH=amd64 go build\r\n"), only("HardCodedGoarch")),
      "FROM golang\r\nARG TARGETARCH\r\nRUN GOARCH=$TARGETARCH go build\r\n");
}

TEST(HardCodedArchitecture, IsFoundInDownloadsPathsAndOptions) {
  const Options options = only("HardCodedArchitecture");
  for (const char* line :
       {"RUN curl -LO https://x.example/tool_linux_amd64.tar.gz",
        "RUN rustup target add --arch x86_64", "RUN tool --arch=arm64",
        "RUN ln -s /usr/lib/aarch64-linux-gnu/a.so /a.so", "ADD https://x.example/tool-amd64 /tool",
        "ADD https://x.example/tool-x86_64 /tool", "RUN ARCH=amd64 ./fetch"})
    EXPECT_EQ(found(dockerfile("FROM debian\n" + std::string(line) + "\n"), options),
              "HardCodedArchitecture:2")
        << line;
  EXPECT_EQ(
      found(dockerfile("FROM a AS b\nFROM c\nCOPY --from=b /usr/lib/x86_64-linux-gnu/l.so /l.so\n"),
            options),
      "HardCodedArchitecture:3");
}

TEST(HardCodedArchitecture, IsFineWhereTheStepDecidesOrSeveralAreNamed) {
  const Options options = only("HardCodedArchitecture");
  for (const char* line :
       {"RUN case \"$TARGETARCH\" in amd64) a=x86_64;; arm64) a=aarch64;; esac; curl -LO "
        "https://x.example/$a",
        "RUN if [ \"$(uname -m)\" = x86_64 ]; then curl https://x.example/x86_64; fi",
        "RUN echo for amd64", "RUN dpkg --add-architecture arm64 && apt-get install -y libc6:arm64",
        "RUN fetch amd64 arm64", "ENV GOAMD64=v2", "COPY bin/amd64 /bin",
        "RUN GOARCH=amd64 go build", "RUN ./xamd64x"})
    EXPECT_EQ(found(dockerfile("FROM debian\n" + std::string(line) + "\n"), options), "") << line;
}

TEST(HardCodedArchitecture, TheFixAsksTheBuilderOrTheMachine) {
  const Options options = only("HardCodedArchitecture");
  EXPECT_EQ(
      fixed(dockerfile("FROM debian\nRUN curl -LO \"https://x.example/v1/t_linux_amd64.tgz\" && "
                       "tar xf t_linux_amd64.tgz\n"),
            options),
      "FROM debian\nARG TARGETARCH\nRUN curl -LO "
      "\"https://x.example/v1/t_linux_${TARGETARCH}.tgz\" && tar xf t_linux_${TARGETARCH}.tgz\n");
  EXPECT_EQ(
      fixed(dockerfile("FROM debian\nRUN curl -LO https://x.example/t-x86_64.tgz\n"), options),
      "FROM debian\nRUN curl -LO https://x.example/t-$(uname -m).tgz\n");
  EXPECT_EQ(fixed(dockerfile("FROM debian\nADD https://x.example/t-amd64 /t\n"), options),
            "FROM debian\nARG TARGETARCH\nADD https://x.example/t-${TARGETARCH} /t\n");
}

TEST(HardCodedArchitecture, NothingIsFixedThatWouldNotBeRight) {
  const Options options = only("HardCodedArchitecture");
  for (const char* text :
       {"FROM debian\nRUN curl -LO 'https://x.example/t-amd64'\n",  // nothing is replaced in single
                                                                    // quotes
        "FROM debian\nRUN curl -LO https://x.example/t-amd64 && echo 00 t-amd64 | sha256sum -c\n",
        "FROM --platform=$BUILDPLATFORM debian\nRUN curl -LO https://x.example/t-amd64\n",
        "FROM debian\nADD "
        "--checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d "
        "https://x.example/t-amd64 /t\n",
        "FROM debian\nADD https://x.example/t-x86_64 /t\n"}) {
    EXPECT_NE(found(dockerfile(text), options), "") << text;
    EXPECT_EQ(fixed(dockerfile(text), options), text);
  }
}

TEST(UndeclaredPlatformArg, IsFoundWhereTheShellWouldSeeNothing) {
  const Options options = only("UndeclaredPlatformArg");
  EXPECT_EQ(
      found(dockerfile("ARG TARGETARCH\nFROM golang\nRUN GOARCH=$TARGETARCH go build\n"), options),
      "UndeclaredPlatformArg:3");
  EXPECT_EQ(
      found(dockerfile("FROM golang\nRUN echo ${TARGETARCH:-amd64}\nARG TARGETARCH\n"), options),
      "UndeclaredPlatformArg:2");
  EXPECT_EQ(found(dockerfile("FROM a AS a\nARG TARGETOS\nFROM a\nRUN echo $TARGETOS\n"), options),
            "");
  EXPECT_EQ(found(dockerfile("FROM a\nRUN TARGETARCH=$(arch); echo $TARGETARCH\n"), options), "");
  EXPECT_EQ(found(dockerfile("FROM a\nENV TARGETARCH=x\nRUN echo $TARGETARCH\n"), options), "");
  EXPECT_EQ(found(dockerfile("FROM a\nRUN echo '$TARGETARCH' $TARGETARCHES\n"), options), "");
}

TEST(UndeclaredPlatformArg, TheFixDeclaresIt) {
  EXPECT_EQ(
      fixed(dockerfile("FROM a\nRUN echo $TARGETOS-$TARGETARCH\n"), only("UndeclaredPlatformArg")),
      "FROM a\nARG TARGETOS\nARG TARGETARCH\nRUN echo $TARGETOS-$TARGETARCH\n");
}

TEST(EmulatedCompiler, IsFoundWhereSeveralPlatformsAreBuilt) {
  const std::string go =
      "FROM golang:1 AS b\nRUN CGO_ENABLED=0 go build -o /a\nFROM alpine\nCOPY --from=b /a /a\n";
  Options options = only("EmulatedCompiler");
  EXPECT_EQ(found(dockerfile(go), options), "");
  options.platforms = {"linux/amd64", "linux/arm64"};
  EXPECT_EQ(found(dockerfile(go), options), "EmulatedCompiler:1");
  for (const char* image : {"rust:1", "gcc:13", "maven:3", "node:20", "mcr.example/dotnet/sdk:8.0"})
    EXPECT_EQ(found(dockerfile("FROM " + std::string(image) +
                               " AS b\nRUN make\nFROM alpine\nCOPY --from=b /a /a\n"),
                    options),
              "EmulatedCompiler:1")
        << image;
}

TEST(EmulatedCompiler, IsFineOnTheBuildPlatformOrInTheImage) {
  Options options = only("EmulatedCompiler");
  options.platforms = {"linux/amd64", "linux/arm64"};
  EXPECT_EQ(found(dockerfile("FROM --platform=$BUILDPLATFORM golang AS b\nRUN go build\nFROM "
                             "alpine\nCOPY --from=b /a /a\n"),
                  options),
            "");
  EXPECT_EQ(found(dockerfile("FROM node:20\nRUN npm ci\n"), options), "");
  EXPECT_EQ(
      found(dockerfile("FROM golang AS b\nCOPY . .\nFROM alpine\nCOPY --from=b /a /a\n"), options),
      "");
}

TEST(EmulatedCompiler, TheFixKeepsWhatTheImageTakes) {
  Options options = only("EmulatedCompiler");
  options.platforms = {"linux/amd64", "linux/arm64"};
  EXPECT_EQ(
      fixed(dockerfile("FROM  golang:1 AS b\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 go build -o "
                       "/out/a .\n"
                       "FROM alpine\nCOPY --from=b /out/a /etc/ssl/certs /a/\n"),
            options),
      "FROM  --platform=$BUILDPLATFORM golang:1 AS b\nWORKDIR /src\nCOPY . .\nARG TARGETARCH\n"
      "RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /out/a .\nFROM alpine\nCOPY --from=b "
      "/out/a /etc/ssl/certs /a/\n");
  EXPECT_EQ(
      fixed(dockerfile("FROM --platform=$TARGETPLATFORM golang AS b\nARG TARGETARCH\n"
                       "RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /a\nFROM alpine\nCOPY "
                       "--from=b /a /a\n"),
            options),
      "FROM --platform=$BUILDPLATFORM golang AS b\nARG TARGETARCH\n"
      "RUN CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /a\nFROM alpine\nCOPY --from=b /a /a\n");
  EXPECT_EQ(fixed(dockerfile("FROM node:20 AS web\nRUN npm ci && npm run build\nFROM nginx\nCOPY "
                             "--from=web /app/dist /www\n"),
                  options),
            "FROM --platform=$BUILDPLATFORM node:20 AS web\nRUN npm ci && npm run build\nFROM "
            "nginx\nCOPY --from=web /app/dist /www\n");
}

TEST(EmulatedCompiler, SeveralProgramsShareOneArgInEachStage) {
  Options options = only("EmulatedCompiler");
  options.platforms = {"linux/amd64", "linux/arm64"};
  const std::string tail = "FROM alpine\nCOPY --from=b /out/b /b\nCOPY --from=c /out/c /c\n";
  EXPECT_EQ(
      fixed(
          dockerfile("FROM golang AS a\nENV CGO_ENABLED=0\nFROM a AS b\nRUN go build -o /out/a && "
                     "go build -o /out/b\nFROM a AS c\nRUN go build -o /out/c\n" +
                     tail),
          options),
      "FROM --platform=$BUILDPLATFORM golang AS a\nENV CGO_ENABLED=0\nFROM a AS b\nARG TARGETARCH\n"
      "RUN GOARCH=$TARGETARCH go build -o /out/a && GOARCH=$TARGETARCH go build -o /out/b\n"
      "FROM a AS c\nARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build -o /out/c\n" +
          tail);
}

TEST(EmulatedCompiler, NothingIsFixedThatCouldChangeFiles) {
  Options options = only("EmulatedCompiler");
  options.platforms = {"linux/amd64", "linux/arm64"};
  for (const char* text :
       {"FROM golang AS b\nRUN go build -o /a\nFROM alpine\nCOPY --from=b /a /a\n",  // perhaps cgo
        "FROM golang AS b\nRUN CGO_ENABLED=0 go install ./...\nFROM alpine\nCOPY --from=b "
        "/go/bin/a /a\n",
        "FROM golang AS b\nRUN CGO_ENABLED=0 go build -o /a && make tool\nFROM alpine\nCOPY "
        "--from=b /a /a\n",
        "FROM golang AS b\nRUN CGO_ENABLED=0 go build -o /a\nFROM alpine\nCOPY --from=b /a "
        "/usr/bin/git /x/\n",
        "FROM node AS b\nRUN npm ci\nFROM alpine\nCOPY --from=b /app/node_modules "
        "/app/node_modules\n"}) {
    EXPECT_EQ(found(dockerfile(text), options), "EmulatedCompiler:1") << text;
    EXPECT_EQ(fixed(dockerfile(text), options), text);
  }
}

TEST(BuildPlatformOutput, IsFoundAndFixedWhereTheImageTakesTheProgram) {
  const Options options = only("BuildPlatformOutput");
  const std::string head = "FROM --platform=$BUILDPLATFORM golang AS b\n",
                    tail = "\nFROM alpine\nCOPY --from=b /out/a /a\n";
  EXPECT_EQ(found(dockerfile(head + "RUN go build -o /out/a" + tail), options),
            "BuildPlatformOutput:2");
  EXPECT_EQ(
      fixed(dockerfile(head + "RUN go vet && CGO_ENABLED=0 go build -o /out/a" + tail), options),
      head + "ARG TARGETARCH\nRUN go vet && CGO_ENABLED=0 GOARCH=$TARGETARCH go build -o /out/a" +
          tail);
  EXPECT_EQ(
      found(dockerfile(head + "ARG TARGETARCH\nRUN GOARCH=$TARGETARCH go build -o /out/a" + tail),
            options),
      "");
  EXPECT_EQ(
      found(dockerfile(head + "ARG TARGETARCH\nENV GOARCH=$TARGETARCH\nRUN go build -o /out/a" +
                       tail),
            options),
      "");
  EXPECT_EQ(found(dockerfile(head + "RUN go build -o /tools/gen" + tail), options), "");
  EXPECT_EQ(found(dockerfile(head + "RUN xx-go build -o /out/a" + tail), options), "");
}

}  // namespace
}  // namespace slipway::lint
