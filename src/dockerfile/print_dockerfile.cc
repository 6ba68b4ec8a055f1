// Instructions written out again from their typed contents, so that parse -> print -> parse shows
// that nothing of the meaning was lost.
#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "dockerfile/parse.h"
#include "dockerfile/print.h"
#include "dockerfile/unicode.h"
#include "dockerfile/words.h"

namespace slipway::dockerfile {
namespace {

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", c);
    else
      out += c;
  }
  return out + "\"";
}

std::string json_array(const std::vector<std::string>& words) {
  std::string out = "[";
  for (size_t i = 0; i < words.size(); ++i) out += (i ? ", " : "") + json_string(words[i]);
  return out + "]";
}

// Blank-separated words, or a JSON array where those would not read back.
std::string word_list(const std::vector<std::string>& words) {
  bool json = false;
  for (const auto& word : words) {
    json |= word.empty();
    for (size_t at = 0; at < word.size();) {
      const Rune rune = decode_rune(word, at);
      json |= is_space(rune.value);
      at += rune.size;
    }
  }
  if (json) return json_array(words);
  // Words that happen to spell JSON stay words with a blank between them that JSON does not know.
  const std::string text = join(words, " ");
  return parse_json_array(text, 0).kind == JsonArray::Kind::NotJson ? text : join(words, "\v");
}

class Printer {
 public:
  explicit Printer(char escape) : escape_(escape) {}

  std::string print(const Instruction& instruction) {
    std::visit([this](const auto& body) { write(body); }, instruction.body);
    std::string line = keyword_of(instruction) + flags_;
    if (args_.starts_with("--")) line += " --";  // it is no flag
    if (!args_.empty()) line += " " + args_;
    return broken_up(line) + "\n" + bodies_;
  }

 private:
  void flag(std::string_view name, const std::string& value) {
    if (!value.empty()) raw_flag(fmt::format("--{}={}", name, value));
  }
  void flag(std::string_view name, bool value) {
    if (value) flags_ += fmt::format(" --{}", name);
  }
  // Quotes what would end the word or vanish from it.
  void raw_flag(const std::string& text) {
    flags_ += ' ';
    bool special = false;
    for (size_t at = 0; at < text.size();) {
      const Rune rune = decode_rune(text, at);
      special |= is_space(rune.value) || text[at] == '"' || text[at] == '\'' || text[at] == escape_;
      at += rune.size;
    }
    if (!special) {
      flags_ += text;
      return;
    }
    const char quote = text.contains('"') ? '\'' : '"';
    flags_ += "--";
    flags_ += quote;
    for (const char c : std::string_view(text).substr(2)) {
      if (c == quote || c == escape_) flags_ += escape_;
      flags_ += c;
    }
    flags_ += quote;
  }
  /// Words whose order means nothing and which were sorted: one that ends in the escape character
  /// would continue the line if it stood last. In the file one stood last that does not.
  std::vector<std::string> in_safe_order(std::vector<std::string> words) const {
    const auto ends_line = [&](const std::string& word) { return !word.ends_with(escape_); };
    const auto last = std::find_if(words.rbegin(), words.rend(), ends_line);
    if (last != words.rend()) std::rotate(last.base() - 1, last.base(), words.end());
    return words;
  }
  void body(const Heredoc& heredoc) { bodies_ += heredoc.content + heredoc.name + "\n"; }

  void command(const Command& command) {
    args_ += command.form == Command::Form::Exec ? json_array(command.args) : command.text;
    for (const auto& heredoc : command.heredocs) body(heredoc);
  }
  void pairs(const std::vector<Pair>& pairs) {
    for (const auto& pair : pairs)
      args_ += (args_.empty() ? "" : " ") + pair.key + (pair.legacy ? " " : "=") + pair.value;
  }

  void transfer(const Transfer& transfer) {
    flag("chown", transfer.chown);
    flag("chmod", transfer.chmod);
    flag("link", transfer.link);
    for (const auto& exclude : transfer.excludes) raw_flag("--exclude=" + exclude);
    std::vector<std::string> words = transfer.sources;
    for (const auto& heredoc : transfer.heredocs) {
      std::string word = heredoc.fd ? std::to_string(heredoc.fd) : "";
      word += heredoc.strip_tabs ? "<<-" : "<<";
      if (!heredoc.expand) word += '"';
      for (const char c : heredoc.name) {
        if (c == '"' || c == '\'' || c == '\\' || c == '$') {
          if (heredoc.expand || c != '\'') word += '\\';
        }
        word += c;
      }
      if (!heredoc.expand) word += '"';
      words.push_back(std::move(word));
      body(heredoc);
    }
    words.push_back(transfer.dest);
    args_ = transfer.heredocs.empty() ? word_list(words) : join(words, " ");
  }

