// What an image starts, followed to what the kernel loads.
#include "verify/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "verify/shell_text.h"
#include "verify/test_files.h"
#include "verify/verify.h"

namespace slipway::verify {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace slipway::verify::testing;

const std::string kGlibcLoader = "lib64/ld-linux-x86-64.so.2";

std::string dynamic_program(std::vector<std::string> needed = {"libc.so.6"}, std::string runpath = "") {
  return elf_bytes({.interpreter = "/" + kGlibcLoader, .needed = std::move(needed), .runpath = std::move(runpath), .is_pie = true});
}

/// A small distribution for amd64: sh, env, glibc.
Layer glibc_base() {
  return layer({file(kGlibcLoader, library_for(kMachineAmd64, "ld-linux-x86-64.so.2")),
                file("usr/lib/x86_64-linux-gnu/libc.so.6", library_for(kMachineAmd64, "libc.so.6")), symlink("lib", "usr/lib"),
                symlink("bin", "usr/bin"), file("usr/bin/dash", dynamic_program()), symlink("usr/bin/sh", "dash"),
                file("usr/bin/env", dynamic_program())});
}

/// "error wrong-machine /app", for each finding that is no note.
std::vector<std::string> found(const Image& image, std::vector<std::string> allow = {}) {
  std::vector<std::string> out;
  for (const auto& finding : verify({image}, {.allow = std::move(allow)})) {
    if (finding.severity == Severity::Note) continue;
    out.push_back((finding.severity == Severity::Error ? "error " : "warning ") + finding.rule +
                  (finding.path.empty() ? "" : " " + finding.path));
  }
  return out;
}

Finding only(const Image& image) {
  auto all = verify({image}, {});
  std::erase_if(all, [](const Finding& finding) { return finding.severity == Severity::Note; });
  EXPECT_EQ(all.size(), 1u);
  return all.empty() ? Finding{} : all.front();
}

Image on_glibc(std::vector<tree::Entry> files, std::vector<std::string> words) {
  return image_of("linux/amd64", {glibc_base(), layer(std::move(files))}, std::move(words));
}

TEST(Program, AStaticProgramOfThePlatformFits) {
  EXPECT_THAT(found(image_of("linux/amd64", {layer({file("app", program_for(kMachineAmd64))})}, {"/app"})), IsEmpty());
  EXPECT_THAT(found(image_of("linux/amd64", {layer({})}, {})), IsEmpty());
}

TEST(Program, AnotherMachinesProgramIsAnError) {
  Image image = image_of("linux/arm64", {layer({}), layer({file("app", program_for(kMachineAmd64))})}, {"/app", "-v"});
  image.layers[1].digest = "sha256:abc";
  image.layers[1].written_by = "COPY app /app";
  const Finding finding = only(image);
  EXPECT_EQ(headline(finding), "wrong-machine: /app is an ELF program for amd64, expected arm64");
  EXPECT_EQ(finding.severity, Severity::Error);
  EXPECT_EQ(finding.role, "ENTRYPOINT [\"/app\", \"-v\"]");
  EXPECT_EQ(finding.layer, 1u);
  EXPECT_EQ(finding.layer_digest, "sha256:abc");
  EXPECT_EQ(finding.written_by, "COPY app /app");
}

TEST(Program, IsFoundInPathThroughLinksAndInTheWorkingDirectory) {
  const std::string wrong = program_for(kMachineArm64);
  EXPECT_THAT(found(on_glibc({file("opt/x", wrong), symlink("usr/local/bin/x", "/opt/x")}, {"x"})), ElementsAre("error wrong-machine /opt/x"));
  EXPECT_THAT(found(on_glibc({file("opt/x", wrong), symlink("usr/local/bin/x", "../../../../../opt/x")}, {"x"})),
              ElementsAre("error wrong-machine /opt/x"));
  EXPECT_THAT(found(on_glibc({file("usr/bin/a", wrong), hardlink("usr/bin/x", "usr/bin/a")}, {"x"})), ElementsAre("error wrong-machine /usr/bin/a"));
  Image image = on_glibc({file("srv/x", wrong)}, {"./x"});
  image.config.working_dir = "/srv";
  EXPECT_THAT(found(image), ElementsAre("error wrong-machine /srv/x"));
  image = on_glibc({file("opt/tools/x", wrong), file("usr/bin/x", wrong, 0644)}, {"x"});
  image.config.env = {"PATH=/usr/bin:/opt/tools"};
  EXPECT_THAT(found(image), ElementsAre("error wrong-machine /opt/tools/x")) << "what cannot be executed is passed over";
  image = image_of("linux/amd64", {layer({file("x", wrong)}), layer({gone("x"), file("y", "")})}, {"/x"});
  EXPECT_THAT(found(image), ElementsAre("warning program-not-found"));
}

TEST(Program, WhatIsNotThereOrNoProgramIsAWarning) {
  EXPECT_THAT(found(on_glibc({}, {"/app"})), ElementsAre("warning program-not-found"));
  EXPECT_THAT(found(on_glibc({}, {"app"})), ElementsAre("warning program-not-found"));
  EXPECT_THAT(found(on_glibc({symlink("app", "app")}, {"/app"})), ElementsAre("warning program-not-found"));
  EXPECT_THAT(found(on_glibc({file("app", dynamic_program(), 0644)}, {"/app"})), ElementsAre("warning not-executable /app"));
  EXPECT_THAT(found(on_glibc({file("app", "echo hello\n")}, {"/app"})), ElementsAre("warning not-executable /app"));
  EXPECT_THAT(found(on_glibc({file("app", "")}, {"/app"})), ElementsAre("warning not-executable /app"));
}

TEST(Program, ScriptsLeadToTheirInterpreters) {
  EXPECT_THAT(found(on_glibc({file("run", "#!/bin/sh\nexec x\n")}, {"/run"})), IsEmpty());
  EXPECT_THAT(found(on_glibc({file("run", "#! /usr/bin/env sh\n")}, {"/run"})), IsEmpty());
  EXPECT_THAT(found(on_glibc({file("run", "#!/usr/bin/env -S A=1 sh -e\n")}, {"/run"})), IsEmpty());
  EXPECT_THAT(found(on_glibc({file("run", "#!/bin/bash\n")}, {"/run"})), ElementsAre("error missing-interpreter /run"));
  EXPECT_THAT(found(on_glibc({file("run", "#!/usr/bin/env python3\n")}, {"/run"})), ElementsAre("error missing-interpreter /run"));
  EXPECT_THAT(only(on_glibc({file("run", "#!/bin/sh\r\necho\r\n")}, {"/run"})).is, HasSubstr("Windows line ends"));
  EXPECT_THAT(found(on_glibc({file("run", "#!/my/sh\n"), file("my/sh", program_for(kMachineArm64))}, {"/run"})),
              ElementsAre("error wrong-machine /my/sh"));
  EXPECT_THAT(found(on_glibc({file("a", "#!/b\n"), file("b", "#!/a\n")}, {"/a"})), IsEmpty()) << "ends";
}

TEST(Program, ShellFormAndWrappersAreLookedThrough) {
  const auto wrong = [](std::vector<std::string> words, const char* path = "srv/app") {
    return found(on_glibc({file(path, program_for(kMachineArm64)), file("usr/bin/tini", dynamic_program()),
                           file("entry.sh", "#!/bin/sh\nexec \"$@\"\n")},
                          std::move(words)));
  };
  EXPECT_THAT(wrong({"/bin/sh", "-c", "/srv/app --flag"}), ElementsAre("error wrong-machine /srv/app"));
  EXPECT_THAT(wrong({"/bin/sh", "-ec", "cd /srv && exec ./app"}), ElementsAre("error wrong-machine /srv/app"));
  EXPECT_THAT(wrong({"tini", "-g", "--", "/srv/app"}), ElementsAre("error wrong-machine /srv/app"));
  EXPECT_THAT(wrong({"/entry.sh", "/srv/app"}), ElementsAre("error wrong-machine /srv/app"));
  EXPECT_THAT(wrong({"env", "A=b", "/srv/app"}), ElementsAre("error wrong-machine /srv/app"));
  EXPECT_THAT(wrong({"/bin/sh", "-c", "$APP"}), ElementsAre("warning foreign-file /srv/app"));
  EXPECT_THAT(wrong({"/bin/sh", "-c", "nothing-here"}, "testdata/app"), IsEmpty()) << "it may be a function or a builtin";
}

TEST(Program, TheLoaderHasToBeThereAndOfTheSameLibrary) {
  const auto app = [] { return file("app", dynamic_program()); };
  EXPECT_THAT(found(image_of("linux/amd64", {layer({app()})}, {"/app"})), ElementsAre("error missing-loader /app"));
  const Image on_musl = image_of("linux/amd64", {layer({file("lib/ld-musl-x86_64.so.1", library_for(kMachineAmd64)), app()})}, {"/app"});
  EXPECT_THAT(found(on_musl), ElementsAre("error wrong-libc /app"));
  EXPECT_THAT(only(on_musl).is, HasSubstr("linked against glibc, but the image has musl"));
  const std::string musl = elf_bytes({.interpreter = "/lib/ld-musl-x86_64.so.1", .needed = {"libc.musl-x86_64.so.1"}, .is_pie = true});
  EXPECT_THAT(found(on_glibc({file("app", musl)}, {"/app"})), ElementsAre("error wrong-libc /app"));
  EXPECT_THAT(found(image_of("linux/amd64", {layer({file("lib/ld-musl-x86_64.so.1", library_for(kMachineAmd64)), file("app", musl)})}, {"/app"})), IsEmpty());
  EXPECT_THAT(found(image_of("linux/amd64", {layer({file(kGlibcLoader, library_for(kMachineArm64)), app()})}, {"/app"})),
              ElementsAre("error wrong-machine /lib64/ld-linux-x86-64.so.2"));
}

TEST(Program, LibrariesAreLookedForAsTheLoaderDoes) {
  const auto with = [](std::vector<tree::Entry> files, std::string runpath = "", std::vector<std::string> env = {}) {
    files.push_back(file("opt/app/bin/app", dynamic_program({"libfoo.so.1", "libc.so.6"}, std::move(runpath))));
    Image image = on_glibc(std::move(files), {"/opt/app/bin/app"});
    image.config.env = std::move(env);
    return image;
  };
  const auto foo = [](std::string path, uint16_t machine = kMachineAmd64) { return file(std::move(path), library_for(machine, "libfoo.so.1"), 0644); };
  EXPECT_THAT(found(with({})), ElementsAre("warning missing-library /opt/app/bin/app"));
  EXPECT_THAT(only(with({})).is, HasSubstr("libfoo.so.1 is not there"));
  EXPECT_THAT(found(with({foo("opt/app/lib/libfoo.so.1")})), ElementsAre("warning missing-library /opt/app/bin/app"));
  EXPECT_THAT(found(with({foo("opt/app/lib/libfoo.so.1")}, "$ORIGIN/../lib")), IsEmpty());
  EXPECT_THAT(found(with({foo("opt/app/lib/libfoo.so.1")}, "", {"LD_LIBRARY_PATH=/opt/app/lib"})), IsEmpty());
  EXPECT_THAT(found(with({foo("usr/lib/libfoo.so.1.2"), symlink("usr/lib/libfoo.so.1", "libfoo.so.1.2")})), IsEmpty());
  EXPECT_THAT(found(with({foo("usr/local/lib/libfoo.so.1"), file("etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n", 0644),
                          file("etc/ld.so.conf.d/libc.conf", "# default\n/usr/local/lib\n", 0644)})),
              IsEmpty());
  EXPECT_THAT(found(with({foo("usr/lib/libfoo.so.1", kMachineArm64)})), ElementsAre("error wrong-machine /usr/lib/libfoo.so.1"));
  EXPECT_THAT(found(with({foo("usr/lib/libfoo.so.1", kMachineArm64), foo("lib64/libfoo.so.1")})),
              ElementsAre("warning foreign-file /usr/lib/libfoo.so.1"));
}

TEST(Program, AbiAndLevelCount) {
  const auto on = [](const char* platform, ElfFile file_) {
    file_.type = 2;
    return found(image_of(platform, {layer({file("app", elf_bytes(file_))})}, {"/app"}));
  };
  const ElfFile hard = {.machine = kMachineArm, .bits = 32, .flags = 0x5000400};
  EXPECT_THAT(on("linux/arm/v7", hard), IsEmpty());
  EXPECT_THAT(on("linux/arm/v5", hard), ElementsAre("error wrong-machine /app"));
  const ElfFile v7 = {.machine = kMachineArm, .bits = 32, .flags = 0x5000000, .arm_cpu = 10};
  EXPECT_THAT(on("linux/arm/v7", v7), IsEmpty());
  EXPECT_THAT(on("linux/arm/v6", v7), ElementsAre("error wrong-machine /app"));
  EXPECT_THAT(on("linux/ppc64le", {.machine = kMachinePpc64, .flags = 2}), IsEmpty());
  EXPECT_THAT(on("linux/ppc64le", {.machine = kMachinePpc64, .flags = 1}), ElementsAre("error wrong-machine /app"));
  EXPECT_THAT(on("linux/ppc64le", {.machine = kMachinePpc64, .big_endian = true}), ElementsAre("error wrong-machine /app"));
  EXPECT_THAT(on("linux/s390x", {.machine = kMachineS390, .big_endian = true}), IsEmpty());
  EXPECT_THAT(on("linux/amd64", {.bits = 32}), ElementsAre("error wrong-machine /app")) << "x32";
  EXPECT_THAT(on("linux/amd64", {.machine = kMachine386, .bits = 32}), IsEmpty());
  EXPECT_THAT(on("linux/amd64", {.os_abi = 9}), ElementsAre("error wrong-machine /app")) << "FreeBSD";
  EXPECT_THAT(on("linux/amd64", {.x86_isa = 7}), ElementsAre("warning cpu-level /app"));
  EXPECT_THAT(on("linux/amd64/v3", {.x86_isa = 7}), IsEmpty());
  EXPECT_THAT(on("linux/amd64", {.x86_isa = 3}), IsEmpty()) << "v2 is noted only";
}

TEST(Program, HealthChecksAreWarnedOf) {
  Image image = on_glibc({file("probe", program_for(kMachineArm64))}, {"/bin/sh"});
  image.config.healthcheck = {.test = {"CMD", "/probe"}};
  EXPECT_THAT(found(image), ElementsAre("warning wrong-machine /probe"));
  image.config.healthcheck = {.test = {"CMD-SHELL", "/probe || exit 1"}};
  EXPECT_THAT(found(image), ElementsAre("warning wrong-machine /probe"));
  image.config.healthcheck = {.test = {"NONE"}};
  EXPECT_THAT(found(image), ElementsAre("warning foreign-file /probe"));
}

TEST(Program, AllowedFilesAreNotJudged) {
  Image image = image_of("linux/arm64", {layer({file("opt/x/app", program_for(kMachineAmd64))})}, {"/opt/x/app"});
  EXPECT_THAT(found(image, {"opt/*"}), IsEmpty());
  EXPECT_THAT(found(image, {"/opt/x/app"}), IsEmpty());
  EXPECT_THAT(found(image, {"elsewhere"}), ElementsAre("error wrong-machine /opt/x/app"));
  image.config.labels[kAllowLabel] = "a /opt/x";
  EXPECT_THAT(found(image), IsEmpty());
}

TEST(ShellText, GivesTheFirstCommandOfPlainWordsOnly) {
  const auto words = [](const char* text) {
    const auto command = first_command(text);
    return command ? command->words : std::vector<std::string>{"-"};
  };
  EXPECT_THAT(words("./main -v \"$X\""), ElementsAre("./main", "-v"));
  EXPECT_THAT(words("A=1 exec /app; other"), ElementsAre("/app"));
  EXPECT_THAT(words("set -e; umask 022 && app|tee log"), ElementsAre("app"));
  for (const char* text : {"", "$APP", "if true; then x; fi", "\"/my app\"", "(x)", "cd $HOME && x", ". /env && x"})
    EXPECT_THAT(words(text), ElementsAre("-")) << text;
  EXPECT_EQ(first_command("cd /srv && cd app && ./x")->cwd, "/srv/app");
}

}  // namespace
}  // namespace slipway::verify
