#include <algorithm>

#include "reference/resources/storageclasses/claim_class.h"
#include "reference/scheduler/node_table.h"
#include "reference/scheduler/storage.h"

namespace plumb::scheduler {
namespace {

// Today's labels and those that went before them.
struct TopologyKey {
  std::string_view key, other;
};
constexpr TopologyKey topology_keys[] = {
    {"topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"},
    {"topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"},
    {"failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"},
    {"failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"},
};
constexpr std::string_view refusal = "node(s) had no available volume zone";

struct VolumeZoneState final : PluginState {
  struct Demand {
    const TopologyKey* key;
    std::vector<std::string> values;
  };
  std::vector<Demand> demands;
};

// A volume may be in several zones: a__b.
std::vector<std::string> zones_in(std::string_view text) {
  std::vector<std::string> zones;
  while (true) {
    const std::size_t at = text.find("__");
    zones.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return zones;
    text.remove_prefix(at + 2);
  }
}

// Is the node in the zone and region that the pod's volumes say they are in, by their labels? A node without such labels is not looked at.
class VolumeZone final : public Plugin, public PreFilterPlugin, public FilterPlugin {
 public:
  Traits traits() const override {
    return {.name = "VolumeZone",
            .order = 120,
            .events = event::storage_class | event::node_added | event::node_label | event::volume_claim | event::volume};
  }
  void attach(const Handle& handle) override { caches_.attach(handle); }

  PreFilterResult pre_filter(const PodInfo& pod) const override {
    PreFilterResult result;
    auto state = std::make_unique<VolumeZoneState>();
    for (const resources::PodClaim& used : resources::claims_of(*pod.pod)) {
      if (!caches_) break;
      if (Verdict verdict = add(*pod.pod, used.name, *state); !verdict.ok()) {
        result.verdict = std::move(verdict);
        return result;
      }
    }
    if (state->demands.empty()) result.verdict.code = Code::skip;
    result.state = std::move(state);
    return result;
  }

  Code filter(const PluginState* state, const PodInfo&, const NodeInfo& node, Reasons& reasons) const override {
    const auto& labels = node.node->metadata.labels;
    if (std::none_of(std::begin(topology_keys), std::end(topology_keys), [&](const TopologyKey& one) { return labels.contains(one.key); })) return Code::success;
    for (const VolumeZoneState::Demand& demand : static_cast<const VolumeZoneState*>(state)->demands) {
      const api::Str* value = labels.find(demand.key->key);
      if (!value) value = labels.find(demand.key->other);
      if (value && std::find(demand.values.begin(), demand.values.end(), value->view()) != demand.values.end()) continue;
      reasons.push_back(refusal);
      return Code::unschedulable_and_unresolvable;
    }
    return Code::success;
  }

  bool helps(const PodInfo& pod, const Change& change) const override {
    if (change.object_before && !change.object) return false;
    if (!(change.events & event::volume_claim)) return true;
    const auto claims = resources::claims_of(*pod.pod);
    return change.object->metadata.namespace_ == pod.pod->metadata.namespace_ &&
           std::any_of(claims.begin(), claims.end(), [&](const resources::PodClaim& one) { return change.object->metadata.name == one.name; });
  }

 private:
  Verdict add(const corev1::Pod& pod, const std::string& name, VolumeZoneState& state) const {
    const auto refuse = [](std::string why) { return Verdict{Code::unschedulable_and_unresolvable, std::move(why)}; };
    const ClaimPtr claim = caches_.claim(pod.metadata.namespace_, name);
    if (!claim) return refuse(not_found("persistentvolumeclaim", name));
    if (claim->spec.volumeName.empty()) return unbound(*claim);
    const VolumePtr volume = caches_.volume(claim->spec.volumeName);
    if (!volume) return refuse(not_found("persistentvolume", claim->spec.volumeName));
    for (const TopologyKey& key : topology_keys)
      if (const api::Str* value = volume->metadata.labels.find(key.key)) state.demands.push_back({&key, zones_in(*value)});
    return {};
  }
  // Fine where the class chooses volumes by the pod's node.
  Verdict unbound(const corev1::PersistentVolumeClaim& claim) const {
    const auto refuse = [](std::string why) { return Verdict{Code::unschedulable_and_unresolvable, std::move(why)}; };
    const std::string_view name = resources::class_of(claim);
    if (name.empty()) return refuse("PersistentVolumeClaim had no pv name and storageClass name");
    const ClassPtr storage_class = caches_.storage_class(name);
    if (!storage_class) return refuse(not_found("storageclass.storage.k8s.io", name));
    return waits_for_consumer(*storage_class) ? Verdict() : refuse("PersistentVolume had no name");
  }
  StorageCaches caches_;
};

const Registered<Plugin> registered_volume_zone{"VolumeZone", [] { return std::make_unique<VolumeZone>(); }};

}  // namespace
}  // namespace plumb::scheduler
