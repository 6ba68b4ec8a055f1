// The terminal view: steps that are over scroll away as one line each; below them the head line and
// the running steps are redrawn in place, at most ten times a second.
//
// A frame is one write: erase what the last one drew, new lines that stay, new frame. The cursor is
// hidden only inside a frame, so nothing has to be restored however the program ends. Frames are
// composed under the lock and written outside it: a terminal that is stopped (Ctrl-S) does not stop
// the build.
#include <fmt/core.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "report/frame.h"
#include "report/summary.h"
#include "report/text.h"
#include "report/ticker.h"
#include "report/views.h"

namespace slipway::report {
namespace {

constexpr const char* kHideCursor = "\x1b[?25l";
constexpr const char* kShowCursor = "\x1b[?25h";
constexpr const char* kEraseBelow = "\x1b[J";

class Tty : public seams::Observer {
 public:
  explicit Tty(Options options) : options_(std::move(options)), history_(options_.clock()) {
    if (options_.own_thread) ticker_.emplace(std::chrono::milliseconds(100), [this] { draw(); });
  }
  ~Tty() override {
    ticker_.reset();
    if (!ended_) erase();
  }

  void on_plan(const std::vector<seams::StepInfo>& steps) override {
    const std::lock_guard lock(mutex_);
    history_.plan(steps);
  }

  StepId on_step_added(const seams::StepInfo& step) override {
    const std::lock_guard lock(mutex_);
    return history_.add(step);
  }

  void on_started(StepId id) override {
    {
      const std::lock_guard lock(mutex_);
      history_.start(id, options_.clock());
    }
    draw_without_thread();
  }

  void on_output(StepId id, std::string_view bytes, bool /*is_stderr*/) override {
    {
      const std::lock_guard lock(mutex_);
      history_.output(id, bytes, options_.clock());
    }
    draw_without_thread();
  }

  void on_progress(StepId id, std::string_view what, uint64_t done, uint64_t total) override {
    {
      const std::lock_guard lock(mutex_);
      history_.progress(id, what, done, total, options_.clock());
    }
    draw_without_thread();
  }

  void on_finished(StepId id, StepState state, const seams::StepCost& cost,
                   std::string_view error) override {
    {
      const std::lock_guard lock(mutex_);
      const double now = options_.clock();
      history_.finish(id, state, cost, error, now);
      const std::string line =
          render_finished(history_.step(id), now, options_.terminal_size(), options_);
      if (!line.empty()) finished_ += line + "\n";
    }
    draw_without_thread();
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
    std::string out;
    {
      const std::lock_guard lock(mutex_);
      const double now = options_.clock();
      const Size size = options_.terminal_size();
      out = erase_sequence(size) + std::exchange(finished_, {});
      drawn_.clear();
      const auto columns = static_cast<size_t>(std::max(size.columns, 20)) - 1;
      for (const std::string& part :
           {render_warnings(history_, options_.palette, options_.expand_checks),
            render_summary(history_, now, columns)})
        if (!part.empty()) out += "\n" + part;
      ended_ = true;
    }
    write(out);
  }

 private:
  void draw_without_thread() {
    if (!options_.own_thread) draw();
  }

  /// Moves the cursor from the end of the last frame's last line to the begin of its first one and
  /// erases from there. Lines that have become wider than the terminal take several rows by now.
  std::string erase_sequence(Size size) const {
    if (drawn_.empty()) return {};
    const auto columns = static_cast<size_t>(std::max(size.columns, 1));
    size_t rows = 0;
    for (const size_t width : drawn_) rows += std::max<size_t>(1, (width + columns - 1) / columns);
    const std::string up = rows > 1 ? fmt::format("\x1b[{}A", rows - 1) : "";
    return "\r" + up + kEraseBelow;
  }

  void draw() {
    std::string out;
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      const Size size = options_.terminal_size();
      const auto lines = render_frame(history_, options_.clock(), size, options_);
      out = kHideCursor + erase_sequence(size) + std::exchange(finished_, {});
      drawn_.clear();
      for (size_t i = 0; i < lines.size(); ++i) {
        if (i) out += "\n";
        out += lines[i];
        drawn_.push_back(columns_of(lines[i]));
      }
      out += kShowCursor;
    }
    write(out);
  }

  void erase() {
    std::string out;
    {
      const std::lock_guard lock(mutex_);
      out = erase_sequence(options_.terminal_size()) + std::exchange(finished_, {});
      drawn_.clear();
    }
    write(out);
  }

  void write(std::string_view bytes) {
    const std::lock_guard lock(write_mutex_);
    write_best_effort(options_, bytes);
  }

  const Options options_;
  std::mutex mutex_;
  History history_;
  std::string finished_;       // lines that stay and have not been written yet
  std::vector<size_t> drawn_;  // columns of each line of the last frame
  bool ended_ = false;
  std::mutex write_mutex_;
  std::optional<Ticker> ticker_;  // last: it ends before what it uses goes
};

}  // namespace

std::unique_ptr<seams::Observer> make_tty(Options options) {
  return std::make_unique<Tty>(std::move(options));
}

}  // namespace slipway::report
