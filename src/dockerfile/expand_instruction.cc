// Which strings of an instruction are subject to expansion: the table of compat 5.3 as code.
#include <type_traits>

#include "dockerfile/expand.h"

namespace slipway::dockerfile {
namespace {

class Expander {
 public:
  Expander(const Dockerfile& file, const Instruction& instruction, const Lookup& env,
           std::vector<Names>* words)
      : file_(file), instruction_(instruction), env_(env), words_(words) {
    options_.escape = file.directives.escape;
  }

  void operator()(From& from) {
    word(from.image);
    word(from.platform);
  }
  void operator()(Copy& copy) {
    owner_and_mode(copy);
    transfer(copy);
  }
  void operator()(Add& add) {
    owner_and_mode(add);
    word(add.checksum);
    transfer(add);
  }
  void operator()(Env& env) { pairs(env.pairs); }
  void operator()(Label& label) { pairs(label.pairs); }
  void operator()(Arg& arg) {
    for (auto& item : arg.items)
      if (item.value) word(*item.value);
  }
  void operator()(Expose& expose) {
    std::vector<std::string> ports;
    for (const auto& port : expose.ports)
      placed(port, [&] {
        for (auto& part : expand_words(port, env_, options_)) ports.push_back(std::move(part));
      });
    expose.ports = std::move(ports);
  }
  void operator()(Volume& volume) {
    for (auto& path : volume.paths) word(path);
  }
  void operator()(User& user) { word(user.user); }
  void operator()(Workdir& workdir) { word(workdir.path); }
  void operator()(Stopsignal& stopsignal) { word(stopsignal.signal); }
  // RUN, CMD, ENTRYPOINT, HEALTHCHECK, SHELL, MAINTAINER stay; ONBUILD is expanded where it is
  // triggered.
  template <class T>
  void operator()(T&) {}

 private:
  // Gives an error in `text` its place in the file.
  template <class Function>
  void placed(const std::string& text, Function function) {
    try {
      function();
    } catch (const ExpandError& error) {
      Span span = span_of(instruction_, text);
      if (const size_t at = instruction_.text.find(text, instruction_.keyword.size());
          at != std::string::npos)
        span = span_at(instruction_, at + error.offset());
      span.end_line = instruction_.span.end_line;
      throw error_at(file_, span, error.message(), error.hint());
    }
  }
  // Where the variables of one more word go. EXPOSE has none: BuildKit does not count them either.
  Names* names() { return words_ ? &words_->emplace_back() : nullptr; }
  void word(std::string& text) {
    std::string expanded;
    placed(text, [&] { expanded = expand_word(text, env_, options_, names()); });
    text = std::move(expanded);
  }
  void pairs(std::vector<Pair>& pairs) {
    for (auto& pair : pairs) {
      word(pair.key);
      word(pair.value);
    }
  }
  void owner_and_mode(Transfer& transfer) {
    word(transfer.chown);
    word(transfer.chmod);
  }
  void transfer(Transfer& transfer) {
    for (auto& source : transfer.sources) word(source);
    word(transfer.dest);
    for (auto& heredoc : transfer.heredocs) {
      try {
        heredoc.content = expand_heredoc(heredoc, env_, names());
      } catch (const ExpandError& error) {
        // The offset counts in the text without the tabs that `<<-` strips, so only the line is
        // certain.
        const std::string text = heredoc_text(heredoc);
        const auto before = std::string_view(text).substr(0, error.offset());
        Span span{heredoc.line, 1, heredoc.line};
        size_t line_begin = 0;
        for (size_t i = 0; i < before.size(); ++i) {
          if (before[i] != '\n') continue;
          ++span.line;
          line_begin = i + 1;
        }
        if (!heredoc.strip_tabs) span.column = static_cast<int>(error.offset() - line_begin) + 1;
        span.end_line = span.line;
        throw error_at(file_, span, error.message(), error.hint());
      }
      heredoc.expand = false;
      heredoc.strip_tabs = false;
    }
  }

  const Dockerfile& file_;
  const Instruction& instruction_;
  const Lookup& env_;
  std::vector<Names>* const words_;
  ExpandOptions options_;
};

}  // namespace

Instruction expand(const Dockerfile& file, const Instruction& instruction, const Lookup& env,
                   std::vector<Names>* words) {
  Instruction expanded = instruction;
  std::visit(Expander(file, instruction, env, words), expanded.body);
  return expanded;
}

}  // namespace slipway::dockerfile
