#include <algorithm>

#include "reference/scheduler/node_table.h"

namespace plumb::scheduler {
namespace {

constexpr std::int64_t megabyte = 1024 * 1024;
// Less is not worth a preference; more, for each container, makes no further difference.
constexpr std::int64_t least = 23 * megabyte, most_of_a_container = 1000 * megabyte;

struct ImageLocalityState final : PluginState {
  std::vector<const NodeImages::Image*> images;  // of the pod, that some node has
  std::int64_t containers = 0;
};

// Scores: the more bytes of the pod's images the node has already, the better. An image that few nodes have counts less, so that not all
// pods go to the one that has it.
class ImageLocality final : public Plugin, public ScorePlugin {
 public:
  Traits traits() const override { return {.name = "ImageLocality", .order = 910, .weight = 1}; }
  void attach(const Handle& handle) override { table_ = &handle.table; }

  // Where no node has any of the images all would get the same.
  Code pre_score(const PodInfo& pod, std::span<const NodeInfo* const>, std::unique_ptr<PluginState>& state) const override {
    std::unique_ptr<ImageLocalityState> made;
    const corev1::PodSpec& spec = pod.pod->spec;
    const auto look_up = [&](const api::Str& name) {
      const NodeImages::Image* image = table_->images().find(name);
      if (!image) return;
      if (!made) made = std::make_unique<ImageLocalityState>();
      made->images.push_back(image);
    };
    for (const corev1::Container& container : spec.initContainers) look_up(container.image);
    for (const corev1::Container& container : spec.containers) look_up(container.image);
    if (!made) return Code::skip;
    made->containers = static_cast<std::int64_t>(spec.initContainers.size() + spec.containers.size());
    state = std::move(made);
    return Code::success;
  }

  std::int64_t score(const PluginState* of, const PodInfo&, const NodeInfo& node) const override {
    const auto& state = static_cast<const ImageLocalityState&>(*of);
    const double nodes = static_cast<double>(table_->nodes().size());
    std::int64_t sum = 0;
    for (const NodeImages::Image* image : state.images) {
      const double spread = static_cast<double>(image->nodes.size()) / nodes;
      if (image->nodes.contains(&node)) sum += static_cast<std::int64_t>(static_cast<double>(image->size) * spread);
    }
    const std::int64_t most = most_of_a_container * state.containers;
    return max_score * (std::clamp(sum, least, most) - least) / (most - least);
  }

 private:
  const NodeTable* table_ = nullptr;
};

const Registered<Plugin> registered_image_locality{"ImageLocality", [] { return std::make_unique<ImageLocality>(); }};

}  // namespace
}  // namespace plumb::scheduler
