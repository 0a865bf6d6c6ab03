#include "reference/scheduler/node_images.h"

namespace plumb::scheduler {

void NodeImages::add(const NodeInfo& node, const api::List<corev1::ContainerImage>& images) {
  for (const corev1::ContainerImage& image : images) {
    for (const api::Str& name : image.names) {
      const auto [at, is_new] = images_.try_emplace(name.str());
      if (is_new) at->second.size = image.sizeBytes;
      at->second.nodes.insert(&node);
    }
  }
}

void NodeImages::remove(const NodeInfo& node, const api::List<corev1::ContainerImage>& images) {
  for (const corev1::ContainerImage& image : images) {
    for (const api::Str& name : image.names) {
      const auto found = images_.find(name.view());
      if (found == images_.end()) continue;
      found->second.nodes.erase(&node);
      if (found->second.nodes.empty()) images_.erase(found);
    }
  }
}

const NodeImages::Image* NodeImages::find(std::string_view name) const {
  if (images_.empty()) return nullptr;
  const std::size_t colon = name.rfind(':'), slash = name.rfind('/');
  const bool tagged = colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  const auto found = tagged ? images_.find(name) : images_.find(std::string(name) + ":latest");
  return found == images_.end() ? nullptr : &found->second;
}

}  // namespace plumb::scheduler
