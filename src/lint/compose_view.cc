// See compose_view.h. Members: https://github.com/compose-spec/compose-spec/blob/main/build.md
#include "lint/compose_view.h"

#include "os/fs.h"

namespace slipway::lint {

ComposeView::ComposeView(const SourceFile& file) : file_(file) {
  try {
    document_ = yaml::parse(file.text, file.path);
  } catch (const Error& error) {
    mistake_ = error;
    return;
  }
  const yaml::Node* services = yaml::find(document_.root(), "services");
  if (!services) return;
  for (const auto& [key, node] : services->members) {
    ComposeService service;
    service.name = key->text;
    service.begin = key->begin;
    service.platform = yaml::find(*node, "platform");
    const yaml::Node* build = yaml::find(*node, "build");
    service.is_built = build != nullptr;
    if (build && build->is_scalar()) service.context = build->text;
    if (build && build->is_mapping()) {
      service.context = yaml::string_or(*build, "context", ".");
      service.dockerfile = yaml::string_or(*build, "dockerfile", "Dockerfile");
      service.platforms = yaml::find(*build, "platforms");
    }
    if (service.platforms)
      for (const yaml::Node* item : service.platforms->items)
        if (item->is_scalar() && !item->text.contains('$')) service.built_for.push_back(item->text);
    services_.push_back(std::move(service));
  }
}

bool ComposeView::builds_file(const ComposeService& service, std::string_view dockerfile) const {
  if (!service.is_built || service.context.contains("://")) return false;
  const std::string folder = os::join_path(os::dir_name(file_.path), service.context);
  return os::clean_path(os::join_path(folder, service.dockerfile)) == os::clean_path(dockerfile);
}

}  // namespace slipway::lint
