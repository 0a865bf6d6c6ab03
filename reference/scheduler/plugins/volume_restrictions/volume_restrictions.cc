#include <algorithm>
#include <set>

#include "reference/scheduler/node_table.h"
#include "reference/scheduler/storage.h"

namespace plumb::scheduler {
namespace {

constexpr std::string_view disk_conflict = "node(s) had no available disk";
constexpr std::string_view claim_conflict = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode";

// Disks that one node mounts once, or often when all only read.
bool disks_conflict(const corev1::VolumeSource& a, const corev1::VolumeSource& b) {
  if (a.gcePersistentDisk && b.gcePersistentDisk)
    return a.gcePersistentDisk->pdName == b.gcePersistentDisk->pdName && !(a.gcePersistentDisk->readOnly && b.gcePersistentDisk->readOnly);
  if (a.awsElasticBlockStore && b.awsElasticBlockStore) return a.awsElasticBlockStore->volumeID == b.awsElasticBlockStore->volumeID;
  if (a.iscsi && b.iscsi) return a.iscsi->iqn == b.iscsi->iqn && !(a.iscsi->readOnly && b.iscsi->readOnly);
  if (a.rbd && b.rbd) {
    const auto &left = a.rbd->monitors, &right = b.rbd->monitors;
    const bool shared = std::any_of(left.begin(), left.end(), [&](const api::Str& one) { return std::find(right.begin(), right.end(), one) != right.end(); });
    return shared && a.rbd->pool == b.rbd->pool && a.rbd->image == b.rbd->image && !(a.rbd->readOnly && b.rbd->readOnly);
  }
  return false;
}

bool is_such_a_disk(const corev1::VolumeSource& source) {
  return source.gcePersistentDisk || source.awsElasticBlockStore || source.iscsi || source.rbd;
}

bool has_such_a_disk(const corev1::Pod& pod) {
  return std::any_of(pod.spec.volumes.begin(), pod.spec.volumes.end(), [](const corev1::Volume& one) { return is_such_a_disk(one.volumeSource); });
}

struct VolumeRestrictionsState final : PluginState {
  std::set<std::string, std::less<>> exclusive;  // claims that one pod alone may use
  int users = 0;                                 // of these, other pods
  std::unique_ptr<PluginState> clone() const override { return std::make_unique<VolumeRestrictionsState>(*this); }
};

int uses(const corev1::Pod& pod, const std::set<std::string, std::less<>>& exclusive) {
  int count = 0;
  for (const auto& claim : resources::claims_of(pod)) count += exclusive.contains(claim.name);
  return count;
}

// Is a volume of the pod in use where it cannot be used twice: a disk on that node, a ReadWriteOncePod claim anywhere?
class VolumeRestrictions final : public Plugin, public PreFilterPlugin, public PreFilterExtensions, public FilterPlugin {
 public:
  Traits traits() const override {
    return {.name = "VolumeRestrictions", .order = 90, .events = event::pod_removed | event::node_added | event::volume_claim};
  }
  void attach(const Handle& handle) override {
    table_ = &handle.table;
    caches_.attach(handle);
  }

  PreFilterResult pre_filter(const PodInfo& pod) const override {
    PreFilterResult result;
    auto state = std::make_unique<VolumeRestrictionsState>();
    for (const resources::PodClaim& used : resources::claims_of(*pod.pod)) {
      if (!caches_ || used.is_ephemeral) continue;
      const ClaimPtr claim = caches_.claim(pod.pod->metadata.namespace_, used.name);
      if (!claim) {
        result.verdict = {Code::unschedulable_and_unresolvable, not_found("persistentvolumeclaim", used.name)};
        return result;
      }
      const auto& modes = claim->spec.accessModes;
      if (std::find(modes.begin(), modes.end(), corev1::ReadWriteOncePod) != modes.end()) state->exclusive.insert(used.name);
    }
    if (!state->exclusive.empty()) state->users = count_users(pod, state->exclusive);
    if (state->exclusive.empty() && !has_such_a_disk(*pod.pod)) result.verdict.code = Code::skip;
    result.state = std::move(state);
    return result;
  }

  void change(PluginState& of, const PodInfo& pod, const PodInfo& other, const NodeInfo&, int by) const override {
    auto& state = static_cast<VolumeRestrictionsState&>(of);
    if (other.pod->metadata.namespace_ == pod.pod->metadata.namespace_) state.users += by * uses(*other.pod, state.exclusive);
  }

  Code filter(const PluginState* state, const PodInfo& pod, const NodeInfo& node, Reasons& reasons) const override {
    if (disk_in_use(*pod.pod, node)) {
      reasons.push_back(disk_conflict);
      return Code::unschedulable;
    }
    if (static_cast<const VolumeRestrictionsState*>(state)->users > 0) {
      reasons.push_back(claim_conflict);
      return Code::unschedulable;
    }
    return Code::success;
  }

  bool helps(const PodInfo& pod, const Change& change) const override {
    if (change.pod_before) return may_free(*pod.pod, *change.pod_before->pod);
    if (!change.object) return change.node && !change.node_before;
    const auto claims = resources::claims_of(*pod.pod);
    return change.object->metadata.namespace_ == pod.pod->metadata.namespace_ &&
           std::any_of(claims.begin(), claims.end(), [&](const resources::PodClaim& one) { return change.object->metadata.name == one.name; });
  }

 private:
  int count_users(const PodInfo& pod, const std::set<std::string, std::less<>>& exclusive) const {
    int count = 0;
    for (const NodeInfo* node : table_->nodes())
      for (const PodInfoPtr& other : node->pods)
        if (other->pod->metadata.namespace_ == pod.pod->metadata.namespace_) count += uses(*other->pod, exclusive);
    return count;
  }
  static bool disk_in_use(const corev1::Pod& pod, const NodeInfo& node) {
    if (!has_such_a_disk(pod)) return false;
    for (const corev1::Volume& wanted : pod.spec.volumes)
      for (const PodInfoPtr& other : node.pods)
        for (const corev1::Volume& used : other->pod->spec.volumes)
          if (disks_conflict(wanted.volumeSource, used.volumeSource)) return true;
    return false;
  }
  static bool may_free(const corev1::Pod& pod, const corev1::Pod& gone) {
    if (has_such_a_disk(pod) && has_such_a_disk(gone)) return true;
    if (pod.metadata.namespace_ != gone.metadata.namespace_) return false;
    std::set<std::string, std::less<>> names;
    for (const auto& claim : resources::claims_of(pod)) names.insert(claim.name);
    return uses(gone, names) > 0;
  }

  const NodeTable* table_ = nullptr;
  StorageCaches caches_;
};

const Registered<Plugin> registered_volume_restrictions{"VolumeRestrictions", [] { return std::make_unique<VolumeRestrictions>(); }};

}  // namespace
}  // namespace plumb::scheduler
