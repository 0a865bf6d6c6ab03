#include <map>

#include "reference/api/object.h"
#include "reference/informer/client.h"
#include "reference/resources/persistentvolumes/matching.h"
#include "reference/resources/storageclasses/claim_class.h"
#include "reference/scheduler/doc_reader.h"
#include "reference/scheduler/plugins/volume_binding/node_volumes.h"

namespace plumb::scheduler::volume_binding {
namespace {

using corev1::PersistentVolume;
using corev1::PersistentVolumeClaim;
namespace annotation = resources::annotation;

constexpr std::int64_t default_timeout_seconds = 600, longest_timeout_seconds = std::int64_t{1} << 31;

bool is_bound(const PersistentVolumeClaim& claim) {
  return !claim.spec.volumeName.empty() && claim.metadata.annotations.contains(annotation::bind_completed);
}

std::int64_t version_of(const api::Object& object) {
  std::int64_t version = 0;
  for (const char digit : object.metadata.resourceVersion.view()) version = version * 10 + (digit - '0');
  return version;
}

Progress waiting() { return {Progress::Is::waiting}; }
Progress failed(std::string why) { return {Progress::Is::failed, "binding volumes: " + std::move(why)}; }
std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

struct VolumeBindingState final : PluginState {
  PodClaims claims;
};

// What has been decided about an object, while the cache shows the state that it was decided on.
template <class T>
class Decided {
 public:
  void add(const std::string& key, std::shared_ptr<const T> from, std::shared_ptr<const T> to) { all_[key] = {from->metadata.resourceVersion.str(), std::move(to)}; }
  void erase(const std::string& key) { all_.erase(key); }
  std::shared_ptr<const T> over(const std::string& key, const std::shared_ptr<const T>& cached) const {
    const auto found = all_.find(key);
    return cached && found != all_.end() && cached->metadata.resourceVersion == found->second.version ? found->second.object : cached;
  }

 private:
  struct Entry {
    std::string version;
    std::shared_ptr<const T> object;
  };
  std::map<std::string, Entry> all_;
};

// Can the pod's claims be satisfied on the node? Those that wait for their first consumer get volumes that can be reached from there, or are
// told the node for a volume to be made; the pod is bound once they are.
class VolumeBinding final : public Plugin, public PreFilterPlugin, public FilterPlugin, public ReservePlugin, public PreBindPlugin {
 public:
  Traits traits() const override {
    return {.name = "VolumeBinding",
            .order = 110,
            .events = event::volume | event::volume_claim | event::storage_class | event::csi_node | event::csi_driver | event::storage_capacity |
                      event::node_added | event::node_label};
  }
  Status configure(const DocReader& args) override {
    PLUMB_TRY(args.members({"bindTimeoutSeconds", "shape"}));
    timeout_ = std::chrono::seconds(PLUMB_TRY(args.integer("bindTimeoutSeconds", default_timeout_seconds, 0, longest_timeout_seconds)));
    return {};
  }
  void attach(const Handle& handle) override {
    table_ = &handle.table;
    caches_.attach(handle);
    assumed_.caches = &caches_;
    assumed_.volume = [this](std::string_view name) { return volumes_.over(std::string(name), caches_.volume(name)); };
    assumed_.volumes_of_class = [this](std::string_view name) {
      auto all = caches_.volumes_of_class(name);
      for (VolumePtr& volume : all) volume = volumes_.over(volume->metadata.name.str(), volume);
      return all;
    };
  }

  bool helps(const PodInfo& pod, const Change& change) const override {
    if (change.events & event::volume_claim) return is_used(*pod.pod, static_cast<const PersistentVolumeClaim&>(*(change.object ? change.object : change.object_before)));
    return change.node || change.object;  // nothing gets better when something goes
  }

  PreFilterResult pre_filter(const PodInfo& pod) const override {
    PreFilterResult result;
    auto state = std::make_unique<VolumeBindingState>();
    result.verdict = classify(*pod.pod, state->claims);
    if (result.verdict.ok() && state->claims.bound.empty() && state->claims.undecided.empty()) result.verdict.code = Code::skip;
    result.state = std::move(state);
    return result;
  }

