#include "reference/controllers/replicaset/replicaset.h"

#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/pod_changes.h"
#include "reference/controllers/framework/pods.h"

namespace plumb::controllers::replicaset {

namespace {

using informer::Lister;
using informer::object_key;

bool selects(const appsv1::ReplicaSet& owner, const api::Map<api::Str>& labels) {
  const auto selector = selector_of(owner.spec.selector.get());
  return selector.ok() && !selector->everything() && matches(*selector, labels);
}
bool selects(const corev1::ReplicationController& owner, const api::Map<api::Str>& labels) {
  if (owner.spec.selector.empty()) return false;
  for (const auto& [key, value] : owner.spec.selector) {
    const api::Str* found = labels.find(key);
    if (!found || *found != value) return false;
  }
  return true;
}

template <class Owner>
class Replicas final : public Controller {
 public:
  Replicas(std::string component, std::string queue_name) : component_(std::move(component)), queue_name_(std::move(queue_name)) {}
  std::string component() const override { return component_; }
  std::string queue_name() const override { return queue_name_; }
  std::vector<apiserver::Grant> grants() const override {
    const std::string owners = informer::resource_of<Owner>().names().plural, groups = owners == "replicasets" ? "apps,extensions" : "core";
    return {{"get,list,update,watch", groups, owners},
            {"update", groups, owners + "/status"},
            {"update", groups, owners + "/finalizers"},
            {"create,delete,list,patch,watch", "core", "pods"},
            apiserver::records_events};
  }

  void watch(Watches& watches) override {
    watches_ = &watches;
    owners_ = watches.watch<Owner>([this](const auto& before, const auto& after) { owner_changed(before, after); });
    informer::Informer& owners = watches.informer<Owner>();
    owners.add_index(informer::index::by_namespace, informer::index::namespace_of);
    owners.add_index(informer::index::by_controller, informer::index::controller_of);
    informer::Informer& pods = watches.informer<corev1::Pod>();
    pods.add_index(informer::index::by_controller, informer::index::controller_of);
    pods.add_index(informer::index::orphans, informer::index::orphan_of);
    pods_ = watches.watch<corev1::Pod>([this](const PodPtr& before, const PodPtr& after) { pod_changed(before, after); });
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    const auto owner = owners_.get(key);
    if (!owner) {
      watches_->expectations.forget(key);
      return {};
    }
    // Asked before the caches are read: a pod that arrives in between is then seen, not made twice.
    const bool satisfied = watches_->expectations.satisfied(key);
    const std::vector<PodPtr> candidates = candidates_of(pods_, *owner);
    const std::vector<PodPtr> related = owner->spec.replicas.value_or(1) < static_cast<std::int32_t>(candidates.size()) ? siblings(*owner, candidates)
                                                                                                                      : std::vector<PodPtr>();
    Plan plan = decide(owner, candidates, related, satisfied, now);
    if (!satisfied) plan.come_again(watches_->expectations.deadline(key) - now.steady + std::chrono::seconds(1));
    return plan;
  }

 private:
  // Pods of all owners under the same controlling owner; without one, the own pods.
  std::vector<PodPtr> siblings(const Owner& owner, const std::vector<PodPtr>& own) const {
    const metav1::OwnerReference* parent = informer::controller_ref(owner);
    if (!parent) return own;
    std::vector<PodPtr> pods;
    for (const auto& sibling : owners_.by_index(informer::index::by_controller, parent->uid))
      for (PodPtr& pod : pods_.by_index(informer::index::by_controller, sibling->metadata.uid)) pods.push_back(std::move(pod));
    return pods;
  }

  void owner_changed(const std::shared_ptr<const Owner>& before, const std::shared_ptr<const Owner>& after) {
    const std::string key = object_key(after ? *after : *before);
    if (!after || (before && before->metadata.uid != after->metadata.uid)) watches_->expectations.forget(key);
    watches_->queue.add(key);
  }

  void pod_changed(const PodPtr& before, const PodPtr& after) {
    note_pod_change(*watches_, before, after, [this](const corev1::Pod& pod) { return owner_of(pod); });
    if (is_offered(before.get(), after.get())) offer_orphan(*after);
  }

  std::string owner_of(const corev1::Pod& pod) const { return owner_key(owners_, pod.metadata.namespace_, informer::controller_ref(pod)); }

  void offer_orphan(const corev1::Pod& pod) {
    for (const auto& owner : owners_.by_index(informer::index::by_namespace, pod.metadata.namespace_))
      if (selects(*owner, pod.metadata.labels)) watches_->queue.add(object_key(*owner));
  }

  const std::string component_, queue_name_;
  Watches* watches_ = nullptr;
  Lister<Owner> owners_;
  Lister<corev1::Pod> pods_;
};

const Registered<Controller> replica_sets{
    "replicaset-controller", [] { return std::make_unique<Replicas<appsv1::ReplicaSet>>("replicaset-controller", "replicaset"); }};
const Registered<Controller> replication_controllers{"replicationcontroller-controller", [] {
  return std::make_unique<Replicas<corev1::ReplicationController>>("replication-controller", "replicationmanager");
}};

}  // namespace

}  // namespace plumb::controllers::replicaset
