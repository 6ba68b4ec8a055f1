// The whole parsed file as a JSON record, for `slipway parse --format json` and for tests that
// compare values.
#include "base/text.h"
#include "dockerfile/print.h"
#include "json/json.h"

namespace slipway::dockerfile {
namespace {

using json::Value;

Value to_json(const Span& span) {
  return Value{{"line", span.line}, {"column", span.column}, {"endLine", span.end_line}};
}

Value to_json(const std::vector<Heredoc>& heredocs) {
  Value list = Value::array();
  for (const auto& heredoc : heredocs)
    list.push_back({{"name", heredoc.name},
                    {"fd", heredoc.fd},
                    {"expand", heredoc.expand},
                    {"stripTabs", heredoc.strip_tabs},
                    {"content", heredoc.content}});
  return list;
}

Value to_json(const Command& command) {
  if (command.form == Command::Form::Exec) return Value{{"form", "exec"}, {"args", command.args}};
  Value out{{"form", command.form == Command::Form::Shell ? "shell" : "script"},
            {"text", command.text}};
  if (!command.heredocs.empty()) out["heredocs"] = to_json(command.heredocs);
  return out;
}

Value to_json(const std::vector<Pair>& pairs) {
  Value list = Value::array();
  for (const auto& pair : pairs)
    list.push_back({{"key", pair.key}, {"value", pair.value}, {"legacy", pair.legacy}});
  return list;
}

// Writes the members of one kind of instruction into its record.
struct Members {
  Value& out;
  const Detail detail;

  void text(const char* key, const std::string& value) {
    if (!value.empty()) out[key] = value;
  }
  void transfer(const Transfer& transfer) {
    out["sources"] = transfer.sources;
    if (!transfer.heredocs.empty()) out["heredocs"] = to_json(transfer.heredocs);
    out["dest"] = transfer.dest;
    text("chown", transfer.chown);
    text("chmod", transfer.chmod);
    if (transfer.link) out["link"] = true;
    if (!transfer.excludes.empty()) out["excludes"] = transfer.excludes;
  }

  void operator()(const From& from) {
    out["image"] = from.image;
    text("platform", from.platform);
    text("name", from.name);
  }
  void operator()(const Run& run) {
    out["command"] = to_json(run.command);
    Value mounts = Value::array();
    for (const auto& mount : run.mounts) {
      Value fields = Value::array();
      for (const auto& field : mount.fields) {
        Value record{{"key", field.key}};
        if (field.value) record["value"] = *field.value;
        fields.push_back(std::move(record));
      }
      mounts.push_back({{"fields", std::move(fields)}});
    }
    if (!mounts.empty()) out["mounts"] = std::move(mounts);
    out["network"] = run.network;
    out["security"] = run.security;
    Value devices = Value::array();
    for (const auto& device : run.devices)
      devices.push_back({{"name", device.name}, {"required", device.required}});
    if (!devices.empty()) out["devices"] = std::move(devices);
  }
  void operator()(const Copy& copy) {
    text("from", copy.from);
    transfer(copy);
    if (copy.parents) out["parents"] = true;
  }
  void operator()(const Add& add) {
    transfer(add);
    text("checksum", add.checksum);
    if (add.keep_git_dir) out["keepGitDir"] = *add.keep_git_dir;
    if (add.unpack) out["unpack"] = *add.unpack;
  }
  void operator()(const Env& env) { out["pairs"] = to_json(env.pairs); }
  void operator()(const Label& label) { out["pairs"] = to_json(label.pairs); }
  void operator()(const Arg& arg) {
    Value items = Value::array();
    for (const auto& item : arg.items) {
      Value record{{"name", item.name}};
      if (item.value) record["value"] = *item.value;
      if (!item.doc.empty() && detail == Detail::Everything) record["doc"] = item.doc;
      items.push_back(std::move(record));
    }
    out["items"] = std::move(items);
  }
  void operator()(const Cmd& cmd) { out["command"] = to_json(cmd.command); }
  void operator()(const Entrypoint& entrypoint) { out["command"] = to_json(entrypoint.command); }
  void operator()(const Shell& shell) { out["args"] = shell.args; }
  void operator()(const Workdir& workdir) { out["path"] = workdir.path; }
  void operator()(const User& user) { out["user"] = user.user; }
  void operator()(const Expose& expose) { out["ports"] = expose.ports; }
  void operator()(const Volume& volume) { out["paths"] = volume.paths; }
  void operator()(const Stopsignal& stopsignal) { out["signal"] = stopsignal.signal; }
  void operator()(const Healthcheck& check) {
    out["none"] = check.none;
    if (check.none) return;
    out["command"] = to_json(check.command);
    out["interval"] = check.interval;
    out["timeout"] = check.timeout;
    out["startPeriod"] = check.start_period;
    out["startInterval"] = check.start_interval;
    out["retries"] = check.retries;
  }
  void operator()(const Onbuild& onbuild) {
    out["trigger"] = onbuild.text;
    out["inner"] = dockerfile::to_json(onbuild.inner.front(), detail);
  }
  void operator()(const Maintainer& maintainer) { out["name"] = maintainer.name; }
};

}  // namespace

Value to_json(const Instruction& instruction, Detail detail) {
  Value out{{"keyword", keyword_of(instruction)}};
  if (detail == Detail::Everything) {
    out["span"] = to_json(instruction.span);
    out["source"] = instruction.text;
  }
  std::visit(Members{out, detail}, instruction.body);
  return out;
}

Value to_json(const Dockerfile& file, Detail detail) {
  const bool everything = detail == Detail::Everything;
  Value directives = Value::object();
  if (file.directives.syntax) directives["syntax"] = *file.directives.syntax;
  if (file.directives.check) directives["check"] = *file.directives.check;
  directives["escape"] = std::string(1, file.directives.escape);
  Value args = Value::array();
  for (const auto& arg : file.global_args) args.push_back(to_json(arg, detail));
  Value stages = Value::array();
  for (const auto& stage : file.stages) {
    Value record{{"name", stage.name()}, {"from", to_json(stage.head, detail)}};
    if (everything && !stage.doc.empty()) record["doc"] = stage.doc;
    Value instructions = Value::array();
    for (const auto& instruction : stage.instructions)
      instructions.push_back(to_json(instruction, detail));
    record["instructions"] = std::move(instructions);
    stages.push_back(std::move(record));
  }
  Value out{{"version", 1}};
  if (everything) out["file"] = file.file_name;
  out["directives"] = std::move(directives);
  out["globalArgs"] = std::move(args);
  out["stages"] = std::move(stages);
  if (!everything) return out;
  Value warnings = Value::array();
  for (const auto& warning : file.warnings)
    warnings.push_back(
        {{"rule", warning.rule}, {"message", warning.message}, {"span", to_json(warning.span)}});
  out["warnings"] = std::move(warnings);
  return out;
}

}  // namespace slipway::dockerfile