  void write(const From& from) {
    flag("platform", from.platform);
    args_ = from.image;
    if (!from.name.empty()) args_ += " AS " + from.as_written;
  }
  void write(const Run& run) {
    for (const auto& mount : run.mounts) raw_flag("--mount=" + mount.text);
    if (run.network != "default") flag("network", run.network);
    if (run.security != "sandbox") flag("security", run.security);
    for (const auto& device : run.devices)
      raw_flag(
          fmt::format("--device={}", device.required ? device.name + ",required" : device.name));
    command(run.command);
  }
  void write(const Copy& copy) {
    flag("from", copy.from);
    flag("parents", copy.parents);
    transfer(copy);
  }
  void write(const Add& add) {
    flag("checksum", add.checksum);
    if (add.keep_git_dir) raw_flag(*add.keep_git_dir ? "--keep-git-dir" : "--keep-git-dir=false");
    if (add.unpack) raw_flag(*add.unpack ? "--unpack" : "--unpack=false");
    transfer(add);
  }
  void write(const Env& env) { pairs(env.pairs); }
  void write(const Label& label) { pairs(label.pairs); }
  void write(const Arg& arg) {
    for (const auto& item : arg.items)
      args_ += (args_.empty() ? "" : " ") + item.name + (item.value ? "=" + *item.value : "");
  }
  void write(const Cmd& cmd) { command(cmd.command); }
  void write(const Entrypoint& entrypoint) { command(entrypoint.command); }
  void write(const Shell& shell) { args_ = json_array(shell.args); }
  void write(const Workdir& workdir) { args_ = workdir.path; }
  void write(const User& user) { args_ = user.user; }
  void write(const Expose& expose) { args_ = join(in_safe_order(expose.ports), " "); }
  void write(const Volume& volume) { args_ = word_list(volume.paths); }
  void write(const Stopsignal& stopsignal) { args_ = stopsignal.signal; }
  void write(const Healthcheck& check) {
    if (check.none) {
      args_ = "NONE";
      return;
    }
    const auto duration = [&](std::string_view name, int64_t nanoseconds) {
      if (nanoseconds)
        flag(name, nanoseconds % 1'000'000'000 == 0
                       ? fmt::format("{}s", nanoseconds / 1'000'000'000)
                       : fmt::format("{}ns", nanoseconds));
    };
    duration("interval", check.interval);
    duration("timeout", check.timeout);
    duration("start-period", check.start_period);
    duration("start-interval", check.start_interval);
    if (check.retries) flag("retries", std::to_string(check.retries));
    args_ = "CMD ";
    command(check.command);
  }
  void write(const Onbuild& onbuild) {
    const size_t line_end = onbuild.text.find('\n');
    args_ = onbuild.text.substr(0, line_end);
    if (line_end != onbuild.text.npos) bodies_ = onbuild.text.substr(line_end + 1) + "\n";
  }
  void write(const Maintainer& maintainer) { args_ = maintainer.name; }

  // Continues lines that are over the limit, where the parts join to the same text.
  std::string broken_up(const std::string& line) const {
    std::string out;
    size_t begin = 0;
    while (line.size() - begin > kMaxLine - 1) {
      size_t end = begin + kMaxLine - 1;
      while (end > begin + 1 && (line[end - 1] == escape_ || line[end] == '#' ||
                                 is_space(decode_rune(line, end).value) ||
                                 (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80))
        --end;
      out.append(line, begin, end - begin);
      out += escape_;
      out += '\n';
      begin = end;
    }
    return out.append(line, begin);
  }

  const char escape_;
  std::string flags_, args_, bodies_;
};

}  // namespace

std::string to_dockerfile(const Instruction& instruction, char escape) {
  return Printer(escape).print(instruction);
}

std::string to_dockerfile(const Dockerfile& file) {
  const char escape = file.directives.escape;
  std::string out;
  if (file.directives.syntax) out += "# syntax=" + *file.directives.syntax + "\n";
  if (file.directives.check) out += "# check=" + *file.directives.check + "\n";
  if (escape != '\\') out += "# escape=`\n";
  for (const auto& arg : file.global_args) out += to_dockerfile(arg, escape);
  for (const auto& stage : file.stages) {
    out += to_dockerfile(stage.head, escape);
    for (const auto& instruction : stage.instructions) out += to_dockerfile(instruction, escape);
  }
  return out;
}

}  // namespace slipway::dockerfile
