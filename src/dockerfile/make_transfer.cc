// COPY and ADD. See maker.h.
#include <fmt/core.h>

#include <algorithm>

#include "dockerfile/maker.h"

namespace slipway::dockerfile {

using Kind = FlagRule::Kind;

// Sources, heredocs and destination of COPY and ADD.
void Maker::transfer(const FlagSet& set, Transfer& out) {
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
    wrong_at(words().back(), fmt::format("{} cannot accept a heredoc as a destination", keyword_));
  for (size_t i = 0; i + 1 < words().size(); ++i) source(words()[i], out);
}

void Maker::source(const Word& word, Transfer& out) {
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

Add Maker::add() {
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

Copy Maker::copy() {
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

}  // namespace slipway::dockerfile
