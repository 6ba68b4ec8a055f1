// What each instruction does to a stage: a step, a change of the image config, or both; always one history entry.
#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "dockerfile/mount.h"
#include "dockerfile/values.h"
#include "graph/history.h"
#include "graph/lowering.h"
#include "graph/neutral.h"
#include "os/fs.h"

namespace slipway::graph {
namespace {

constexpr const char* kScriptDir = "/dev/pipes";

/// The command line of a RUN, CMD or ENTRYPOINT.
std::vector<std::string> command_line(const dockerfile::Command& command, const image::Config& config) {
  if (command.form == dockerfile::Command::Form::Exec) return command.args;
  std::vector<std::string> argv = config.shell.value_or(std::vector<std::string>{"/bin/sh", "-c"});
  argv.push_back(dockerfile::shell_text(command));
  return argv;
}

std::string strip_root(std::string_view path) {
  std::string clean = os::clean_path(std::string("/").append(path));
  return clean.substr(1);
}

/// `--parents` gives "/./" in a source a meaning that cleaning would lose.
std::string source_path(const std::string& path, bool keep_pivot) {
  if (!keep_pivot) return strip_root(path);
  const size_t pivot = path.find("/./");
  if (pivot == path.npos) return strip_root(path);
  return strip_root(path.substr(0, pivot)) + "/./" + strip_root(path.substr(pivot + 3));
}

/// The config's spelling: {"NONE"}, {"CMD", words...} or {"CMD-SHELL", text}.
std::vector<std::string> healthcheck_test(const dockerfile::Healthcheck& health) {
  if (health.none) return {"NONE"};
  if (health.command.form == dockerfile::Command::Form::Shell) return {"CMD-SHELL", dockerfile::shell_text(health.command)};
  std::vector<std::string> test = health.command.args;
  test.insert(test.begin(), "CMD");
  return test;
}

}  // namespace

void Lowering::check(StageState& s, const Instruction& in, const std::vector<dockerfile::Names>& words) {
  if (!is_checking_) return;
  dockerfile::Checker::Scope scope;
  scope.has_shell = s.config.shell && !s.config.shell->empty();
  scope.known = s.variables.names();
  for (const auto& [name, value] : s.args.all()) scope.declared.push_back(name);
  checker_.check_instruction(in, words, scope, s.facts);
}

void Lowering::apply(StageState& s, const Instruction& raw, const oci::Platform& target,
                     std::vector<dockerfile::Names>& words) {
  if (raw.as<dockerfile::Arg>()) return apply_arg(s, raw, target, words);
  const Instruction in = dockerfile::expand(file_, raw, args_lookup(s.variables), &words);
  image::Config& c = s.config;
  if (in.as<dockerfile::Run>()) {
    const auto mounts = resolve_mounts(s, in, words);
    check(s, in, words);
    return apply_run(s, in, lower_mounts(s, in, mounts, target));
  }
  check(s, in, words);
  if (in.as<dockerfile::Copy>() || in.as<dockerfile::Add>()) {
    apply_copy(s, in, target);
  } else if (in.as<dockerfile::Workdir>()) {
    apply_workdir(s, in);
  } else if (const auto* env = in.as<dockerfile::Env>()) {
    for (const auto& pair : env->pairs) {
      c.set_env(pair.key, pair.value);
      s.variables.set(pair.key, pair.value);
    }
    add_history(s, "ENV " + history_pairs(env->pairs), true);
  } else if (const auto* label = in.as<dockerfile::Label>()) {
    for (const auto& pair : label->pairs) c.labels[pair.key] = pair.value;
    add_history(s, "LABEL " + history_pairs(label->pairs), true);
  } else if (const auto* cmd = in.as<dockerfile::Cmd>()) {
    const std::vector<std::string> argv = command_line(cmd->command, c);
    c.cmd = argv.empty() ? std::nullopt : std::optional(argv);
    c.args_escaped = true;
    s.cmd_set = true;
    add_history(s, "CMD " + history_list(argv), true);
  } else if (const auto* entrypoint = in.as<dockerfile::Entrypoint>()) {
    c.entrypoint = command_line(entrypoint->command, c);
    if (!s.cmd_set) c.cmd.reset();
    add_history(s, "ENTRYPOINT " + history_list(*c.entrypoint), true);
  } else if (const auto* shell = in.as<dockerfile::Shell>()) {
    c.shell = shell->args;
    add_history(s, fmt::format("SHELL [{}]", join(shell->args, " ")), true);
  } else if (const auto* user = in.as<dockerfile::User>()) {
    c.user = user->user;
    add_history(s, "USER " + user->user, true);
  } else if (const auto* expose = in.as<dockerfile::Expose>()) {
    std::vector<std::string> shown, ports = expose->ports;
    std::vector<Error> wrong;
    std::sort(ports.begin(), ports.end());
    for (const auto& port : ports) {
      try {
        for (const auto& exposed : dockerfile::parse_port(port).ports) {
          shown.push_back(exposed);
          c.exposed_ports.insert(exposed);
        }
      } catch (Error& e) {
        wrong.push_back(error(dockerfile::span_of(raw, port), e.message(), e.hint()));
      }
    }
    if (!wrong.empty()) throw Several{std::move(wrong)};
    add_history(s, fmt::format("EXPOSE [{}]", join(shown, " ")), true);
  } else if (const auto* volume = in.as<dockerfile::Volume>()) {
    for (const auto& path : volume->paths) {
      if (path.empty()) throw error(in.span, "VOLUME has an empty path");
      c.volumes.insert(path);
    }
    add_history(s, fmt::format("VOLUME [{}]", join(volume->paths, " ")), true);
  } else if (const auto* signal = in.as<dockerfile::Stopsignal>()) {
    if (!dockerfile::is_signal(signal->signal))
      throw error(dockerfile::span_of(raw, signal->signal), fmt::format("invalid signal: \"{}\"", signal->signal),
                  "write a name such as SIGTERM or a number");
    c.stop_signal = signal->signal;
    add_history(s, "STOPSIGNAL " + signal->signal, true);
  } else if (const auto* health = in.as<dockerfile::Healthcheck>()) {
    c.healthcheck = image::Healthcheck{.test = healthcheck_test(*health),
                                       .interval = health->interval,
                                       .timeout = health->timeout,
                                       .start_period = health->start_period,
                                       .start_interval = health->start_interval,
                                       .retries = health->retries};
    add_history(s, history_healthcheck(*c.healthcheck), true);
  } else if (const auto* onbuild = in.as<dockerfile::Onbuild>()) {
    c.on_build.push_back(onbuild->text);  // the one instruction without a history entry
  } else if (const auto* maintainer = in.as<dockerfile::Maintainer>()) {
    c.author = maintainer->name;
    add_history(s, "MAINTAINER " + maintainer->name, true);
  } else {
    throw error(in.span, fmt::format("{} cannot stand inside a stage", dockerfile::keyword_of(in)));
  }
}

void Lowering::apply_arg(StageState& s, const Instruction& raw, const oci::Platform& target,
                         std::vector<dockerfile::Names>& words) {
  for (const auto& item : raw.as<dockerfile::Arg>()->items) {
    // A default may use what an earlier item of the same line has set; one that is not needed may have mistakes.
    Instruction single = raw;
    std::get<dockerfile::Arg>(single.body).items = {item};
    const auto given = request_.build_args.find(item.name);
    std::optional<std::string> value;
    std::vector<dockerfile::Names> item_words;
    if (given != request_.build_args.end()) {
      value = given->second;
    } else if (item.value) {
      try {
        const Instruction in = dockerfile::expand(file_, single, args_lookup(s.variables), &item_words);
        value = in.as<dockerfile::Arg>()->items.front().value;
      } catch (...) {
        words.insert(words.end(), item_words.begin(), item_words.end());
        throw;
      }
    } else {
      value = globals(target).get(item.name);
    }
    check(s, single, item_words);
    const bool is_global = given == request_.build_args.end() && !item.value && value;
    if (!is_global) {
      std::erase_if(s.notes.args, [&](const auto& arg) { return arg.name == item.name; });
      s.notes.args.push_back({.name = item.name, .value = value.value_or(""), .doc = item.doc, .span = raw.span});
    }
    s.notes.used_args.insert(item.name);
    if (value && !dockerfile::is_no_variable(item.name)) s.variables.set(item.name, value);
    s.args.set(item.name, std::move(value));
  }
  add_history(s, history_arg(*raw.as<dockerfile::Arg>(), s.args), true);
}

void Lowering::apply_run(StageState& s, const Instruction& in, std::vector<Mount> mounts) {
  const auto& run = *in.as<dockerfile::Run>();
  const image::Config& c = s.config;
  Run op;
  op.argv = command_line(run.command, c);
  if (s.platform.os != "linux")
    throw error(in.span, fmt::format("a step for {} cannot run here", s.platform.str()), "steps for linux platforms can");
  if (op.argv.empty()) throw error(in.span, "RUN has no command", "write RUN command or RUN [\"program\", \"argument\"]");
  std::string shown_command = join(op.argv, " ");
  if (dockerfile::is_executable_script(run.command)) {
    const auto& heredoc = run.command.heredocs.front();
    op.scripts.push_back({heredoc.name, dockerfile::heredoc_text(heredoc)});
    op.argv.back() = fmt::format("{}/{}", kScriptDir, heredoc.name);
    shown_command = join(op.argv, " ");
  }
  for (const auto& [name, value] : s.variables.all()) op.env.push_back(fmt::format("{}={}", name, *value));
  std::vector<std::string> shown_args;
  for (const auto& [name, value] : s.args.all()) {
    const auto used = s.variables.get(name);
    shown_args.push_back(fmt::format("{}={}", name, used ? *used : value.value_or("")));
  }
  op.proxy_env = proxy_variables(request_.build_args, s.args);
  op.cwd = c.working_dir.empty() ? "/" : c.working_dir;
  op.user = c.user;
  op.mounts = std::move(mounts);
  op.network = run.network == "default" ? request_.default_network : run.network;
  if (op.network == "host" && !request_.allow_host_network)
    throw error(in.span, "RUN --network=host is not allowed", "pass --allow network.host to permit it");
  op.insecure = run.security == "insecure";
  if (op.insecure && !request_.allow_insecure)
    throw error(in.span, "RUN --security=insecure is not allowed", "pass --allow security.insecure to permit it");
  if (!run.devices.empty())
    throw error(in.span, "RUN --device is not supported", "build without the device, or give the files with a bind mount");

  const std::string args = shown_args.empty() ? "" : fmt::format("|{} {} ", shown_args.size(), join(shown_args, " "));
  try {
    const Said said = said_above(in.comments);
    op.neutral = said == Said::Neutral                                    ? Neutral::Declared
                 : said == Said::Nothing && is_known_neutral(op.argv) ? Neutral::Known
                                                                         : Neutral::No;
  } catch (const Error& e) {
    throw error(in.span, e.message(), e.hint());
  }

  Step step{.op = std::move(op),
            .parent = s.files,
            .platform = s.platform,
            .name = {},
            .location = {},
            .stage = s.label,
            .no_cache = false};
  add_layer(s, std::move(step), in, fmt::format("RUN {}{} # buildkit", args, shown_command), in.text);
}

void Lowering::apply_copy(StageState& s, const Instruction& in, const oci::Platform& target) {
  const auto* copy = in.as<dockerfile::Copy>();
  const auto* add = in.as<dockerfile::Add>();
  const dockerfile::Transfer& what = copy ? static_cast<const dockerfile::Transfer&>(*copy) : *add;
  Copy op;
  op.chown = what.chown;
  op.chmod = what.chmod;
  op.link = what.link;
  op.excludes = what.excludes;
  op.parents = copy && copy->parents;
  op.dest = os::join_path(s.config.working_dir.empty() ? "/" : s.config.working_dir, what.dest);
  const bool is_dir = op.dest.ends_with('/') || op.dest.ends_with("/.") || what.dest == ".";
  op.dest = os::clean_path(op.dest);
  if (is_dir && op.dest != "/") op.dest += '/';
  std::optional<StepId> files;
  bool has_remote = false;
  for (const auto& source : what.sources) {
    if (auto remote = add ? remote_source(source, *add, dockerfile::span_of(in, source)) : std::nullopt) {
      has_remote = true;
      op.sources.push_back(std::move(*remote));
      continue;
    }
    if (!files) files = copy && !copy->from.empty() ? source_named(copy->from, s, target, dockerfile::span_of(in, "--from=" + copy->from)) : main_context(in.span);
    op.from_context = graph_.steps[*files].as<ContextFiles>() != nullptr;
    op.sources.push_back({.input = *files,
                          .path = source_path(source, op.parents),
                          .is_download = false,
                          .unpack = add && add->unpack.value_or(true)});
    want(*files, op.sources.back().path);
  }
  if (add && !add->checksum.empty() && (what.sources.size() != 1 || !has_remote))
    throw error(in.span, "ADD --checksum needs exactly one source, which is a URL or a git repository");
  for (const auto& heredoc : what.heredocs) op.files.push_back({heredoc.name, dockerfile::heredoc_text(heredoc)});

  const std::string created_by = history_copy(what, copy);
  add_layer(s,
            {.op = std::move(op),
             .parent = s.files,
             .platform = s.platform,
             .name = {},
             .location = {},
             .stage = s.label,
             .no_cache = false},
            in, created_by, in.text);
}

void Lowering::apply_workdir(StageState& s, const Instruction& in) {
  const std::string& path = in.as<dockerfile::Workdir>()->path;
  s.config.working_dir =
      os::clean_path(os::join_path(s.config.working_dir.empty() ? "/" : s.config.working_dir, path));
  const std::string created_by = "WORKDIR " + s.config.working_dir;
  if (s.config.working_dir == "/") {
    ++s.layer_number;
    return add_history(s, created_by, true);
  }
  add_layer(s,
            {.op = MakeDir{s.config.working_dir, s.config.user},
             .parent = s.files,
             .platform = s.platform,
             .name = {},
             .location = {},
             .stage = s.label,
             .no_cache = false},
            in, created_by, in.text);
}

void Lowering::add_layer(StageState& s, Step step, const Instruction& in, std::string created_by,
                         const std::string& shown) {
  step.name = step_name(s, shown, true);
  step.location = location(in.span);
  step.no_cache = request_.no_cache || std::ranges::any_of(request_.no_cache_stages, [&](const auto& name) {
                    return to_lower(name) == s.label;
                  });
  s.files = add_step(std::move(step));
  s.layers.push_back(s.files);
  add_history(s, std::move(created_by), false);
}

void Lowering::add_history(StageState& s, std::string created_by, bool empty_layer) {
  s.config.history.push_back({.created = request_.created,
                              .created_by = std::move(created_by),
                              .author = {},
                              .comment = "buildkit.dockerfile.v0",
                              .empty_layer = empty_layer});
}

}  // namespace slipway::graph
