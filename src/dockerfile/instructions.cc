// Instructions of which words: FROM, ENV, LABEL, EXPOSE, VOLUME, ARG, ONBUILD, STOPSIGNAL, SHELL
// and those with a single argument. See maker.h.
#include "dockerfile/instructions.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "dockerfile/maker.h"
#include "dockerfile/unicode.h"

namespace slipway::dockerfile {
namespace {

// "# name what it is" above the instruction that defines `name`.
std::string doc_of(const std::vector<std::string>& comments, const std::string& name) {
  if (name.empty()) return {};
  for (const auto& comment : comments)
    if (comment.starts_with(name + " ")) return comment.substr(name.size() + 1);
  return {};
}

}  // namespace

Maker::Maker(Statement& statement, Mistakes& mistakes)
    : statement_(statement), mistakes_(mistakes), keyword_(to_upper(statement.keyword)) {
  report_ = [this](size_t offset, size_t width, std::string what, std::string hint) {
    mistakes_.add({span_at(statement_, offset), width, std::move(what), std::move(hint)});
    good_ = false;
  };
}

std::optional<Instruction> Maker::make() {
  Instruction instruction;
  if (keyword_ == "FROM")
    instruction.body = from();
  else if (keyword_ == "RUN")
    instruction.body = run();
  else if (keyword_ == "CMD")
    instruction.body = cmd();
  else if (keyword_ == "LABEL")
    instruction.body = label();
  else if (keyword_ == "MAINTAINER")
    instruction.body = Maintainer{only_word()};
  else if (keyword_ == "EXPOSE")
    instruction.body = expose();
  else if (keyword_ == "ENV")
    instruction.body = env();
  else if (keyword_ == "ADD")
    instruction.body = add();
  else if (keyword_ == "COPY")
    instruction.body = copy();
  else if (keyword_ == "ENTRYPOINT")
    instruction.body = entrypoint();
  else if (keyword_ == "VOLUME")
    instruction.body = volume();
  else if (keyword_ == "USER")
    instruction.body = User{only_word()};
  else if (keyword_ == "WORKDIR")
    instruction.body = Workdir{only_word()};
  else if (keyword_ == "ARG")
    instruction.body = arg();
  else if (keyword_ == "ONBUILD")
    instruction.body = onbuild();
  else if (keyword_ == "STOPSIGNAL")
    instruction.body = Stopsignal{only_word()};
  else if (keyword_ == "HEALTHCHECK")
    instruction.body = healthcheck();
  else if (keyword_ == "SHELL")
    instruction.body = shell();
  if (!good_) return std::nullopt;
  instruction.span = statement_.span;
  instruction.keyword = std::move(statement_.keyword);
  instruction.text = std::move(statement_.text);
  instruction.pieces = std::move(statement_.pieces);
  instruction.comments = std::move(statement_.comments);
  for (auto& flag : statement_.flags) instruction.flags.push_back(std::move(flag.text));
  return instruction;
}

bool Maker::at_least_one() {
  if (!words().empty()) return true;
  wrong(fmt::format("{} requires at least one argument", keyword_));
  return false;
}

// The argument of an instruction that has one and no flags.
std::string Maker::only_word() {
  flags();
  if (words().size() == 1) return words().front().text;
  wrong(fmt::format("{} requires exactly one argument", keyword_));
  return {};
}

std::vector<std::string> Maker::texts() const {
  std::vector<std::string> out;
  for (const auto& word : words()) out.push_back(word.text);
  return out;
}

From Maker::from() {
  const FlagSet set = flags({{"platform"}});
  From from;
  from.platform = set.string("platform");
  const auto& w = words();
  const bool named = w.size() == 3 && to_lower(w[1].text) == "as";
  if (w.size() != 1 && !named) {
    const std::string hint = w.size() == 2
                                 ? fmt::format("did you mean FROM {} AS {}?", w[0].text, w[1].text)
                             : w.size() == 3 ? "the second word must be AS"
                                             : "write FROM image or FROM image AS name";
    wrong("FROM requires either one or three arguments", hint);
    return from;
  }
  from.image = w[0].text;
  if (!named) return from;
  from.as_keyword = w[1].text;
  from.as_written = w[2].text;
  from.name = to_lower(w[2].text);
  const bool valid =
      from.name[0] >= 'a' && from.name[0] <= 'z' &&
      from.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.") == from.name.npos;
  if (!valid)
    wrong_at(
        w[2],
        fmt::format(
            "invalid name for build stage: {}, name can't start with a number or contain symbols",
            shown(w[2].text)),
        "a name begins with a letter and has letters, digits, - _ and .");
  return from;
}

std::vector<Pair> Maker::pairs() {
  flags();
  std::vector<Pair> pairs;
  if (!at_least_one()) return pairs;
  for (size_t i = 0; i + 2 < words().size(); i += 3) {
    if (words()[i].text.empty())
      wrong_at(words()[i + 2], fmt::format("{} names can not be blank", keyword_));
    pairs.push_back({words()[i].text, words()[i + 1].text, words()[i + 2].text.empty()});
  }
  return pairs;
}
Label Maker::label() { return {pairs()}; }
Env Maker::env() { return {pairs()}; }

Expose Maker::expose() {
  flags();
  Expose expose;
  if (!at_least_one()) return expose;
  expose.ports = texts();
  std::sort(expose.ports.begin(), expose.ports.end());
  return expose;
}

Volume Maker::volume() {
  flags();
  Volume volume;
  if (!at_least_one()) return volume;
  for (const auto& word : words()) {
    volume.paths.emplace_back(trim_space(word.text));
    if (volume.paths.back().empty()) wrong_at(word, "VOLUME specified can not be an empty string");
  }
  return volume;
}

Arg Maker::arg() {
  flags();
  Arg arg;
  if (!at_least_one()) return arg;
  for (const auto& word : words()) {
    const size_t equals = word.text.find('=');
    Arg::Item item{word.text.substr(0, equals), std::nullopt, {}};
    if (equals != word.text.npos) item.value = word.text.substr(equals + 1);
    if (item.name.empty()) wrong_at(word, "ARG names can not be blank");
    item.doc = doc_of(statement_.comments, item.name);
    arg.items.push_back(std::move(item));
  }
  return arg;
}

Onbuild Maker::onbuild() {
  flags();
  Onbuild onbuild;
  if (statement_.inner.empty()) {
    at_least_one();
    return onbuild;
  }
  Statement inner = std::move(statement_.inner.front());
  const std::string trigger = to_upper(inner.keyword);
  if (trigger == "FROM" || trigger == "MAINTAINER") {
    wrong(fmt::format("{} isn't allowed as an ONBUILD trigger", trigger));
    return onbuild;
  }
  onbuild.text = inner.text + inner.trailing;
  for (const auto& heredoc : statement_.heredocs)
    onbuild.text += "\n" + heredoc.content + heredoc.name;
  auto made = make_instruction(std::move(inner), mistakes_);
  if (!made)
    good_ = false;
  else
    onbuild.inner.push_back(std::move(*made));
  return onbuild;
}

Shell Maker::shell() {
  flags();
  if (!at_least_one()) return {};
  if (!statement_.json)
    wrong_at(words().front(), "SHELL requires the arguments to be in JSON form",
             "an example: SHELL [\"/bin/bash\", \"-c\"]");
  return {texts()};
}

std::optional<Instruction> make_instruction(Statement statement, Mistakes& mistakes) {
  if (statement.broken) return std::nullopt;
  return Maker(statement, mistakes).make();
}

}  // namespace slipway::dockerfile
