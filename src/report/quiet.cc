// The quiet view: nothing, but for what a failed step printed.
#include <mutex>

#include "report/history.h"
#include "report/summary.h"
#include "report/views.h"

namespace slipway::report {
namespace {

class Quiet : public seams::Observer {
 public:
  explicit Quiet(Options options) : options_(std::move(options)), history_(options_.clock()) {}

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
  }
  void on_output(StepId id, std::string_view bytes, bool /*is_stderr*/) override {
    const std::lock_guard lock(mutex_);
    history_.output(id, bytes, options_.clock());
  }
  void on_progress(StepId, std::string_view, uint64_t, uint64_t) override {}
  void on_finished(StepId id, StepState state, const seams::StepCost& cost,
                   std::string_view error) override {
    const std::lock_guard lock(mutex_);
    history_.finish(id, state, cost, error, options_.clock());
  }
  void on_warning(std::string_view, std::string_view) override {}
  void on_end(bool /*ok*/) override {
    const std::lock_guard lock(mutex_);
    const std::string failures = render_failures(history_, {}, false);
    if (!failures.empty()) write_best_effort(options_, failures);
  }

 private:
  const Options options_;
  std::mutex mutex_;
  History history_;
};

}  // namespace

std::unique_ptr<seams::Observer> make_quiet(Options options) {
  return std::make_unique<Quiet>(std::move(options));
}

}  // namespace slipway::report
