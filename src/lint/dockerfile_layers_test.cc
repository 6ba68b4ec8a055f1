// Lost lines, stages, layers and cache mounts.
#include "lint/lint_fixture.h"

namespace slipway::lint {
namespace {

TEST(LostContinuation, IsFoundInAFileThatDoesNotParse) {
  const Options options = only("LostContinuation");
  const std::string text = "FROM a\nRUN x \\\n && y\n && z\n";
  EXPECT_EQ(found(dockerfile(text), options), "LostContinuation:4");
  EXPECT_EQ(fixed(dockerfile(text), options), "FROM a\nRUN x \\\n && y \\\n && z\n");
  EXPECT_EQ(fixed(dockerfile("FROM a\nRUN x &&  \n  make\n"), options),
            "FROM a\nRUN x && \\  \n  make\n");
  EXPECT_EQ(fixed(dockerfile("# escape=`\nFROM a\nRUN x\n| y\n"), options),
            "# escape=`\nFROM a\nRUN x `\n| y\n");
}

TEST(LostContinuation, WithoutAnOperatorItIsNotRepaired) {
  const SourceFile file = dockerfile("FROM a\nRUN make\n    install\n");
  EXPECT_EQ(found(file), "LostContinuation:3");
  EXPECT_TRUE(fix({file}, {}).files.empty());
}

TEST(LostContinuation, AMisspeltInstructionIsAnotherMistake) {
  EXPECT_EQ(found(dockerfile("FROM a\nRUNN x\n")), "WrongSyntax:2");
  EXPECT_EQ(found(dockerfile("FROM a\nCOPY x\nFOO\n")), "WrongSyntax:2 WrongSyntax:3");
  EXPECT_EQ(found(dockerfile("")), "WrongSyntax:1");
}

TEST(LostContinuation, NothingIsAppendedToACommentOrAHeredoc) {
  for (const char* text : {"FROM a\nRUN x # why\n && y\n", "FROM a\nRUN <<EOF\nx\nEOF\n && y\n"})
    EXPECT_TRUE(fix({dockerfile(text)}, {}).files.empty()) << text;
}

TEST(CopyFromAncestor, IsFoundThroughAnyNumberOfStages) {
  const Options options = only("CopyFromAncestor");
  EXPECT_EQ(
      found(
          dockerfile(
              "FROM x AS a\nFROM a AS b\nFROM b AS c\nCOPY --from=a /x /y\nCOPY --from=0 /x /z\n"),
          options),
      "CopyFromAncestor:4 CopyFromAncestor:5");
  EXPECT_EQ(found(dockerfile("FROM x AS a\nFROM x AS b\nCOPY --from=a /x /x\n"), options), "");
  EXPECT_EQ(found(dockerfile("FROM x AS a\nFROM a AS b\nCOPY --from=x /x /x\n"), options), "");
}

TEST(CopyFromAncestor, OnlyCopiesThatChangeNothingAreTakenOut) {
  const Options options = only("CopyFromAncestor");
  EXPECT_EQ(fixed(dockerfile("FROM x AS a\nRUN make\nFROM a\n# both\nCOPY --from=a /opt /opt\nCOPY "
                             "--from=a /x /y\n"),
                  options),
            "FROM x AS a\nRUN make\nFROM a\n# both\nCOPY --from=a /x /y\n");
  for (const char* step : {"RUN make", "COPY x /opt/y", "RUN curl -o /opt/x https://x.example/x",
                           "RUN tar -xf $F", "RUN curl https://x.example/x >/opt/x"}) {
    const std::string text =
        "FROM x AS a\nFROM a AS b\n" + std::string(step) + "\nFROM b\nCOPY --from=a /opt /opt\n";
    EXPECT_EQ(fixed(dockerfile(text), options), text);
  }
  EXPECT_EQ(
      fixed(dockerfile("FROM x AS a\nFROM a AS b\nWORKDIR /m\nRUN curl -Lo m.pt $URL/m.pt\nFROM b\n"
                       "COPY --from=a /opt /opt\n"),
            options),
      "FROM x AS a\nFROM a AS b\nWORKDIR /m\nRUN curl -Lo m.pt $URL/m.pt\nFROM b\n");
  const std::string owner = "FROM x AS a\nFROM a\nCOPY --chown=1 --from=a /opt /opt\n";
  EXPECT_EQ(fixed(dockerfile(owner), options), owner);
}

TEST(CompilerInImage, IsFoundInOneStageAndInInstalledPackages) {
  const Options options = only("CompilerInImage");
  EXPECT_EQ(found(dockerfile("FROM golang:1.24\nRUN go build\n"), options), "CompilerInImage:1");
  EXPECT_EQ(
      found(dockerfile(
                "FROM debian\nRUN apt-get update && apt-get install -y curl build-essential\n"),
            options),
      "CompilerInImage:2");
  EXPECT_EQ(found(dockerfile("FROM alpine\nRUN apk add --no-cache gcc\n"), options),
            "CompilerInImage:2");
  EXPECT_EQ(found(dockerfile("FROM golang AS b\nRUN go build\nFROM debian\nCOPY --from=b /a /a\n"),
                  options),
            "");
  EXPECT_EQ(found(dockerfile("FROM alpine\nRUN apk add --virtual .b gcc && make && apk del .b\n"),
                  options),
            "");
  EXPECT_EQ(found(dockerfile("FROM debian AS b\nRUN apt-get install gcc\nFROM debian\n"), options),
            "");
}

TEST(DownloadAfterCopyAll, ModelsMoveAboveTheCopyWithTheirComments) {
  const Options options = only("DownloadAfterCopyAll");
  EXPECT_EQ(fixed(dockerfile("FROM a\nWORKDIR /app\nCOPY . .\n# model\nRUN wget "
                             "https://x.example/m\nCMD [\"x\"]\n"),
                  options),
            "FROM a\nWORKDIR /app\n# model\nRUN wget https://x.example/m\nCOPY . .\nCMD [\"x\"]\n");
  EXPECT_EQ(
      fixed(dockerfile("FROM a\nWORKDIR /app\nCOPY . .\nRUN wget -O m/x https://x.example/m"),
            options),
      "FROM a\nWORKDIR /app\nRUN mkdir -p /app/m && wget -O m/x https://x.example/m\nCOPY . .\n");
}

TEST(DownloadAfterCopyAll, DependenciesAreNamedWithWhatToCopyFirst) {
  const Options options = only("DownloadAfterCopyAll");
  for (const char* run :
       {"pip install -r requirements.txt", "npm ci", "go mod download", "yarn install",
        "bundle install", "git clone https://x.example/x.git", "apt-get install -y x",
        "python -m spacy download en", "curl -Lo m.pt ${MODELS}/m.pt"})
    EXPECT_EQ(found(dockerfile("FROM a\nCOPY . .\nRUN " + std::string(run) + "\n"), options),
              "DownloadAfterCopyAll:3")
        << run;
  const auto result = lint({dockerfile("FROM a\nCOPY ./ /x\nRUN go mod download\n")}, options);
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_NE(result.findings[0].advice.find("COPY go.mod go.sum ./"), std::string::npos);
  EXPECT_TRUE(result.findings[0].fix.empty());
}

TEST(DownloadAfterCopyAll, IsFineInFrontOfTheCopyAndForWhatNeedsIt) {
  const Options options = only("DownloadAfterCopyAll");
  for (const char* text :
       {"FROM a\nRUN curl -O https://x.example/m\nCOPY . .\n",
        "FROM a\nCOPY src /src\nRUN npm ci\n",
        "FROM a\nCOPY package.json ./\nRUN npm ci\nCOPY . .\nRUN npm ci --offline\n",
        "FROM a\nCOPY . .\nRUN pip install .\n", "FROM a\nCOPY . .\nRUN go build\n",
        "FROM a\nCOPY --from=b . .\nRUN npm ci\n"})
    EXPECT_EQ(found(dockerfile(text), options), "") << text;
}

TEST(DownloadAfterCopyAll, WhatDependsOnOtherStepsStays) {
  const Options options = only("DownloadAfterCopyAll");
  for (const char* text : {"FROM a\nCOPY . .\nRUN ./prepare\nRUN curl -o m https://x.example/m\n",
                           "FROM a\nCOPY . .\nENV A=1\nRUN curl -o m https://x.example/m\n",
                           "FROM a\nCOPY . .\nRUN curl -o m https://x.example/$V\n",
                           "FROM a\nCOPY . .\nRUN curl -o m https://x.example/m && ./use m\n"}) {
    EXPECT_NE(found(dockerfile(text), options), "") << text;
    EXPECT_EQ(fixed(dockerfile(text), options), text);
  }
}

TEST(AptGetWithoutCleaning, TheFixFollowsTheFormOfTheRun) {
  const Options options = only("AptGetWithoutCleaning");
  EXPECT_EQ(
      fixed(dockerfile("FROM a\nRUN apt-get update && apt-get install -y x\nUSER 1\n"), options),
      "FROM a\nRUN apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/*\nUSER "
      "1\n");
  EXPECT_EQ(
      fixed(
          dockerfile(
              "FROM a\nRUN apt-get update \\\n    # why\n    && apt-get install -y \\\n      x\n"),
          options),
      "FROM a\nRUN apt-get update \\\n    # why\n    && apt-get install -y \\\n      x \\\n      "
      "&& rm -rf /var/lib/apt/lists/*\n");
}

TEST(AptGetWithoutCleaning, IsFineInOtherStagesWithMountsAndWhenCleaned) {
  const Options options = only("AptGetWithoutCleaning");
  for (const char* text :
       {"FROM a AS b\nRUN apt-get update && apt-get install -y gcc\nFROM a\nCOPY --from=b /x /x\n",
        "FROM a\nRUN apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/*\n",
        "FROM a\nRUN --mount=type=cache,target=/var/lib/apt apt-get update && apt-get install -y "
        "x\n"})
    EXPECT_EQ(found(dockerfile(text), options), "") << text;
}

TEST(AptGetWithoutCleaning, ListsThatAreNeededBelowStay) {
  const Options options = only("AptGetWithoutCleaning");
  for (const char* text :
       {"FROM a\nRUN apt-get update && apt-get install -y x\nRUN apt-get install -y y\n",
        "FROM a\nRUN apt-get update\nRUN apt-get install -y y\n",
        "FROM a\nRUN apt-get update; apt-get install -y x\n"}) {
    EXPECT_EQ(found(dockerfile(text), options), "AptGetWithoutCleaning:2") << text;
    EXPECT_EQ(fixed(dockerfile(text), options), text);
  }
}

TEST(SharedCacheMount, IsFoundWhereFilesBelongToAnArchitecture) {
  Options options = only("SharedCacheMount");
  const std::string text = "FROM a\nRUN --mount=type=cache,target=/var/cache/apt apt-get update\n";
  EXPECT_EQ(found(dockerfile(text), options), "");
  options.platforms = {"linux/amd64", "linux/arm64"};
  EXPECT_EQ(found(dockerfile(text), options), "SharedCacheMount:2");
  for (const char* mount : {"type=cache,target=/root/.cache/go-build",
                            "type=cache,id=a-$TARGETARCH,target=/var/cache/apt",
                            "type=bind,target=/var/cache/apt", "type=cache,target=/root/.npm"})
    EXPECT_EQ(found(dockerfile("FROM a\nRUN --mount=" + std::string(mount) + " x\n"), options), "")
        << mount;
  EXPECT_EQ(
      found(dockerfile(
                "FROM --platform=$BUILDPLATFORM a\nRUN --mount=type=cache,target=/src/target x\n"),
            options),
      "");
}

TEST(SharedCacheMount, TheFixPutsTheArchitectureIntoTheId) {
  Options options = only("SharedCacheMount");
  options.platforms = {"linux/amd64", "linux/arm64"};
  EXPECT_EQ(fixed(dockerfile("FROM a\nWORKDIR /src\nRUN --mount=type=cache,id=t,target=target \\\n "
                             " --mount=type=cache,target=/var/cache/apt x\n"),
                  options),
            "FROM a\nWORKDIR /src\nARG TARGETARCH\nRUN "
            "--mount=type=cache,id=t-$TARGETARCH,target=target \\\n"
            "  --mount=type=cache,target=/var/cache/apt,id=var-cache-apt-$TARGETARCH x\n");
}

}  // namespace
}  // namespace slipway::lint
