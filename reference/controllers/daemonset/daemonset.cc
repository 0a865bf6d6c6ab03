// The controller "daemonset-controller".
#include "reference/controllers/daemonset/decide.h"
#include "reference/controllers/daemonset/placement.h"
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/controllers/framework/pod_changes.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::daemonset {

namespace {

using appsv1::DaemonSet;
using informer::Lister;
using informer::object_key;
using SetPtr = std::shared_ptr<const DaemonSet>;

bool selects(const DaemonSet& set, const api::Map<api::Str>& labels) {
  const auto selector = selector_of(set.spec.selector.get());
  return selector.ok() && !selector->everything() && matches(*selector, labels);
}

bool same(const Verdict& a, const Verdict& b) { return a.run == b.run && a.stay == b.stay; }

class DaemonSets final : public Controller {
 public:
  std::string component() const override { return "daemonset-controller"; }
  std::string account() const override { return "daemon-set-controller"; }
  std::string queue_name() const override { return "daemonset"; }
  int workers() const override { return 2; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get,list,watch", "apps,extensions", "daemonsets"},
            {"update", "apps,extensions", "daemonsets/status"},
            {"update", "apps,extensions", "daemonsets/finalizers"},
            {"list,watch", "core", "nodes"},
            {"create,delete,list,patch,watch", "core", "pods"},
            {"create", "core", "pods/binding"},
            {"create,delete,get,list,patch,update,watch", "apps", "controllerrevisions"},
            apiserver::records_events};
  }

  void watch(Watches& watches) override {
    watches_ = &watches;
    watches.informer<DaemonSet>().add_index(informer::index::by_namespace, informer::index::namespace_of);
    for (informer::Informer* owned : {&watches.informer<corev1::Pod>(), &watches.informer<appsv1::ControllerRevision>()}) {
      owned->add_index(informer::index::by_controller, informer::index::controller_of);
      owned->add_index(informer::index::orphans, informer::index::orphan_of);
    }
    sets_ = watches.watch<DaemonSet>([this](const SetPtr& before, const SetPtr& after) { set_changed(before, after); });
    nodes_ = watches.watch<corev1::Node>([this](const NodePtr& before, const NodePtr& after) { node_changed(before.get(), after.get()); });
    revisions_ = watches.watch<appsv1::ControllerRevision>([this](const RevisionPtr& before, const RevisionPtr& after) {
      if (matters(before.get(), after.get())) owned_changed(before.get(), after.get());
    });
    pods_ = watches.watch<corev1::Pod>([this](const PodPtr& before, const PodPtr& after) {
      pod_expected(before.get(), after.get());
      owned_changed(before.get(), after.get());
    });
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    Observed observed;
    observed.set = sets_.get(key);
    if (!observed.set) {
      watches_->expectations.forget(key);
      return {};
    }
    const DaemonSet& set = *observed.set;
    const Result<api::LabelSelector> selector = selector_of(set.spec.selector.get());
    if (!selector.ok()) return {};  // validation refuses it; nothing can be done about it here
    if (selector->everything()) return selects_all(observed.set);
    // Its pods and revisions are the garbage collector's business now.
    if (set.metadata.deletionTimestamp) return {};
    // Asked before the caches are read: a pod that arrives in between is then seen, not made twice.
    observed.expectations_satisfied = watches_->expectations.satisfied(key);
    Claims<corev1::Pod> pods = claim_from(pods_, set, *selector);
    Claims<appsv1::ControllerRevision> revisions = claim_from(revisions_, set, *selector);
    if (!pods.actions.empty() || !revisions.actions.empty()) {
      // What is adopted or released comes back as a change, and with it the key.
      Plan plan;
      Stage& stage = plan.stage();
      stage.actions = std::move(pods.actions);
      for (Action& action : revisions.actions) stage.actions.push_back(std::move(action));
      return plan;
    }
    observed.pods = std::move(pods.kept);
    observed.nodes = nodes_.list();
    Plan plan = establish(observed.set, revisions.kept, observed.pods,
                          [this, observed, now](const History& history) { return act(observed, history, now); });
    if (!observed.expectations_satisfied) plan.come_again(watches_->expectations.deadline(key) - now.steady + std::chrono::seconds(1));
    return plan;
  }

 private:
  Plan act(const Observed& observed, const History& history, const Now& now) {
    Decision decision = decide(observed, history, failures_, now);
    const DaemonSet& set = *observed.set;
    for (const std::string& node : decision.failed_on) failures_.failed(set.metadata.uid, set.status.observedGeneration, node, now.steady);
    return std::move(decision.plan);
  }

  static Plan selects_all(const SetPtr& set) {
    Plan plan;
    plan.record(set, informer::event_warning, "SelectingAll", "This daemon set is selecting all pods. A non-empty selector is required.");
    return plan;
  }

  template <class T>
  static Claims<T> claim_from(const Lister<T>& owned, const DaemonSet& set, const api::LabelSelector& selector) {
    return claim_all(set, selector, candidates_of(owned, set));
  }

  void set_changed(const SetPtr& before, const SetPtr& after) {
    const std::string key = object_key(after ? *after : *before);
    if (before && (!after || before->metadata.uid != after->metadata.uid)) {
      watches_->expectations.forget(key);
      failures_.forget(before->metadata.uid);
    }
    watches_->queue.add(key);
  }

  // Only what decides about placement matters: most changes of nodes are reports of their kubelets.
  void node_changed(const corev1::Node* before, const corev1::Node* after) {
    if (before && after && before->metadata.labels == after->metadata.labels && before->spec.taints == after->spec.taints) return;
    for (const SetPtr& set : sets_.list()) {
      const Placement placement(*set);
      const Verdict was = before ? placement.on(*before) : Verdict(), is = after ? placement.on(*after) : Verdict();
      if (!same(was, is)) watches_->queue.add(object_key(*set));
    }
  }

  std::string owner_of(const api::Object& object) const { return owner_key(sets_, object.metadata.namespace_, informer::controller_ref(object)); }

  // Not a new revision that has its owner, as the controller makes them, and not a label that nobody selects by.
  bool matters(const appsv1::ControllerRevision* before, const appsv1::ControllerRevision* after) const {
    if (!after) return true;
    if (!before) return informer::controller_ref(*after) == nullptr;
    const std::string key = owner_of(*after);
    const SetPtr set = key.empty() ? nullptr : sets_.get(key);
    if (!set || owner_of(*before) != key || after->metadata.deletionTimestamp) return true;
    return before->revision != after->revision || before->metadata.labels.get(revision_hash_label) != after->metadata.labels.get(revision_hash_label) ||
           selects(*set, before->metadata.labels) != selects(*set, after->metadata.labels);
  }

  void pod_expected(const corev1::Pod* before, const corev1::Pod* after) {
    if (const std::string key = owner_of(after ? *after : *before); !key.empty()) note_expected(*watches_, key, before, after);
  }

  void owned_changed(const api::Object* before, const api::Object* after) {
    for (const api::Object* object : {before, after}) {
      if (!object) continue;
      if (const std::string key = owner_of(*object); !key.empty()) watches_->queue.add(key);
    }
    if (!is_offered(before, after)) return;
    for (const SetPtr& set : sets_.by_index(informer::index::by_namespace, after->metadata.namespace_))
      if (selects(*set, after->metadata.labels)) watches_->queue.add(object_key(*set));
  }

  Watches* watches_ = nullptr;
  Lister<DaemonSet> sets_;
  Lister<corev1::Node> nodes_;
  Lister<corev1::Pod> pods_;
  Lister<appsv1::ControllerRevision> revisions_;
  FailedPods failures_;
};

const Registered<Controller> registered{"daemonset-controller", [] { return std::make_unique<DaemonSets>(); }};

}  // namespace

}  // namespace plumb::controllers::daemonset
