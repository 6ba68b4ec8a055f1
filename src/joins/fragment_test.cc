// Fragments as documents, their names, and merging them: no registry.
#include "joins/fragment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "joins/identity.h"
#include "joins/merge.h"
#include "joins/test_images.h"
#include "json/json.h"

namespace slipway::joins {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

registry::Reference target() { return registry::parse_reference("registry.example/team/app:1.2"); }

oci::Descriptor image(const char* text, int round = 0) {
  oci::Descriptor out;
  out.media_type = oci::kManifest;
  out.digest = oci::Digest::of(std::string(text) + std::to_string(round));
  out.size = 100;
  out.platform = platform(text);
  return out;
}

oci::Descriptor about(const oci::Descriptor& image) {
  oci::Descriptor out;
  out.media_type = oci::kManifest;
  out.digest = oci::Digest::of("about " + image.digest.str());
  out.size = 50;
  out.platform = oci::Platform{.os = "unknown", .arch = "unknown", .variant = {}, .os_version = {}};
  out.annotations = {{"vnd.docker.reference.digest", image.digest.str()},
                     {"vnd.docker.reference.type", "attestation-manifest"}};
  return out;
}

std::string index_of(std::vector<oci::Descriptor> entries, oci::Annotations annotations = {}) {
  return oci::print(oci::Index{.media_type = std::string(oci::kIndex),
                               .artifact_type = {},
                               .manifests = std::move(entries),
                               .subject = {},
                               .annotations = std::move(annotations)});
}

Plan plan_for(const char* expected, const char* id = "run-1") {
  return {.target = target(), .id = id, .expected = oci::parse_platforms(expected)};
}

Fragment fragment(const Plan& plan, const char* platforms, const std::string& index) {
  return fragment_of(plan, oci::parse_platforms(platforms), index, "test");
}

TEST(Fragment, SaysTheSameAfterItWasPrintedAndRead) {
  const auto amd = image("linux/amd64");
  Fragment f = fragment(plan_for("linux/amd64,linux/arm64"), "linux/amd64",
                        index_of({amd, about(amd)}, {{"org.example.note", "x"}}));
  f.from = "runner-7";
  f.at = 1700000000;
  const Fragment again = parse_fragment(print(f), target(), "test");
  EXPECT_EQ(again.plan.id, "run-1");
  EXPECT_EQ(again.plan.expected, f.plan.expected);
  EXPECT_EQ(again.platforms, f.platforms);
  EXPECT_EQ(again.images.at(0).text, f.images.at(0).text);
  EXPECT_EQ(again.attestations.at(0).text, f.attestations.at(0).text);
  EXPECT_EQ(again.annotations, (oci::Annotations{{"org.example.note", "x"}}));
  EXPECT_EQ(again.media_type, oci::kIndex);
  EXPECT_EQ(again.from, "runner-7");
  EXPECT_EQ(again.at, 1700000000);
  EXPECT_FALSE(again.is_abandoned);
  EXPECT_EQ(print(again), print(f));
}

TEST(Fragment, KeepsMembersOfDescriptorsThatItDoesNotKnow) {
  json::Value index = json::parse(index_of({image("linux/arm64")}), "test");
  index["manifests"][0]["urls"] = {"https://mirror.example/x"};
  index["manifests"][0]["platform"]["os.features"] = {"win32k"};
  const Fragment f =
      fragment(plan_for("linux/arm64"), "linux/arm64", json::dump(index));
  const Merged merged = merge({{platform("linux/arm64"), f}});
  EXPECT_EQ(json::parse(merged.bytes, "merged")["manifests"], index["manifests"]);
}

TEST(Fragment, RefusesDocumentsOfSomethingElse) {
  const auto read = [](const std::string& bytes) {
    try {
      parse_fragment(bytes, target(), "app:tag");
    } catch (const Error& error) {
      return error.render();
    }
    return std::string("no error");
  };
  EXPECT_THAT(read(index_of({image("linux/amd64")})), HasSubstr("no fragment of a join"));
  EXPECT_THAT(read("{}"), HasSubstr("app:tag"));
  Fragment f = fragment(plan_for("linux/amd64"), "linux/amd64", index_of({image("linux/amd64")}));
  f.plan.target.tag = "2";
  EXPECT_THAT(read(print(f)), HasSubstr("a fragment of the tag 2, not 1.2"));
  f.plan.target.tag = "1.2";
  f.media_type = "text/plain";
  EXPECT_THAT(read(print(f)), HasSubstr("no media type of an index"));
  f.media_type = oci::kIndex;
  f.platforms = oci::parse_platforms("linux/amd64,linux/arm64");
  EXPECT_THAT(read(print(f)), HasSubstr("does not have an image for each"));
}

TEST(Fragment, PlacesAreTagsThatTellTargetRunAndPlatformApart) {
  const Plan plan = plan_for("linux/arm/v7");
  const std::string head = head_of(plan).tag;
  EXPECT_THAT(head, ::testing::MatchesRegex("1\\.2\\.join-[0-9a-f]{12}"));
  EXPECT_EQ(place_of(plan, platform("linux/arm/v7")).tag, head + "-linux-arm-v7");
  EXPECT_TRUE(is_head_tag(target(), head));
  EXPECT_FALSE(is_head_tag(target(), head + "-linux-arm-v7"));
  EXPECT_FALSE(is_head_tag(target(), "1.2"));
  EXPECT_NE(head_of(plan_for("linux/arm/v7", "run-2")).tag, head);
  Plan longest = plan;
  longest.target.tag = std::string(128, 'x');
  EXPECT_LE(place_of(longest, platform("linux/arm/v7")).tag.size(), 128u);
  Plan other = longest;
  other.target.tag[127] = 'y';
  EXPECT_NE(head_of(longest).tag, head_of(other).tag);
}

TEST(Merge, GivesTheIndexOfOneMachineWhateverTheShareOfEach) {
  const auto amd = image("linux/amd64"), arm = image("linux/arm64"), v7 = image("linux/arm/v7");
  const oci::Annotations notes = {{"org.example.note", "x"}};
  const std::string whole = index_of({amd, arm, v7, about(amd), about(arm), about(v7)}, notes);
  const Plan plan = plan_for("linux/amd64,linux/arm64,linux/arm/v7");
  const Fragment a = fragment(plan, "linux/amd64", index_of({amd, about(amd)}, notes));
  const Fragment b =
      fragment(plan, "linux/arm64,linux/arm/v7", index_of({arm, v7, about(arm), about(v7)}, notes));
  // Platforms of one machine may be in any order there.
  const Fragment c =
      fragment(plan, "linux/arm/v7,linux/arm64", index_of({v7, arm, about(v7), about(arm)}, notes));
  for (const auto& second : {b, c}) {
    const Merged merged = merge({{platform("linux/amd64"), a},
                                 {platform("linux/arm64"), second},
                                 {platform("linux/arm/v7"), second}});
    EXPECT_EQ(merged.bytes, whole);
    EXPECT_TRUE(merged.notes.empty());
  }
}

TEST(Merge, OfDifferentIndexAnnotationsTheFirstPlatformsCount) {
  const Plan plan = plan_for("linux/amd64,linux/arm64");
  const auto amd = image("linux/amd64"), arm = image("linux/arm64");
  const Merged merged = merge(
      {{platform("linux/amd64"), fragment(plan, "linux/amd64", index_of({amd}, {{"time", "1"}}))},
       {platform("linux/arm64"),
        fragment(plan, "linux/arm64", index_of({arm}, {{"time", "2"}, {"more", "yes"}}))}});
  EXPECT_EQ(merged.bytes, index_of({amd, arm}, {{"more", "yes"}, {"time", "1"}}));
  EXPECT_THAT(merged.notes, ElementsAre(HasSubstr("\"1\" is kept, not \"2\" of linux/arm64")));
}

TEST(Merge, DisagreementSaysWhoExpectsWhat) {
  Fragment theirs = fragment(plan_for("linux/amd64,linux/riscv64"), "linux/amd64",
                             index_of({image("linux/amd64")}));
  theirs.from = "github job a on runner-1";
  const auto text = [&](const char* mine) {
    try {
      check_agreement(plan_for(mine), theirs);
    } catch (const Error& error) {
      return error.render();
    }
    return std::string("no error");
  };
  EXPECT_EQ(text("linux/amd64,linux/riscv64"), "no error");
  EXPECT_THAT(text("linux/amd64,linux/arm64"),
              ::testing::AllOf(HasSubstr("here linux/amd64, linux/arm64 are expected"),
                               HasSubstr("github job a on runner-1 expects linux/amd64, linux/riscv64"),
                               HasSubstr("--abandon")));
  EXPECT_THAT(text("linux/riscv64,linux/amd64"), HasSubstr("in the same order"));
}

TEST(Identity, IsTheRunThatTheCiSystemNames) {
  std::map<std::string, std::string> variables;
  const Environment environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  EXPECT_EQ(run_of(environment), "");
  EXPECT_EQ(whereabouts(environment, "box"), "box");
  variables = {{"GITHUB_RUN_ID", "42"}, {"GITHUB_JOB", "build"}};
  EXPECT_EQ(run_of(environment), "github-42");
  EXPECT_EQ(whereabouts(environment, "box"), "github job build on box");
  variables = {{"CI_PIPELINE_ID", "7"}};
  EXPECT_EQ(run_of(environment), "gitlab-7");
  EXPECT_EQ(whereabouts(environment, "box"), "gitlab on box");
}

}  // namespace
}  // namespace slipway::joins
