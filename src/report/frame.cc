#include "report/frame.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "report/text.h"

namespace slipway::report {
namespace {

size_t width_of(Size size) { return static_cast<size_t>(std::max(size.columns, 20)) - 1; }

/// What one running step would like to show below its own line.
struct Block {
  std::string title;
  std::vector<std::string> bars;
  std::vector<std::string> log;
};

std::string transfer_line(const Transfer& transfer, size_t width) {
  std::string amount = human_size(transfer.done);
  if (transfer.total) amount += " / " + human_size(transfer.total);
  const std::string left = " => => " + harmless(transfer.what, false);
  if (!transfer.total || width < 60) return fit_line(left, amount, width);
  const std::string meter =
      bar(static_cast<double>(transfer.done), static_cast<double>(transfer.total), 22);
  return fit_line(left, fmt::format("{} {:>19}", meter, amount), width);
}

Block block_of(const Step& step, double now, size_t width, const Options& options) {
  Block block;
  block.title =
      fit_line(" => " + harmless(step.info.name, false), human_duration(step.seconds(now)), width);
  // Complete transfers say nothing any more: all bars are of what is still moving.
  for (const Transfer& transfer : step.transfers)
    if (!transfer.is_complete()) block.bars.push_back(transfer_line(transfer, width));
  const bool keep_colors = !options.palette.faint.empty();
  std::vector<std::string> lines;
  for (const OutputLine& line : step.tail) lines.push_back(harmless(line.text, keep_colors));
  if (!step.partial.empty()) lines.push_back(harmless(step.partial, keep_colors));
  const size_t first = lines.size() - std::min(lines.size(), options.log_lines);
  for (size_t i = first; i < lines.size(); ++i)
    block.log.push_back(Palette::paint(options.palette.faint, " => => # ") +
                        fit(lines[i], width - 9));
  return block;
}

/// Takes lines away until all blocks fit into `rows`: last lines of the blocks that have most, then
/// bars likewise.
void shrink(std::vector<Block>& blocks, size_t rows) {
  const auto total = [&] {
    size_t lines = 0;
    for (const Block& block : blocks) lines += 1 + block.bars.size() + block.log.size();
    return lines;
  };
  for (const auto member : {&Block::log, &Block::bars}) {
    for (size_t now = total(); now > rows; --now) {
      auto most = std::max_element(
          blocks.begin(), blocks.end(),
          [&](const Block& a, const Block& b) { return (a.*member).size() < (b.*member).size(); });
      if (most == blocks.end() || ((*most).*member).empty()) break;
      auto& lines = (*most).*member;
      lines.erase(lines.begin());
    }
  }
}

}  // namespace

std::vector<std::string> render_frame(const History& history, double now, Size size,
                                      const Options& options) {
  const size_t width = width_of(size);
  const size_t rows = static_cast<size_t>(std::max(size.rows, 3)) - 1;
  std::vector<Block> blocks;
  size_t hidden = 0;
  for (const Step& step : history.steps()) {
    if (!step.is_running()) continue;
    if (blocks.size() + 2 > rows)
      ++hidden;
    else
      blocks.push_back(block_of(step, now, width, options));
  }
  if (hidden > 0) {  // its line takes the place of one more step
    blocks.pop_back();
    ++hidden;
  }
  shrink(blocks, rows - 1 - (hidden > 0));

  std::vector<std::string> lines;
  lines.push_back(fit(fmt::format("[+] Building {} ({}/{})", human_duration(now - history.began()),
                                  history.over(), history.steps().size()),
                      width));
  for (Block& block : blocks) {
    lines.push_back(std::move(block.title));
    std::move(block.bars.begin(), block.bars.end(), std::back_inserter(lines));
    std::move(block.log.begin(), block.log.end(), std::back_inserter(lines));
  }
  if (hidden) lines.push_back(fit(fmt::format(" ... and {} more", hidden), width));
  return lines;
}

std::string render_finished(const Step& step, double now, Size size, const Options& options) {
  const size_t width = width_of(size);
  const Palette& palette = options.palette;
  std::string prefix, color = palette.run;
  switch (step.state) {
    case StepState::Cached:
      prefix = "CACHED ";
      break;
    case StepState::Failed:
      prefix = "ERROR ", color = palette.error;
      break;
    case StepState::Cancelled:
      if (step.started == step.finished) return {};
      prefix = "CANCELED ", color = palette.cancel;
      break;
    default:
      break;
  }
  std::string right = human_duration(step.seconds(now));
  if (step.cost.how == HowRun::Emulated) right = "emulated " + right;
  return Palette::paint(color,
                        fit_line(" => " + prefix + harmless(step.info.name, false), right, width));
}

}  // namespace slipway::report
