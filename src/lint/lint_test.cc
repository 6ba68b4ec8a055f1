// Whole runs: what published Dockerfiles and workflows got wrong, suppression, patches, output.
#include "lint/lint.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"
#include "dockerfile/rules.h"
#include "json/json.h"
#include "lint/lint_fixture.h"

namespace slipway::lint {
namespace {

// A fixed GOARCH in a stage that is emulated: neither alone is the repair.
TEST(Examples, AGoServiceWithAFixedGoarchGetsTheBuildPlatformAndTheTarget) {
  const SourceFile file = example("go-hard-coded", "Dockerfile");
  EXPECT_EQ(found(file), "EmulatedCompiler:1 HardCodedGoarch:8");
  EXPECT_EQ(fixed(file), expected("go-hard-coded/expected.Dockerfile.txt"));
}

// GOARCH=${TARGETARCH} alone makes the right program, in the same time: the tool chain is emulated.
TEST(Examples, GoarchFromTheTargetAloneLeavesTheCompilerEmulated) {
  const SourceFile file = example("go-goarch-only", "Dockerfile");
  EXPECT_EQ(found(file), "EmulatedCompiler:1");
  EXPECT_EQ(fixed(file), expected("go-goarch-only/expected.Dockerfile.txt"));
}

// Built on an arm64 machine, the image is labelled arm64 and holds an amd64 program.
TEST(Examples, AnImageOfOneArchitectureWithAProgramOfAnother) {
  const SourceFile file = example("go-mislabelled", "Dockerfile");
  EXPECT_EQ(found(file), "EmulatedCompiler:1 HardCodedGoarch:10");
  const auto result = lint({file}, only("HardCodedGoarch"));
  EXPECT_EQ(result.findings.at(0).severity, Severity::Error);
  EXPECT_NE(result.findings[0].advice.find("--platform linux/amd64"), std::string::npos);
  EXPECT_EQ(fixed(file), expected("go-mislabelled/expected.Dockerfile.txt"));
}

TEST(Examples, ModelsAreFetchedAboveTheCopyOfTheCode) {
  const SourceFile file = example("models-in-one-stage", "Dockerfile");
  EXPECT_EQ(found(file), "DownloadAfterCopyAll:15 DownloadAfterCopyAll:20");
  EXPECT_EQ(fixed(file), expected("models-in-one-stage/expected.Dockerfile.txt"));
}

// It does not parse, and its last stage copies what it has: the image would not have been smaller.
TEST(Examples, StagesThatStandOnEachOtherAndALostLine) {
  const SourceFile file = example("models-in-stages", "Dockerfile");
  EXPECT_EQ(found(file),
            "LostContinuation:16 CopyFromAncestor:23 CopyFromAncestor:24 CopyFromAncestor:27");
  const auto result = lint({file}, only("CopyFromAncestor"));
  EXPECT_NE(result.findings.at(0).advice.find("FROM base"), std::string::npos);
  EXPECT_NE(result.findings.at(2).advice.find("FROM deps"), std::string::npos);
  EXPECT_EQ(fixed(file), expected("models-in-stages/expected.Dockerfile.txt"));
}

TEST(Examples, TwoJobsAndAnEmulatorForNothing) {
  const SourceFile file = example("merge-workflow", ".github/workflows/images.yaml");
  EXPECT_EQ(found(file), "UnneededQemu:16 SharedCacheScope:23 MatrixAndMerge:26");
  const auto result = lint({file}, only("MatrixAndMerge"));
  EXPECT_NE(
      result.findings.at(0).advice.find("slipway build --platform linux/amd64,linux/arm64 --push"),
      std::string::npos);
  EXPECT_EQ(fixed(file), expected("merge-workflow/expected.yaml"));
}

TEST(Examples, TheSingleJobStillBeginsEmpty) {
  const SourceFile file = example("amd64-workflow", ".github/workflows/images.yaml");
  EXPECT_EQ(found(file), "NoCacheBetweenRuns:18");
  EXPECT_EQ(fixed(file), expected("amd64-workflow/expected.yaml"));
}

TEST(Examples, ACacheThatIsWrittenBesideTheSavedFolder) {
  const SourceFile file = example("cache-workflow", ".github/workflows/deploy.yaml");
  EXPECT_EQ(found(file), "CacheNeverSaved:23");
  EXPECT_EQ(fixed(file), expected("cache-workflow/expected.yaml"));
}

TEST(Examples, TheClusterNeedsNoArm64) {
  Options options;
  options.nodes = parse_nodes(expected("nodes-amd64.json"), "nodes");
  const SourceFile file = example("merge-workflow", ".github/workflows/images.yaml");
  EXPECT_NE(found(file, options).find("PlatformWithoutNode:7"), std::string::npos);
}

TEST(Examples, NoFalseAlarmOnOurOwn) {
  const std::string path = std::string(SLIPWAY_SOURCE_DIR) + "/examples/go-service/Dockerfile";
  Options options;
  options.platforms = {"linux/amd64", "linux/arm64"};
  EXPECT_EQ(found(dockerfile(os::read_file(path)), options), "");
}

TEST(Suppression, ACommentAboveOrInTheFileSilencesARule) {
  const auto suppressed = [](const std::string& text) {
    const Result result = lint({dockerfile(text)}, only("HardCodedGoarch"));
    return std::pair(result.findings.size(), result.suppressed);
  };
  const std::string run = "RUN A=1 \\\n GOARCH=amd64 go build\n";
  EXPECT_EQ(suppressed("FROM golang\n" + run), std::pair(size_t{1}, size_t{0}));
  for (const std::string comment :
       {"# slipway: ignore=HardCodedGoarch why\n", "# slipway: ignore=X,HardCodedGoarch\n# more\n",
        "# slipway: ignore=all\n"})
    EXPECT_EQ(suppressed("FROM golang\n" + comment + run), std::pair(size_t{0}, size_t{1}))
        << comment;
  EXPECT_EQ(suppressed("# slipway: ignore-file=HardCodedGoarch\nFROM golang\n\n" + run),
            std::pair(size_t{0}, size_t{1}));
  EXPECT_EQ(suppressed("FROM golang\n# slipway: ignore=Other\n" + run),
            std::pair(size_t{1}, size_t{0}));
  EXPECT_EQ(suppressed("FROM golang\n# slipway: ignore=HardCodedGoarch\nUSER 1\n" + run),
            std::pair(size_t{1}, size_t{0}));
  EXPECT_EQ(
      lint(
          {workflow(
              "jobs:\n  a:\n    runs-on: ubuntu-latest  # slipway: ignore=WrongRunner\n    steps:\n"
              "      - uses: docker/build-push-action@v6\n        with: {platforms: "
              "linux/arm64}\n")},
          only("WrongRunner"))
          .suppressed,
      1u);
}

TEST(Fix, ASuppressedFindingIsNotRepaired) {
  const std::string text =
      "FROM golang\n# slipway: ignore=HardCodedGoarch\nRUN GOARCH=amd64 go build\n";
  EXPECT_TRUE(fix({dockerfile(text)}, only("HardCodedGoarch")).files.empty());
}

TEST(Diff, HasHunksWithThreeLinesOfContext) {
  EXPECT_EQ(unified_diff("./a/D", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n"),
            "--- a/a/D\n+++ b/a/D\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n");
  EXPECT_EQ(unified_diff("D", "a", "a\nb\n"),
            "--- a/D\n+++ b/D\n@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n");
  EXPECT_EQ(unified_diff("D", "a\n", "a\n"), "");
}

TEST(Diff, GitMakesTheNewFileOfTheOldOne) {
  const os::TempDir dir(std::filesystem::temp_directory_path().string());
  for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
           {"a\nb\nc\n", "c\n"},
           {"", "x\n"},
           {"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n",
            "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n"},
           {"a\n\n\nb\n", "a\n\nb\nc"},
           {"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n", "1\nx\n3\n4\n5\n6\n7\n8\n9\n10\ny\n12\n"}}) {
    std::ofstream(dir.path() + "/f") << before;
    std::ofstream(dir.path() + "/p") << unified_diff("f", before, after);
    ASSERT_EQ(std::system(("cd " + dir.path() + " && git apply p").c_str()), 0)
        << unified_diff("f", before, after);
    EXPECT_EQ(os::read_file_if_exists(dir.path() + "/f").value_or(""), after);
  }
}

TEST(Print, TextHasPlaceLineAndCaret) {
  const std::vector<SourceFile> files = {dockerfile("FROM golang\nRUN GOARCH=amd64 go build\n")};
  const std::string text = to_text(files, lint(files, only("HardCodedGoarch")));
  EXPECT_EQ(text.rfind("Dockerfile:2:5: error: GOARCH=amd64 gives", 0), 0u) << text;
  EXPECT_NE(text.find("   2 | RUN GOARCH=amd64 go build\n     |     ^~~~~~~~~~~~\n"), text.npos)
      << text;
  EXPECT_NE(text.find("[HardCodedGoarch]"), text.npos);
  EXPECT_NE(text.find("see: docs/rules/hard-coded-goarch.md   (--fix repairs it)"), text.npos);
  EXPECT_NE(text.find("1 file read: 1 error; --fix repairs 1\n"), text.npos);
  EXPECT_EQ(to_text(files, Result{}), "1 file read, nothing found\n");
}

TEST(Print, JsonAndSarifNamePlacesAndFixes) {
  const std::vector<SourceFile> files = {dockerfile("FROM golang\nENV A=é😀 GOARCH=amd64\n")};
  const Result result = lint(files, only("HardCodedGoarch"));
  const json::Value document = json::parse(to_json(files, result), "json");
  EXPECT_EQ(document["version"], 1);
  const auto& finding = document["findings"][0];
  EXPECT_EQ(finding["rule"], "HardCodedGoarch");
  EXPECT_EQ(finding["region"]["startLine"], 2);
  EXPECT_EQ(finding["region"]["startColumn"], 14);  // bytes
  EXPECT_EQ(finding["fix"].size(), 2u);
  const json::Value sarif = json::parse(to_sarif(files, result, "1"), "sarif");
  EXPECT_EQ(sarif["version"], "2.1.0");
  const auto& entry = sarif["runs"][0]["results"][0];
  EXPECT_EQ(sarif["runs"][0]["tool"]["driver"]["rules"][entry["ruleIndex"].get<size_t>()]["id"],
            "HardCodedGoarch");
  EXPECT_EQ(entry["level"], "error");
  EXPECT_EQ(entry["locations"][0]["physicalLocation"]["region"]["startColumn"], 11);  // UTF-16
  EXPECT_EQ(entry["fixes"][0]["artifactChanges"][0]["replacements"].size(), 2u);
}

TEST(Rules, EveryRuleHasAPageAndARowInTheTable) {
  const std::string table =
      os::read_file(std::string(SLIPWAY_SOURCE_DIR) + "/docs/rules/README.md");
  std::set<std::string_view> ids;
  for (const Rule& rule : rules()) {
    EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
    const std::string page = dockerfile::rule_page(rule.id);
    const auto text = os::read_file_if_exists(std::string(SLIPWAY_SOURCE_DIR) + "/" + page);
    ASSERT_TRUE(text) << page;
    for (const char* part : {"**Finds:**", "## Bad", "## Good", "## Fix", "## Skip it"})
      EXPECT_TRUE(text->contains(part)) << page << " lacks " << part;
    EXPECT_TRUE(text->contains("ignore=" + std::string(rule.id))) << page;
    EXPECT_TRUE(table.contains("[" + std::string(rule.id) + "](" + page.substr(11) + ")"))
        << rule.id;
    EXPECT_TRUE(table.contains(rule.description)) << rule.id;
  }
}

TEST(Files, FoldersAreSearchedAndNamedFilesAreRead) {
  const os::TempDir dir(std::filesystem::temp_directory_path().string());
  const auto write = [&](const std::string& path, const std::string& text) {
    os::make_dirs(os::dir_name(dir.path() + "/" + path));
    std::ofstream(dir.path() + "/" + path) << text;
  };
  for (const char* path : {"Dockerfile", "a/Dockerfile.dev", "a/api.Dockerfile", "b/Containerfile",
                           ".github/workflows/ci.yml", "compose.yaml", "docker-compose.test.yml",
                           "node_modules/x/Dockerfile", ".git/Dockerfile", "vendor/Dockerfile",
                           "Dockerfile.dockerignore", "Dockerfile.j2", "dockerfile.go",
                           "values.yaml", "notes.log", "other"})
    write(path, "FROM a\n");
  write("ci.log", "#1 [1/2] RUN x\n");
  std::vector<std::string> paths;
  for (const auto& file : find_files({dir.path()}))
    paths.push_back(file.path.substr(dir.path().size() + 1));
  EXPECT_EQ(paths,
            (std::vector<std::string>{".github/workflows/ci.yml", "Dockerfile", "a/Dockerfile.dev",
                                      "a/api.Dockerfile", "b/Containerfile", "ci.log",
                                      "compose.yaml", "docker-compose.test.yml"}));
  EXPECT_EQ(find_files({dir.path() + "/other", dir.path() + "/other"}).size(), 1u);
  EXPECT_THROW(find_files({dir.path() + "/nowhere"}), Error);
}

TEST(Files, WritingBackKeepsModeAndLink) {
  const os::TempDir dir(std::filesystem::temp_directory_path().string());
  std::ofstream(dir.path() + "/real") << "old";
  std::filesystem::permissions(dir.path() + "/real", std::filesystem::perms(0600));
  std::filesystem::create_symlink("real", dir.path() + "/link");
  write_back(dir.path() + "/link", "new");
  EXPECT_EQ(os::read_file(dir.path() + "/real"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(dir.path() + "/link"));
  EXPECT_EQ(std::filesystem::status(dir.path() + "/real").permissions(),
            std::filesystem::perms(0600));
}

}  // namespace
}  // namespace slipway::lint
