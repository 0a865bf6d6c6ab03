// The controller "deployment-controller".
#include "reference/controllers/deployment/decide.h"
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/controllers/framework/pods.h"

namespace plumb::controllers::deployment {

namespace {

using appsv1::Deployment;
using appsv1::ReplicaSet;
using informer::Lister;
using informer::object_key;
using SetPtr = std::shared_ptr<const ReplicaSet>;
using PodPtr = std::shared_ptr<const corev1::Pod>;

class Deployments final : public Controller {
 public:
  std::string component() const override { return "deployment-controller"; }
  std::string queue_name() const override { return "deployment"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get,list,update,watch", "apps,extensions", "deployments"},
            {"update", "apps,extensions", "deployments/status"},
            {"update", "apps,extensions", "deployments/finalizers"},
            {"create,delete,get,list,patch,update,watch", "apps,extensions", "replicasets"},
            {"get,list,update,watch", "core", "pods"},
            apiserver::records_events};
  }

  void watch(Watches& watches) override {
    watches_ = &watches;
    watches.informer<Deployment>().add_index(informer::index::by_namespace, informer::index::namespace_of);
    informer::Informer& sets = watches.informer<ReplicaSet>();
    sets.add_index(informer::index::by_controller, informer::index::controller_of);
    sets.add_index(informer::index::orphans, informer::index::orphan_of);
    watches.informer<corev1::Pod>().add_index(informer::index::by_controller, informer::index::controller_of);
    deployments_ = watches.watch_keys<Deployment>();
    sets_ = watches.watch<ReplicaSet>([this](const SetPtr& before, const SetPtr& after) { set_changed(before, after); });
    pods_ = watches.watch<corev1::Pod>([this](const PodPtr& before, const PodPtr& after) {
      if (before && (!after || is_terminal(*after))) pod_gone(*before);
    });
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    Observed observed;
    observed.deployment = deployments_.get(key);
    if (!observed.deployment) return {};
    const Result<api::LabelSelector> selector = selector_of(observed.deployment->spec.selector.get());
    if (!selector.ok()) return {};
    auto claims = claim_all(*observed.deployment, *selector, candidates_of(sets_, *observed.deployment));
    observed.replica_sets = std::move(claims.kept);
    if (observed.deployment->spec.strategy.type == appsv1::RecreateDeploymentStrategyType) find_running_pods(observed);
    if (claims.actions.empty()) return decide(observed, now);
    // What is adopted or released comes back as a change, and with it the key.
    Plan plan;
    plan.stage().actions = std::move(claims.actions);
    return plan;
  }

 private:
  void find_running_pods(Observed& observed) const {
    for (const SetPtr& set : observed.replica_sets) {
      const auto pods = pods_.by_index(informer::index::by_controller, set->metadata.uid);
      if (std::any_of(pods.begin(), pods.end(), [](const PodPtr& pod) { return !is_terminal(*pod); }))
        observed.with_running_pods.insert(set->metadata.uid.str());
    }
  }

  std::string owner_of(const ReplicaSet& set) const { return owner_key(deployments_, set.metadata.namespace_, informer::controller_ref(set)); }

  void set_changed(const SetPtr& before, const SetPtr& after) {
    for (const SetPtr& set : {before, after}) {
      if (!set) continue;
      if (const std::string key = owner_of(*set); !key.empty()) watches_->queue.add(key);
    }
    if (!is_offered(before.get(), after.get())) return;
    for (const auto& deployment : deployments_.by_index(informer::index::by_namespace, after->metadata.namespace_)) {
      const auto selector = selector_of(deployment->spec.selector.get());
      if (selector.ok() && !selector->everything() && matches(*selector, after->metadata.labels)) watches_->queue.add(object_key(*deployment));
    }
  }

  // A deployment that recreates waits for its old pods to go.
  void pod_gone(const corev1::Pod& pod) {
    const std::string set_key = owner_key(sets_, pod.metadata.namespace_, informer::controller_ref(pod));
    const SetPtr set = set_key.empty() ? nullptr : sets_.get(set_key);
    if (!set) return;
    const std::string key = owner_of(*set);
    const auto deployment = key.empty() ? nullptr : deployments_.get(key);
    if (deployment && deployment->spec.strategy.type == appsv1::RecreateDeploymentStrategyType) watches_->queue.add(key);
  }

  Watches* watches_ = nullptr;
  Lister<Deployment> deployments_;
  Lister<ReplicaSet> sets_;
  Lister<corev1::Pod> pods_;
};

const Registered<Controller> registered{"deployment-controller", [] { return std::make_unique<Deployments>(); }};

}  // namespace

}  // namespace plumb::controllers::deployment
