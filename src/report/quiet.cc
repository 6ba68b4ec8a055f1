// The quiet view: nothing at all. What a failed step printed is part of the Error that ends the
// build.
#include <atomic>

#include "report/views.h"

namespace slipway::report {
namespace {

class Quiet : public seams::Observer {
 public:
  void on_plan(const std::vector<seams::StepInfo>& steps) override {
    steps_ += static_cast<seams::StepId>(steps.size());
  }
  seams::StepId on_step_added(const seams::StepInfo&) override { return steps_++; }
  void on_started(seams::StepId) override {}
  void on_output(seams::StepId, std::string_view, bool) override {}
  void on_progress(seams::StepId, std::string_view, uint64_t, uint64_t) override {}
  void on_finished(seams::StepId, seams::StepState, const seams::StepCost&,
                   std::string_view) override {}
  void on_warning(std::string_view, std::string_view) override {}
  void on_end(bool) override {}

 private:
  std::atomic<seams::StepId> steps_ = 0;
};

}  // namespace

std::unique_ptr<seams::Observer> make_quiet() { return std::make_unique<Quiet>(); }

}  // namespace slipway::report
