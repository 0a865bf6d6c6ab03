#include <map>
#include <optional>
#include <set>

#include "reference/resources/storageclasses/claim_class.h"
#include "reference/scheduler/node_table.h"
#include "reference/scheduler/storage.h"

namespace plumb::scheduler {
namespace {

constexpr std::string_view refusal = "node(s) exceed max volume count";

// A volume of a CSI driver: it counts once on a node, however many pods use it.
struct Attached {
  std::string driver, handle;
  auto operator<=>(const Attached&) const = default;
};
using Volumes = std::set<Attached>;

struct NodeVolumeLimitsState final : PluginState {
  Volumes wanted;
};

// Can the node's CSI drivers attach the pod's volumes, too?
class NodeVolumeLimits final : public Plugin, public PreFilterPlugin, public FilterPlugin {
 public:
  Traits traits() const override {
    return {.name = "NodeVolumeLimits",
            .order = 100,
            .events = event::csi_node | event::node_added | event::pod_removed | event::volume_claim | event::volume | event::volume_attachment};
  }
  void attach(const Handle& handle) override { caches_.attach(handle); }

  PreFilterResult pre_filter(const PodInfo& pod) const override {
    PreFilterResult result;
    auto state = std::make_unique<NodeVolumeLimitsState>();
    for (const resources::PodClaim& used : resources::claims_of(*pod.pod)) {
      if (!caches_) break;
      const ClaimPtr claim = caches_.claim(pod.pod->metadata.namespace_, used.name);
      if (!claim) {
        result.verdict = {Code::unschedulable_and_unresolvable, not_found("persistentvolumeclaim", used.name)};
        return result;
      }
      if (auto volume = volume_of(*claim)) state->wanted.insert(std::move(*volume));
    }
    if (state->wanted.empty()) result.verdict.code = Code::skip;
    result.state = std::move(state);
    return result;
  }

  Code filter(const PluginState* state, const PodInfo&, const NodeInfo& node, Reasons& reasons) const override {
    const auto csi = caches_.csi_node(node.name());
    if (!csi || csi->spec.drivers.empty()) return Code::success;
    Volumes after = volumes_on(node);
    std::map<std::string_view, std::size_t> more;
    for (const Attached& volume : static_cast<const NodeVolumeLimitsState*>(state)->wanted)
      if (after.insert(volume).second) ++more[volume.driver];
    for (const auto& driver : csi->spec.drivers) {
      if (!driver.allocatable || !driver.allocatable->count || !more.contains(driver.name.view())) continue;
      std::int64_t count = 0;
      for (const Attached& volume : after) count += driver.name == volume.driver;
      if (count <= *driver.allocatable->count) continue;
      reasons.push_back(refusal);
      return Code::unschedulable;
    }
    return Code::success;
  }

  bool helps(const PodInfo& pod, const Change& change) const override {
    if (change.pod_before) return !resources::claims_of(*change.pod_before->pod).empty();
    if (change.events & event::volume_attachment) return !change.object;
    if (change.object_before && !change.object) return false;
    if (!(change.events & event::volume_claim)) return true;
    return change.object->metadata.namespace_ == pod.pod->metadata.namespace_;
  }

 private:
  // Those of its pods, and those that are attached though no pod of it uses them (any more, or yet).
  Volumes volumes_on(const NodeInfo& node) const {
    Volumes found;
    for (const PodInfoPtr& pod : node.pods)
      for (const resources::PodClaim& used : resources::claims_of(*pod->pod))
        if (const ClaimPtr claim = caches_.claim(pod->pod->metadata.namespace_, used.name))
          if (auto volume = volume_of(*claim)) found.insert(std::move(*volume));
    for (const auto& attachment : caches_.attachments(node.name())) {
      const auto& name = attachment->spec.source.persistentVolumeName;
      const VolumePtr volume = name ? caches_.volume(*name) : nullptr;
      if (volume && volume->spec.persistentVolumeSource.csi)
        found.insert({attachment->spec.attacher.str(), volume->spec.persistentVolumeSource.csi->volumeHandle.str()});
    }
    return found;
  }

  // One that is to be made counts for the driver of its class.
  std::optional<Attached> volume_of(const corev1::PersistentVolumeClaim& claim) const {
    const VolumePtr volume = claim.spec.volumeName.empty() ? nullptr : caches_.volume(claim.spec.volumeName);
    if (volume) {
      const auto& csi = volume->spec.persistentVolumeSource.csi;
      return csi ? std::optional(Attached{csi->driver.str(), csi->volumeHandle.str()}) : std::nullopt;
    }
    const ClassPtr storage_class = caches_.storage_class(resources::class_of(claim));
    if (!storage_class) return std::nullopt;
    const std::string driver = storage_class->provisioner.str();
    return Attached{driver, driver + "-" + claim.metadata.namespace_.str() + "/" + claim.metadata.name.str()};
  }

  StorageCaches caches_;
};

const Registered<Plugin> registered_node_volume_limits{"NodeVolumeLimits", [] { return std::make_unique<NodeVolumeLimits>(); }};

}  // namespace
}  // namespace plumb::scheduler
