// One function per kind of instruction, in the order of compat 5.5. Each checks what can be checked
// without an environment and without the file system.
#include "dockerfile/instructions.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "dockerfile/flags.h"
#include "dockerfile/mount.h"
#include "dockerfile/unicode.h"
#include "dockerfile/values.h"

namespace slipway::dockerfile {
namespace {

using Kind = FlagRule::Kind;

// "# name what it is" above the instruction that defines `name`.
std::string doc_of(const std::vector<std::string>& comments, const std::string& name) {
  if (name.empty()) return {};
  for (const auto& comment : comments)
    if (comment.starts_with(name + " ")) return comment.substr(name.size() + 1);
  return {};
}

class Maker {
 public:
  Maker(Statement& statement, Mistakes& mistakes)
      : statement_(statement), mistakes_(mistakes), keyword_(to_upper(statement.keyword)) {
    report_ = [this](size_t offset, size_t width, std::string what, std::string hint) {
      mistakes_.add({span_at(statement_, offset), width, std::move(what), std::move(hint)});
      good_ = false;
    };
  }

  std::optional<Instruction> make() {
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
      instruction.body = stopsignal();
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

 private:
  const std::vector<Word>& words() const { return statement_.words; }

  void wrong(std::string what, std::string hint = {}) {
    report_(0, statement_.keyword.size(), std::move(what), std::move(hint));
  }
  void wrong_at(const Word& word, std::string what, std::string hint = {}) {
    report_(word.offset, word.text.size(), std::move(what), std::move(hint));
  }
  FlagSet flags(std::initializer_list<FlagRule> rules = {}) {
    return FlagSet(statement_, rules, report_);
  }

  // Passes an Error without a place on as a mistake at `word`.
  template <class Function>
  void checked(const Word& word, Function function) {
    try {
      function();
    } catch (const Error& error) {
      wrong_at(word, error.message(), error.hint());
    }
  }

  bool at_least_one() {
    if (!words().empty()) return true;
    wrong(fmt::format("{} requires at least one argument", keyword_));
    return false;
  }

  // The argument of an instruction that has one and no flags.
  std::string only_word() {
    flags();
    if (words().size() == 1) return words().front().text;
    wrong(fmt::format("{} requires exactly one argument", keyword_));
    return {};
  }

  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const auto& word : words()) out.push_back(word.text);
    return out;
  }

  Command command() const {
    Command command;
    if (statement_.json) {
      command.form = Command::Form::Exec;
      command.args = texts();
      return command;
    }
    if (!words().empty()) command.text = words().front().text;
    command.heredocs = statement_.heredocs;
    if (!command.heredocs.empty() && heredoc_of(command.text)) command.form = Command::Form::Script;
    return command;
  }

