// Native twins of the foreign programs of one step (exec::Substitutes): looks the program up on both sides, and lets it run
// natively where a rule says that the result is the same. Any doubt means the emulator.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "exec/substitutes.h"
#include "twins/decide.h"
#include "twins/rules.h"
#include "twins/twin_root.h"

namespace slipway::twins {

class Twins : public exec::Substitutes {
 public:
  /// `later` are the directories of the step's layers above the base image, its upper one among them: what is not in them
  /// is as the base image has it.
  Twins(std::shared_ptr<TwinRoot> root, Grade grade, std::vector<std::string> later);

  int mount() const override { return root_->mount(); }
  std::vector<std::pair<std::string, std::string>> shown() const override { return root_->shown(); }
  void begin(int root) override;
  void end() override;
  std::optional<exec::Substitute> find(const exec::Execution& execution) noexcept override;
  bool is_one(dev_t device, ino_t inode) const override { return root_->is_one(device, inode); }

 private:
  /// What is known of a file as long as it stays as it is.
  struct Known {
    std::vector<const Rule*> rules;  // any of them will do; their change is the same
    TwinRoot::Program program;
  };
  using FileState = std::tuple<dev_t, ino_t, off_t, int64_t, int64_t>;

  std::optional<exec::Substitute> look(const exec::Execution& execution);
  std::optional<Known> identify(const exec::Execution& execution);
  std::optional<Known> identify_go(const std::string& file);
  bool same_libraries(const TwinRoot::Program& program);
  bool loader_is_usual(const TwinRoot::Program& program);
  bool is_unchanged(const std::string& path, const Packages::Owner& owner);
  const std::string& sum_of(int file);
  Surroundings surroundings(const exec::Execution& execution);
  std::optional<std::string> unchanged_owner(const std::string& path);

  std::shared_ptr<TwinRoot> root_;
  Grade grade_;
  std::vector<std::string> later_;
  int step_root_ = -1;
  std::unique_ptr<Packages> packages_;
  std::map<FileState, Known> known_;
  std::string libraries_stamp_;  // of what decides which libraries a foreign program gets; known_ goes when it changes
  std::map<FileState, std::string> sums_;
};

}  // namespace slipway::twins
