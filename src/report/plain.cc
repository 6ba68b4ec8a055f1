// The plain view: lines as BuildKit's plain progress writes them, so that people and scripts read
// what they know.
//
//   #3 [linux/arm64 build 2/4] RUN make
//   #3 0.412 what the step prints, with the seconds since it began
//   #3 DONE 1.2s            or CACHED, ERROR: ..., CANCELED
//
// One step is current at a time. The lines of the others wait until the current one ends, has said
// nothing for a second or has had its five seconds; then the view moves on ("#3 ...") and writes
// what waited. A step gets its number when it first shows.
#include <fmt/core.h>

#include <map>
#include <mutex>

#include "base/text.h"
#include "report/history.h"
#include "report/summary.h"
#include "report/ticker.h"
#include "report/views.h"

namespace slipway::report {
namespace {

constexpr double kFairShare = 5.0;      // seconds for the current step while others wait
constexpr double kSilence = 1.0;        // seconds without a line after which others may show
constexpr double kTransferEvery = 5.0;  // seconds between two lines on one transfer

class Plain : public seams::Observer {
 public:
  explicit Plain(Options options) : options_(std::move(options)), history_(options_.clock()) {
    if (options_.own_thread) ticker_.emplace(std::chrono::milliseconds(500), [this] { tick(); });
  }
  ~Plain() override { ticker_.reset(); }

  void on_plan(const std::vector<seams::StepInfo>& steps) override {
    const std::lock_guard lock(mutex_);
    history_.plan(steps);
  }

  StepId on_step_added(const seams::StepInfo& step) override {
    const std::lock_guard lock(mutex_);
    return history_.add(step);
  }

  void on_started(StepId id) override {
    const std::lock_guard lock(mutex_);
    history_.start(id, options_.clock());
    if (!current_) show(id);
    flush();
  }

  void on_output(StepId id, std::string_view bytes, bool /*is_stderr*/) override {
    const std::lock_guard lock(mutex_);
    for (const auto& line : history_.output(id, bytes, options_.clock())) say(id, line_text(line));
    settle();
  }

  void on_progress(StepId id, std::string_view what, uint64_t done, uint64_t total) override {
    const std::lock_guard lock(mutex_);
    const double now = options_.clock();
    const Transfer& transfer = history_.progress(id, what, done, total, now);
    double& said = transfer_said_[{id, transfer.what}];
    if (said < 0) return;  // complete and said so
    if (!transfer.is_complete() && now - std::max(said, transfer.started) < kTransferEvery) return;
    say(id, transfer_text(transfer, now));
    said = transfer.is_complete() ? -1 : now;
    settle();
  }

  void on_finished(StepId id, StepState state, const seams::StepCost& cost,
                   std::string_view error) override {
    const std::lock_guard lock(mutex_);
    const bool was_shown = numbers_.contains(id);
    const double now = options_.clock();
    for (const auto& line : history_.finish(id, state, cost, error, now)) say(id, line_text(line));
    if (state == StepState::Cancelled && !was_shown && !waiting_.contains(id)) return;
    show(id);
    say(id, result_text(history_.step(id), now));
    current_.reset();
    needs_gap_ = true;
    if (!waiting_.empty()) show(waiting_.begin()->first);
    flush();
  }

  void on_warning(std::string_view text, std::string_view location) override {
    const std::lock_guard lock(mutex_);
    history_.warn(text, location);
  }

  void on_check(const seams::CheckWarning& warning) override {
    const std::lock_guard lock(mutex_);
    history_.warn(warning);
  }

  void on_end(bool /*ok*/) override {
    ticker_.reset();
    const std::lock_guard lock(mutex_);
    while (!waiting_.empty()) show(waiting_.begin()->first);
    for (const std::string& part : {render_warnings(history_, {}, options_.expand_checks),
                                    render_summary(history_, options_.clock(), 0)}) {
      if (part.empty()) continue;
      if (needs_gap_) out_ += "\n";
      out_ += part;
      needs_gap_ = true;
    }
    flush();
  }

 private:
  void tick() {
    const std::lock_guard lock(mutex_);
    settle();
  }

  static std::string line_text(const OutputLine& line) {
    return log_time(line.after) + " " + line.text;
  }

  static std::string transfer_text(const Transfer& transfer, double now) {
    std::string out = transfer.what + " " + human_size(transfer.done);
    if (transfer.total) out += " / " + human_size(transfer.total);
    if (const double seconds = now - transfer.started; seconds > 0.05)
      out += fmt::format(" {:.1f}s", seconds);
    if (transfer.is_complete()) out += " done";
    return out;
  }

  static std::string result_text(const Step& step, double now) {
    switch (step.state) {
      case StepState::Cached:
        return "CACHED";
      case StepState::Failed:
        return "ERROR: " + step.error;
      case StepState::Cancelled:
        return "CANCELED";
      default:
        return fmt::format("DONE {:.1f}s", step.seconds(now));
    }
  }

  /// A line of a step: written if it is the current one, else it waits.
  void say(StepId id, std::string text) {
    if (current_ == id)
      write_line(id, text);
    else
      waiting_[id].push_back(std::move(text));
  }

  void write_line(StepId id, std::string_view text) {
    out_ += fmt::format("#{} {}\n", numbers_.at(id), text);
    last_line_ = options_.clock();
  }

  /// Makes `id` the current step and writes what waited for it.
  void show(StepId id) {
    if (current_ != id) {
      if (current_) {
        out_ += fmt::format("#{} ...\n", numbers_.at(*current_));
        needs_gap_ = true;
      }
      if (needs_gap_) out_ += "\n";
      needs_gap_ = true;
      numbers_.try_emplace(id, numbers_.size() + 1);
      current_ = id;
      current_since_ = options_.clock();
      write_line(id, history_.step(id).info.name);
    }
    if (const auto waiting = waiting_.extract(id))
      for (const auto& text : waiting.mapped()) write_line(id, text);
  }

  /// Moves on to a waiting step if the current one has had its share, and writes everything out.
  void settle() {
    const double now = options_.clock();
    const bool may_move =
        !current_ || now - current_since_ >= kFairShare || now - last_line_ >= kSilence;
    if (!waiting_.empty() && may_move) {
      // The next one after the current, round and round, so that nobody waits for ever.
      auto next = current_ ? waiting_.upper_bound(*current_) : waiting_.begin();
      if (next == waiting_.end()) next = waiting_.begin();
      show(next->first);
    }
    flush();
  }

  void flush() {
    if (out_.empty()) return;
    write_best_effort(options_, out_);
    out_.clear();
  }

  const Options options_;
  std::mutex mutex_;
  History history_;
  std::string out_;
  std::optional<StepId> current_;
  double current_since_ = 0, last_line_ = 0;
  bool needs_gap_ = false;
  std::map<StepId, size_t> numbers_;
  std::map<StepId, std::vector<std::string>> waiting_;
  /// When a transfer was last spoken of; -1 once its end was.
  std::map<std::pair<StepId, std::string>, double> transfer_said_;
  std::optional<Ticker> ticker_;  // last: it ends before what it uses goes
};

}  // namespace

std::unique_ptr<seams::Observer> make_plain(Options options) {
  return std::make_unique<Plain>(std::move(options));
}

}  // namespace slipway::report
