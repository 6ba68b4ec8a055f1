// Statement -> Instruction: one function for each kind of instruction, in three files:
// instructions.cc, make_command.cc and make_transfer.cc. Each checks what can be checked without an
// environment and without the file system. Internal to dockerfile/.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/ast.h"
#include "dockerfile/flags.h"
#include "dockerfile/scan.h"

namespace slipway::dockerfile {

/// Used once, for one statement, which it takes apart. Goes on behind a mistake to find the others.
class Maker {
 public:
  Maker(Statement& statement, Mistakes& mistakes);

  /// Nothing if a mistake was reported.
  std::optional<Instruction> make();

 private:
  // instructions.cc
  From from();
  Label label();
  Env env();
  Expose expose();
  Volume volume();
  Arg arg();
  Onbuild onbuild();
  Shell shell();
  std::vector<Pair> pairs();

  // make_command.cc
  Run run();
  Cmd cmd();
  Entrypoint entrypoint();
  Healthcheck healthcheck();
  Command command() const;
  DeviceSpec device(const Word& word);
  /// The value of a flag that takes one of a few words, the first being the default.
  std::string one_of(const FlagSet& set, std::string_view flag,
                     const std::vector<std::string>& known, std::string_view what);
  int64_t interval(const FlagSet& set, std::string_view name);

  // make_transfer.cc
  Copy copy();
  Add add();
  void transfer(const FlagSet& set, Transfer& out);
  void source(const Word& word, Transfer& out);

  // What all of them use.
  const std::vector<Word>& words() const { return statement_.words; }
  std::vector<std::string> texts() const;
  FlagSet flags(std::initializer_list<FlagRule> rules = {}) {
    return FlagSet(statement_, rules, report_);
  }
  bool at_least_one();
  std::string only_word();
  /// Mistakes at the keyword and at a word.
  void wrong(std::string what, std::string hint = {}) {
    report_(0, statement_.keyword.size(), std::move(what), std::move(hint));
  }
  void wrong_at(const Word& word, std::string what, std::string hint = {}) {
    report_(word.offset, word.text.size(), std::move(what), std::move(hint));
  }
  /// Passes an Error without a place on as a mistake at `word`.
  template <class Function>
  void checked(const Word& word, Function function) {
    try {
      function();
    } catch (const Error& error) {
      wrong_at(word, error.message(), error.hint());
    }
  }

  Statement& statement_;
  Mistakes& mistakes_;
  const std::string keyword_;
  Report report_;
  bool good_ = true;
};

}  // namespace slipway::dockerfile
