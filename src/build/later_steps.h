// An observer for steps that are counted from 0 although others were shown before them: loading a context from elsewhere
// takes its time before there is a plan.
#pragma once

#include "seams/observer.h"

namespace slipway::build {

class LaterSteps : public seams::Observer {
 public:
  /// `before`: how many steps `inner` knows already.
  LaterSteps(seams::Observer& inner, seams::StepId before) : inner_(inner), before_(before) {}

  void on_plan(const std::vector<seams::StepInfo>& steps) override {
    std::vector<seams::StepInfo> shifted = steps;
    for (auto& step : shifted) shift(step);
    inner_.on_plan(shifted);
  }
  seams::StepId on_step_added(const seams::StepInfo& step) override {
    seams::StepInfo shifted = step;
    shift(shifted);
    return inner_.on_step_added(shifted) - before_;
  }
  void on_started(seams::StepId step) override { inner_.on_started(step + before_); }
  void on_output(seams::StepId step, std::string_view bytes, bool is_stderr) override {
    inner_.on_output(step + before_, bytes, is_stderr);
  }
  void on_progress(seams::StepId step, std::string_view what, uint64_t done, uint64_t total) override {
    inner_.on_progress(step + before_, what, done, total);
  }
  void on_finished(seams::StepId step, seams::StepState state, const seams::StepCost& cost, std::string_view error) override {
    inner_.on_finished(step + before_, state, cost, error);
  }
  void on_key(seams::StepId step, const seams::StepKey& key) override { inner_.on_key(step + before_, key); }
  void on_files(std::string_view content, std::string_view listing) override { inner_.on_files(content, listing); }
  void on_imported(seams::StepId step, std::string_view from) override { inner_.on_imported(step + before_, from); }
  void on_warning(std::string_view text, std::string_view location) override { inner_.on_warning(text, location); }
  void on_check(const seams::CheckWarning& warning) override { inner_.on_check(warning); }
  void on_end(bool ok) override { inner_.on_end(ok); }

 private:
  void shift(seams::StepInfo& step) const {
    for (auto& input : step.inputs) input += before_;
  }

  seams::Observer& inner_;
  seams::StepId before_;
};

}  // namespace slipway::build