  From from() {
    const FlagSet set = flags({{"platform"}});
    From from;
    from.platform = set.string("platform");
    const auto& w = words();
    const bool named = w.size() == 3 && to_lower(w[1].text) == "as";
    if (w.size() != 1 && !named) {
      const std::string hint =
          w.size() == 2   ? fmt::format("did you mean FROM {} AS {}?", w[0].text, w[1].text)
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

  Run run() {
    const FlagSet set =
        flags({{"mount", Kind::Strings}, {"network"}, {"security"}, {"device", Kind::Strings}});
    Run run;
    run.command = command();
    for (const auto& mount : set.all("mount"))
      checked(mount, [&] { run.mounts.push_back(parse_mount(mount.text)); });
    run.network = one_of(set, "network", {"default", "none", "host"}, "invalid network mode");
    run.security = one_of(set, "security", {"sandbox", "insecure"}, "invalid security mode");
    for (const auto& device : set.all("device")) run.devices.push_back(this->device(device));
    return run;
  }

  std::string one_of(const FlagSet& set, std::string_view flag,
                     const std::vector<std::string>& known, std::string_view what) {
    std::string value = set.string(flag, known.front());
    if (std::find(known.begin(), known.end(), value) == known.end())
      wrong_at(set.word(flag), fmt::format("{} {}", what, shown(value)),
               "one of: " + join(known, ", "));
    return value;
  }

  DeviceSpec device(const Word& word) {
    DeviceSpec device;
    const auto fields = split_csv(word.text);
    if (!fields) {
      wrong_at(word,
               fmt::format("device {} is not a list of comma-separated fields", shown(word.text)));
      return device;
    }
    for (const auto& field : *fields) {
      const size_t equals = field.find('=');
      const std::string key = to_lower(std::string_view(field).substr(0, equals));
      const bool has_value = equals != field.npos;
      const std::string value = has_value ? field.substr(equals + 1) : "";
      if (key == "required") {
        const auto required = has_value ? parse_bool(value) : true;
        if (!required) wrong_at(word, fmt::format("invalid value for required: {}", shown(value)));
        device.required = required.value_or(false);
      } else if (has_value && key == "name") {
        if (!device.name.empty())
          wrong_at(word, fmt::format("device name already set to {}", shown(device.name)));
        device.name = value;
      } else if (device.name.empty()) {
        device.name = field;
      } else if (has_value) {
        wrong_at(word, fmt::format("unexpected key {} in {}", shown(key), shown(field)),
                 "known keys: name, required");
      } else {
        wrong_at(word, fmt::format("invalid field {}: it must be a key=value pair", shown(field)));
      }
    }
    return device;
  }

  Cmd cmd() {
    flags();
    return {command()};
  }
  Entrypoint entrypoint() {
    flags();
    return {command()};
  }

  std::vector<Pair> pairs() {
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
  Label label() { return {pairs()}; }
  Env env() { return {pairs()}; }

  Expose expose() {
    flags();
    Expose expose;
    if (!at_least_one()) return expose;
    for (const auto& word : words())
      if (word.text.find_first_of("$'\"\\`") == word.text.npos)
        checked(word, [&] { parse_port(word.text); });
    expose.ports = texts();
    std::sort(expose.ports.begin(), expose.ports.end());
    return expose;
  }

  // Sources, heredocs and destination of COPY and ADD.
  void transfer(const FlagSet& set, Transfer& out) {
    out.chown = set.string("chown");
    out.chmod = set.string("chmod");
    out.link = set.boolean("link").value_or(false);
    for (const auto& exclude : set.all("exclude")) out.excludes.push_back(exclude.text);
    if (words().size() < 2) {
      wrong(fmt::format("{} requires at least two arguments, but only one was provided. "
                        "Destination could not be "
                        "determined",
                        keyword_),
            fmt::format("write {} SOURCE... DESTINATION", keyword_));
      return;
    }
    out.dest = words().back().text;
    if (heredoc_of(out.dest))
      wrong_at(words().back(),
               fmt::format("{} cannot accept a heredoc as a destination", keyword_));
    for (size_t i = 0; i + 1 < words().size(); ++i) source(words()[i], out);
  }

  void source(const Word& word, Transfer& out) {
    const auto announced = heredoc_of(word.text);
    if (!announced) {
      out.sources.push_back(word.text);
      return;
    }
    if (statement_.json) {
      wrong_at(word,
               fmt::format("{} cannot accept a heredoc as an element of a JSON array", keyword_));
      return;
    }
    // Of two with one name, the last one's text counts for both.
    const auto body =
        std::find_if(statement_.heredocs.rbegin(), statement_.heredocs.rend(),
                     [&](const Heredoc& heredoc) { return heredoc.name == announced->name; });
    if (body == statement_.heredocs.rend()) {
      wrong_at(word, fmt::format("the heredoc {} has no text", shown(word.text)),
               "is a quote on this line unbalanced?");
      return;
    }
    Heredoc heredoc = *body;
    heredoc.expand = announced->expand;
    heredoc.strip_tabs = announced->strip_tabs;
    out.heredocs.push_back(std::move(heredoc));
  }

  Add add() {
    const FlagSet set = flags({{"chown"},
                               {"chmod"},
                               {"link", Kind::Bool},
                               {"keep-git-dir", Kind::Bool},
                               {"checksum"},
                               {"unpack", Kind::Bool},
                               {"exclude", Kind::Strings}});
    Add add;
    transfer(set, add);
    add.checksum = set.string("checksum");
    add.keep_git_dir = set.boolean("keep-git-dir");
    add.unpack = set.boolean("unpack");
    return add;
  }

  Copy copy() {
    const FlagSet set = flags({{"from"},
                               {"chown"},
                               {"chmod"},
                               {"link", Kind::Bool},
                               {"parents", Kind::Bool},
                               {"exclude", Kind::Strings}});
    Copy copy;
    transfer(set, copy);
    copy.parents = set.boolean("parents").value_or(false);
    copy.from = set.string("from");
    const size_t dollar = copy.from.find('$');
    if (dollar != copy.from.npos && dollar + 1 != copy.from.size())
      wrong_at(set.word("from"), "variable expansion is not supported for --from",
               fmt::format("define a stage: FROM {} AS alias with a global ARG, then --from=alias",
                           copy.from));
    return copy;
  }

  Volume volume() {
    flags();
    Volume volume;
    if (!at_least_one()) return volume;
    for (const auto& word : words()) {
      volume.paths.emplace_back(trim_space(word.text));
      if (volume.paths.back().empty())
        wrong_at(word, "VOLUME specified can not be an empty string");
    }
    return volume;
  }

  Arg arg() {
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

  Onbuild onbuild() {
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

  Stopsignal stopsignal() {
    Stopsignal stopsignal{only_word()};
    const std::string& name = stopsignal.signal;
    if (good_ && name.find_first_of("$'\"\\`") == name.npos && !is_signal(name))
      wrong_at(words().front(), fmt::format("invalid signal: {}", shown(name)),
               "write a name such as SIGTERM or a number");
    return stopsignal;
  }

  int64_t interval(const FlagSet& set, std::string_view name) {
    const std::string text = set.string(name);
    if (text.empty()) return 0;
    const auto value = parse_go_duration(text);
    if (!value) {
      wrong_at(set.word(name), fmt::format("invalid duration {}", shown(text)),
               "write a number and a unit: 30s, 1m30s");
    } else if (*value != 0 && *value < 1'000'000) {
      wrong_at(set.word(name), fmt::format("interval \"{}\" cannot be less than 1ms", name));
    }
    return value.value_or(0);
  }

  Healthcheck healthcheck() {
    Healthcheck check;
    const FlagSet set =
        flags({{"interval"}, {"timeout"}, {"start-period"}, {"start-interval"}, {"retries"}});
    if (!at_least_one()) return check;
    const std::string type = to_upper(words().front().text);
    if (type == "NONE") {
      check.none = true;
      if (words().size() > 1) wrong_at(words()[1], "HEALTHCHECK NONE takes no arguments");
      return check;
    }
    if (type != "CMD") {
      wrong_at(words().front(),
               fmt::format("unknown type {} in HEALTHCHECK", shown(words().front().text)),
               "try HEALTHCHECK CMD command");
      return check;
    }
    if (words().size() < 2) wrong("missing command after HEALTHCHECK CMD");
    statement_.words.erase(statement_.words.begin());
    check.command = command();
    check.interval = interval(set, "interval");
    check.timeout = interval(set, "timeout");
    check.start_period = interval(set, "start-period");
    check.start_interval = interval(set, "start-interval");
    if (const std::string retries = set.string("retries"); !retries.empty()) {
      const std::string_view digits =
          std::string_view(retries).substr(retries.starts_with('+') ? 1 : 0);
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), check.retries);
      if (error != std::errc() || end != digits.data() + digits.size()) {
        wrong_at(set.word("retries"),
                 fmt::format("invalid number {} for --retries", shown(retries)));
      } else if (check.retries < 0) {
        wrong_at(set.word("retries"),
                 fmt::format("--retries cannot be negative ({})", check.retries));
      }
    }
    return check;
  }

  Shell shell() {
    flags();
    if (!at_least_one()) return {};
    if (!statement_.json)
      wrong_at(words().front(), "SHELL requires the arguments to be in JSON form",
               "an example: SHELL [\"/bin/bash\", \"-c\"]");
    return {texts()};
  }

  Statement& statement_;
  Mistakes& mistakes_;
  const std::string keyword_;
  Report report_;
  bool good_ = true;
};

}  // namespace

std::optional<Instruction> make_instruction(Statement statement, Mistakes& mistakes) {
  if (statement.broken) return std::nullopt;
  return Maker(statement, mistakes).make();
}

}  // namespace slipway::dockerfile
