#include "reference/controllers/daemonset/node_pods.h"

#include <algorithm>

#include "reference/controllers/framework/pods.h"

namespace plumb::controllers::daemonset {

namespace {

bool goes_before(const PodPtr& a, const PodPtr& b) {
  const bool bound = !a->spec.nodeName.empty(), other_bound = !b->spec.nodeName.empty();
  if (bound != other_bound) return bound;
  const auto &left = a->metadata, &right = b->metadata;
  if (left.creationTimestamp < right.creationTimestamp) return true;
  if (right.creationTimestamp < left.creationTimestamp) return false;
  return left.name < right.name;
}

}  // namespace

NodePods::NodePods(const Observed& observed) {
  const Placement placement(*observed.set);
  for (const NodePtr& node : observed.nodes) {
    Place& place = places_[node->metadata.name.view()];
    place.node = node.get();
    place.verdict = placement.on(*node);
    desired_ += place.verdict.run;
  }
  for (const PodPtr& pod : observed.pods) {
    if (is_terminal(*pod) && pod->metadata.deletionTimestamp) continue;
    if (const std::string_view node = target_node(*pod); !node.empty()) places_[node].pods.push_back(pod);
  }
  for (auto& [name, place] : places_) std::sort(place.pods.begin(), place.pods.end(), goes_before);
}

}  // namespace plumb::controllers::daemonset
