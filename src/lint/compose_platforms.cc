// Rules about the platforms of compose files.
#include <fmt/core.h>

#include "lint/compose_view.h"
#include "lint/platform_list.h"
#include "lint/rules.h"

namespace slipway::lint {

void check_compose_nodes(const ComposeView& view, Report& report) {
  if (!report.facts().nodes) return;
  for (const auto& service : view.services())
    if (!service.built_for.empty())
      check_platforms(view.file(), service.begin, service.platforms->begin, service.platforms->end,
                      service.built_for, *report.facts().nodes, report);
}

void check_compose_fixed_platform(const ComposeView& view, Report& report) {
  for (const auto& service : view.services()) {
    if (!service.is_built || !service.platform || !service.platform->is_scalar() ||
        service.platform->text.contains('$') || service.platforms)
      continue;
    report.add(
        service.begin, service.platform->begin, service.platform->end,
        fmt::format("{} is built and run for {} on every machine, under emulation where it is a "
                    "foreign one",
                    service.name, service.platform->text),
        "leave platform: out, and name what is published in build.platforms");
  }
}

void check_compose_syntax(const ComposeView& view, Report& report) {
  if (view.mistake()) report_mistake(view.file(), *view.mistake(), report);
}

}  // namespace slipway::lint
