// An Observer between the build and the view: passes everything on and keeps what a record needs.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "record/record.h"
#include "seams/observer.h"

namespace slipway::record {

class Recorder : public seams::Observer {
 public:
  explicit Recorder(seams::Observer& view) : view_(view) {}

  void on_plan(const std::vector<seams::StepInfo>& steps) override;
  seams::StepId on_step_added(const seams::StepInfo& step) override;
  void on_started(seams::StepId step) override;
  void on_output(seams::StepId step, std::string_view bytes, bool is_stderr) override;
  void on_progress(seams::StepId step, std::string_view what, uint64_t done,
                   uint64_t total) override;
  void on_finished(seams::StepId step, seams::StepState state, const seams::StepCost& cost,
                   std::string_view error) override;
  void on_key(seams::StepId step, const seams::StepKey& key) override;
  void on_files(std::string_view content, std::string_view listing) override;
  void on_imported(seams::StepId step, std::string_view from) override;
  void on_warning(std::string_view text, std::string_view location) override;
  void on_check(const seams::CheckWarning& warning) override;
  void on_end(bool ok) override;

  std::vector<Step> steps() const;
  /// Listings by the content that they are of.
  std::map<std::string, std::string> files() const;

 private:
  void keep(const seams::StepInfo& step);

  seams::Observer& view_;
  mutable std::mutex mutex_;
  std::vector<Step> steps_;
  std::map<std::string, std::string> files_;
};

}  // namespace slipway::record