  Code filter(const PluginState* state, const PodInfo&, const NodeInfo& node, Reasons& reasons) const override {
    const auto refusals = find_volumes(static_cast<const VolumeBindingState*>(state)->claims, *node.node, assumed_).refusals;
    reasons.insert(reasons.end(), refusals.begin(), refusals.end());
    return refusals.empty() ? Code::success : Code::unschedulable_and_unresolvable;
  }

  Verdict reserve(const PodInfo& pod, std::string_view node) override {
    PodClaims claims;
    const Verdict verdict = classify(*pod.pod, claims);
    if (!verdict.ok() || claims.undecided.empty()) return verdict;
    const NodeInfo* info = table_->find(node);
    if (!info || !info->node) return {Code::error, not_found("node", node)};
    NodeVolumes found = find_volumes(claims, *info->node, assumed_);
    if (!found.refusals.empty()) return {Code::unschedulable, std::string(found.refusals.front())};
    Plan plan;
    for (const auto& [claim, volume] : found.bindings) {
      auto next = std::make_shared<PersistentVolume>(*volume);
      if (resources::bind_volume(*next, *claim)) {
        volumes_.add(next->metadata.name.str(), volume, next);
        plan.volumes.push_back(next);
      }
      plan.claims.push_back({claim, volume->metadata.name.str()});
    }
    for (const ClaimPtr& claim : found.provisions) {
      auto next = std::make_shared<PersistentVolumeClaim>(*claim);
      next->metadata.annotations.set(annotation::selected_node, node);
      claims_.add(informer::object_key(*next), claim, next);
      plan.provisions.push_back(next);
    }
    plans_[std::string(pod.uid())] = std::move(plan);
    return {};
  }

  void unreserve(const PodInfo& pod, std::string_view) override {
    const auto found = plans_.find(pod.uid());
    if (found == plans_.end()) return;
    for (const VolumePtr& volume : found->second.volumes) volumes_.erase(volume->metadata.name.str());
    for (const ClaimPtr& claim : found->second.provisions) claims_.erase(informer::object_key(*claim));
    plans_.erase(found);
  }

  std::optional<std::vector<informer::Request>> pre_bind(const PodInfo& pod, std::string_view) override {
    const auto found = plans_.find(pod.uid());
    if (found == plans_.end()) return std::nullopt;
    std::vector<informer::Request> requests;
    for (const VolumePtr& volume : found->second.volumes) requests.push_back(informer::update_request(volume));
    for (const ClaimPtr& claim : found->second.provisions) requests.push_back(informer::update_request(claim));
    return requests;
  }

  Progress progress(const PodInfo& pod, std::string_view node, std::span<const std::shared_ptr<const api::Object>> written) override {
    const auto found = plans_.find(pod.uid());
    if (found == plans_.end()) return {};
    const Plan& plan = found->second;
    std::size_t write = 0;
    bool done = true;
    for (const VolumePtr& volume : plan.volumes) {
      const VolumePtr now = caches_.volume(volume->metadata.name);
      if (!now) return failed("pv " + quoted(volume->metadata.name) + " not found");
      if (version_of(*now) < version_of(*written[write++])) return waiting();
      if (!now->spec.claimRef) return failed("ClaimRef got reset for pv " + quoted(volume->metadata.name));
    }
    for (const auto& [claim, volume] : plan.claims) {
      const ClaimPtr now = caches_.claim(claim->metadata.namespace_, claim->metadata.name);
      if (!now) return failed("could not get pvc " + quoted(claim->metadata.name) + ": " + not_found("persistentvolumeclaim", claim->metadata.name));
      done &= is_bound(*now);
    }
    for (const ClaimPtr& claim : plan.provisions) {
      const ClaimPtr now = caches_.claim(claim->metadata.namespace_, claim->metadata.name);
      if (!now) return failed(not_found("persistentvolumeclaim", claim->metadata.name));
      if (version_of(*now) < version_of(*written[write++])) return waiting();
      if (Progress one = provisioned(*now, node); one.is == Progress::Is::failed) return one;
      done &= is_bound(*now);
    }
    if (!done) return waiting();
    plans_.erase(found);  // the caches show it all
    return {};
  }
  Duration patience() const override { return timeout_; }

