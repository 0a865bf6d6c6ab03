// The controller "disruption-controller": counts for each PodDisruptionBudget how many of its pods may be disrupted now, and takes back
// the condition DisruptionTarget of pods that were to be disrupted and then were not.
// Keys: "budget/<namespace>/<name>", "pod/<namespace>/<name>".
#include "reference/api/types/appsv1.h"
#include "reference/controllers/disruption/decide.h"
#include "reference/controllers/framework/controller.h"
#include "reference/resources/poddisruptionbudgets/disruption_allowed.h"

namespace plumb::controllers::disruption {

namespace {

using informer::Lister;
using informer::object_key;

template <class T>
bool names(const metav1::OwnerReference& reference) {
  if (reference.kind != T::info().name) return false;
  const std::string_view version = reference.apiVersion, group = T::info().group;
  const auto slash = version.find('/');
  const std::string_view named = slash == version.npos ? std::string_view() : version.substr(0, slash);
  return named == group || (named == "extensions" && reference.kind != "StatefulSet" && group == "apps");
}

class Disruption final : public Controller {
 public:
  std::string component() const override { return "controllermanager"; }
  std::string account() const override { return "disruption-controller"; }
  std::string queue_name() const override { return "disruption"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get,list,watch", "apps,extensions", "deployments"},
            {"get,list,watch", "apps,extensions", "replicasets"},
            {"get,list,watch", "core", "replicationcontrollers"},
            {"get,list,watch", "policy", "poddisruptionbudgets"},
            {"get,list,watch", "apps", "statefulsets"},
            {"update", "policy", "poddisruptionbudgets/status"},
            {"get", "*", "*/scale"},
            {"update", "core", "pods/status"},
            apiserver::records_events};
  }
  int workers() const override { return 1; }

  void watch(Watches& watches) override {
    watches_ = &watches;
    controllers_ = watches.lister<corev1::ReplicationController>();
    sets_ = watches.lister<appsv1::ReplicaSet>();
    deployments_ = watches.lister<appsv1::Deployment>();
    stateful_sets_ = watches.lister<appsv1::StatefulSet>();
    watches.informer<corev1::Pod>().add_index(informer::index::by_namespace, informer::index::namespace_of);
    pods_ = watches.lister<corev1::Pod>();
    watches.informer<policyv1::PodDisruptionBudget>().add_index(informer::index::by_namespace, informer::index::namespace_of);
    budgets_ = watches.watch<policyv1::PodDisruptionBudget>([this](const BudgetPtr&, const BudgetPtr& after) {
      if (after) watches_->queue.add("budget/" + object_key(*after));
    });
    watches.watch<corev1::Pod>([this](const PodPtr& before, const PodPtr& after) { pod_changed(before, after); });
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    const auto slash = key.find('/');
    const std::string_view name = std::string_view(key).substr(slash + 1);
    if (key.starts_with("pod/")) return reconcile_pod(name, now);
    const BudgetPtr budget = budgets_.get(name);
    if (!budget) return {};
    std::vector<PodPtr> pods = pods_.by_index(informer::index::by_namespace, budget->metadata.namespace_);
    std::erase_if(pods, [&](const PodPtr& pod) { return !resources::selects(*budget, pod->metadata.labels); });
    return decide(budget, pods, [this](const corev1::Pod& pod, const metav1::OwnerReference& controller) { return scale_of(pod, controller); }, now);
  }

 private:
  Plan reconcile_pod(std::string_view key, const Now& now) {
    const PodPtr pod = pods_.get(key);
    Plan plan = decide_stale(pod, now);
    const std::vector<BudgetPtr> budgets = pod ? budgets_of(*pod) : std::vector<BudgetPtr>();
    if (budgets.size() > 1)
      plan.record(pod, informer::event_warning, "MultiplePodDisruptionBudgets",
                  "Pod " + object_key(*pod) + " matches several PodDisruptionBudgets, which forbids its eviction.");
    return plan;
  }

  std::vector<BudgetPtr> budgets_of(const corev1::Pod& pod) const {
    std::vector<BudgetPtr> budgets = budgets_.by_index(informer::index::by_namespace, pod.metadata.namespace_);
    std::erase_if(budgets, [&](const BudgetPtr& budget) { return !resources::selects(*budget, pod.metadata.labels); });
    return budgets;
  }

  void pod_changed(const PodPtr& before, const PodPtr& after) {
    const corev1::Pod& pod = after ? *after : *before;
    const std::vector<BudgetPtr> budgets = budgets_of(pod);
    for (const BudgetPtr& budget : budgets) watches_->queue.add("budget/" + object_key(*budget));
    if (before && after && !(before->metadata.labels == after->metadata.labels))
      for (const BudgetPtr& budget : budgets_of(*before)) watches_->queue.add("budget/" + object_key(*budget));
    if (after && (budgets.size() > 1 || target_goes_stale(*after))) watches_->queue.add("pod/" + object_key(*after));
  }

  template <class T>
  static std::optional<Scale> own_scale(const std::shared_ptr<const T>& owner, const metav1::OwnerReference& reference) {
    if (!owner || owner->metadata.uid != reference.uid) return std::nullopt;
    return Scale{owner->metadata.uid.str(), owner->spec.replicas.value_or(1)};
  }

  Result<Scale> scale_of(const corev1::Pod& pod, const metav1::OwnerReference& controller) const {
    const auto found = find_scale(pod.metadata.namespace_, controller);
    if (found) return *found;
    if (const Status scalable = check_scalable(controller); !scalable.ok()) return scalable.error();
    return fail(Code::not_found, "found no controllers for pod \"" + pod.metadata.name.str() + "\"");
  }

  std::optional<Scale> find_scale(std::string_view namespace_, const metav1::OwnerReference& controller) const {
    if (names<corev1::ReplicationController>(controller)) return own_scale(controllers_.get(namespace_, controller.name), controller);
    if (names<appsv1::StatefulSet>(controller)) return own_scale(stateful_sets_.get(namespace_, controller.name), controller);
    if (!names<appsv1::ReplicaSet>(controller)) return std::nullopt;
    const auto set = sets_.get(namespace_, controller.name);
    const auto own = own_scale(set, controller);
    const metav1::OwnerReference* above = own ? informer::controller_ref(*set) : nullptr;
    if (!above || !names<appsv1::Deployment>(*above)) return own;
    const auto deployment = own_scale(deployments_.get(namespace_, above->name), *above);
    return deployment ? deployment : own;
  }

  // Upstream asks the scale subresource of whatever else owns pods; none of the resources that are served has one.
  static Status check_scalable(const metav1::OwnerReference& controller) {
    for (const informer::Resource* resource : resources::all()) {
      if (resource->type().name != controller.kind || api::api_version(resource->type()) != controller.apiVersion) continue;
      if (resource->has_scale()) return {};
      return fail(Code::invalid_argument, resource->group_resource() + " does not implement the scale subresource");
    }
    return fail(Code::not_found, "no matches for kind \"" + controller.kind.str() + "\" in version \"" + controller.apiVersion.str() + "\"");
  }

  Watches* watches_ = nullptr;
  Lister<corev1::ReplicationController> controllers_;
  Lister<appsv1::ReplicaSet> sets_;
  Lister<appsv1::Deployment> deployments_;
  Lister<appsv1::StatefulSet> stateful_sets_;
  Lister<policyv1::PodDisruptionBudget> budgets_;
  Lister<corev1::Pod> pods_;
};

const Registered<Controller> registered{"disruption-controller", [] { return std::make_unique<Disruption>(); }};

}  // namespace

}  // namespace plumb::controllers::disruption