 private:
  struct Plan {
    std::vector<VolumePtr> volumes;     // to be written: each names its claim
    std::vector<ClaimPtr> provisions;   // to be written: each names the node
    std::vector<std::pair<ClaimPtr, std::string>> claims;  // that get volumes which are there
  };

  static bool is_used(const corev1::Pod& pod, const PersistentVolumeClaim& claim) {
    if (pod.metadata.namespace_ != claim.metadata.namespace_) return false;
    for (const auto& one : resources::claims_of(pod))
      if (claim.metadata.name == one.name) return true;
    return false;
  }

  // A provisioner that cannot make the volume takes the node's name off the claim.
  Progress provisioned(const PersistentVolumeClaim& claim, std::string_view node) const {
    const api::Str* selected = claim.metadata.annotations.find(annotation::selected_node);
    if (!selected) return failed("selectedNode annotation reset for PVC " + quoted(claim.metadata.name));
    if (*selected != node)
      return failed("selectedNode annotation value " + quoted(*selected) + " not set to scheduled node " + quoted(node));
    if (claim.spec.volumeName.empty()) return {};
    const VolumePtr volume = caches_.volume(claim.spec.volumeName);
    const NodeInfo* info = table_->find(node);
    if (volume && info && info->node && !is_reachable(*volume, *info->node))
      return failed("pv " + quoted(volume->metadata.name) + " node affinity doesn't match node " + quoted(node));
    return {};
  }

  // Sorts the pod's claims; a verdict that is not ok says what is wrong with one.
  Verdict classify(const corev1::Pod& pod, PodClaims& claims) const {
    const auto refuse = [](std::string why) { return Verdict{Code::unschedulable_and_unresolvable, std::move(why)}; };
    bool immediate = false;
    if (!caches_) return {};
    for (const resources::PodClaim& used : resources::claims_of(pod)) {
      const ClaimPtr cached = caches_.claim(pod.metadata.namespace_, used.name);
      if (!cached)
        return refuse(used.is_ephemeral ? "waiting for ephemeral volume controller to create the persistentvolumeclaim " + quoted(used.name)
                                        : not_found("persistentvolumeclaim", used.name));
      if (cached->status.phase == corev1::ClaimLost)
        return refuse("persistentvolumeclaim " + quoted(used.name) + " bound to non-existent persistentvolume " + quoted(cached->spec.volumeName));
      if (cached->metadata.deletionTimestamp) return refuse("persistentvolumeclaim " + quoted(used.name) + " is being deleted");
      if (used.is_ephemeral && !resources::is_made_for(*cached, pod))
        return refuse("PVC " + informer::object_key(*cached) + " was not created for pod " + informer::object_key(pod) + " (pod is not owner)");
      const ClaimPtr claim = claims_.over(informer::object_key(*cached), cached);
      if (is_bound(*claim)) claims.bound.push_back(claim);
      else if (is_delayed(*claim)) claims.undecided.push_back(claim);
      else immediate = true;
    }
    return immediate ? refuse("pod has unbound immediate PersistentVolumeClaims") : Verdict();
  }
  // A claim that names its volume is bound by the binder, whatever its class says.
  bool is_delayed(const PersistentVolumeClaim& claim) const {
    const ClassPtr storage_class = caches_.storage_class(resources::class_of(claim));
    return claim.spec.volumeName.empty() && storage_class && waits_for_consumer(*storage_class);
  }

  const NodeTable* table_ = nullptr;
  StorageCaches caches_;
  Duration timeout_ = std::chrono::seconds(default_timeout_seconds);
  Assumed assumed_;
  Decided<PersistentVolume> volumes_;
  Decided<PersistentVolumeClaim> claims_;
  std::map<std::string, Plan, std::less<>> plans_;  // by the pod's UID
};

const Registered<Plugin> registered_volume_binding{"VolumeBinding", [] { return std::make_unique<VolumeBinding>(); }};

}  // namespace
}  // namespace plumb::scheduler::volume_binding
