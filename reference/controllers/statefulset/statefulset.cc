// The controller "statefulset-controller".
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/controllers/framework/pod_changes.h"
#include "reference/controllers/framework/pods.h"
#include "reference/controllers/statefulset/decide.h"
#include "reference/controllers/statefulset/identity.h"

namespace plumb::controllers::statefulset {

namespace {

using appsv1::StatefulSet;
using informer::Lister;
using informer::object_key;
using SetPtr = std::shared_ptr<const StatefulSet>;

class StatefulSets final : public Controller {
 public:
  std::string component() const override { return "statefulset-controller"; }
  std::string queue_name() const override { return "statefulset"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get,list,watch", "apps", "statefulsets"},
            {"update", "apps", "statefulsets/status"},
            {"update", "apps", "statefulsets/finalizers"},
            {"list,watch", "core", "pods"},
            {"create,delete,get,patch,update", "core", "pods"},
            {"create,delete,get,list,patch,update,watch", "apps", "controllerrevisions"},
            {"create,get", "core", "persistentvolumeclaims"},
            {"delete,update", "core", "persistentvolumeclaims"},
            {"get,list,watch", "core", "persistentvolumeclaims"},
            apiserver::records_events};
  }

  void watch(Watches& watches) override {
    watches_ = &watches;
    watches.informer<StatefulSet>().add_index(informer::index::by_namespace, informer::index::namespace_of);
    for (informer::Informer* owned : {&watches.informer<corev1::Pod>(), &watches.informer<appsv1::ControllerRevision>()}) {
      owned->add_index(informer::index::by_controller, informer::index::controller_of);
      owned->add_index(informer::index::orphans, informer::index::orphan_of);
    }
    sets_ = watches.watch<StatefulSet>([this](const SetPtr& before, const SetPtr& after) { set_changed(before, after); });
    revisions_ = watches.watch<appsv1::ControllerRevision>([this](const RevisionPtr& before, const RevisionPtr& after) { revision_changed(before, after); });
    claims_ = watches.watch<corev1::PersistentVolumeClaim>([this](const ClaimPtr& before, const ClaimPtr& after) { claim_changed(after ? *after : *before); });
    pods_ = watches.watch<corev1::Pod>([this](const PodPtr& before, const PodPtr& after) { pod_changed(before, after); });
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    Observed observed;
    observed.set = sets_.get(key);
    if (!observed.set) {
      watches_->expectations.forget(key);
      return {};
    }
    if (!watches_->expectations.satisfied(key)) {
      Plan plan;
      plan.come_again(watches_->expectations.deadline(key) - now.steady + std::chrono::seconds(1));
      return plan;
    }
    const Result<api::LabelSelector> selector = selector_of(observed.set->spec.selector.get());
    if (!selector.ok()) return {};  // validation refuses it; nothing can be done about it here
    Claims<corev1::Pod> pods = claim_pods(*observed.set, *selector);
    Claims<appsv1::ControllerRevision> revisions = claim_revisions(*observed.set, *selector);
    if (!pods.actions.empty() || !revisions.actions.empty()) {
      // What is adopted or released comes back as a change, and with it the key.
      Plan plan;
      Stage& stage = plan.stage();
      stage.actions = std::move(pods.actions);
      for (Action& action : revisions.actions) stage.actions.push_back(std::move(action));
      return plan;
    }
    observed.pods = std::move(pods.kept);
    find_claims(observed);
    // A set that goes takes its revisions with it: none are made for it.
    if (observed.set->metadata.deletionTimestamp && revisions.kept.empty()) return {};
    return establish(observed.set, std::move(revisions.kept), [observed, now](const Revisions& found) { return decide(observed, found, now); });
  }

 private:
  Claims<corev1::Pod> claim_pods(const StatefulSet& set, const api::LabelSelector& selector) const {
    Claims<corev1::Pod> claims;
    for (const PodPtr& pod : candidates_of(pods_, set)) {
      if (!informer::controller_ref(*pod) && !is_member(set, *pod)) continue;
      const Claim stranger = set.metadata.deletionTimestamp ? Claim::ignore : Claim::release;
      switch (is_member(set, *pod) ? claim(set, selector, *pod) : stranger) {
        case Claim::ignore: break;
        case Claim::adopt: claims.actions.push_back(adopt(set, *pod)); break;
        case Claim::keep: claims.kept.push_back(pod); break;
        case Claim::release: claims.actions.push_back(release(set, *pod)); break;
      }
    }
    return claims;
  }

  // Revisions are adopted by their labels, and never let go of.
  Claims<appsv1::ControllerRevision> claim_revisions(const StatefulSet& set, const api::LabelSelector& selector) const {
    std::vector<RevisionPtr> candidates = candidates_of(revisions_, set);
    std::erase_if(candidates, [&](const RevisionPtr& revision) { return !matches(selector, revision->metadata.labels); });
    return claim_all(set, selector, candidates);
  }

  void find_claims(Observed& observed) const {
    const StatefulSet& set = *observed.set;
    if (set.spec.volumeClaimTemplates.empty()) return;
    const auto look = [&](std::int32_t ordinal) {
      for (const auto& claim_template : set.spec.volumeClaimTemplates) {
        const std::string name = claim_name(set, claim_template, ordinal);
        if (ClaimPtr claim = claims_.get(set.metadata.namespace_, name)) observed.claims.emplace(name, std::move(claim));
      }
    };
    for (std::int32_t i = 0; i < replicas_of(set); ++i) look(start_of(set) + i);
    for (const PodPtr& pod : observed.pods)
      if (const std::int32_t ordinal = ordinal_of(*pod); ordinal >= 0 && !in_range(set, ordinal)) look(ordinal);
  }

  void set_changed(const SetPtr& before, const SetPtr& after) {
    const std::string key = object_key(after ? *after : *before);
    if (!after || (before && before->metadata.uid != after->metadata.uid)) watches_->expectations.forget(key);
    watches_->queue.add(key);
  }

  std::string owner_of(const api::Object& object) const { return owner_key(sets_, object.metadata.namespace_, informer::controller_ref(object)); }

  // The set waits for revisions that it adopts; those that it makes have their owner from the first.
  void revision_changed(const RevisionPtr& before, const RevisionPtr& after) {
    if (!before || !after || informer::controller_ref(*before)) return;
    if (const std::string key = owner_of(*after); !key.empty()) watches_->queue.add(key);
  }

  void pod_changed(const PodPtr& before, const PodPtr& after) {
    note_pod_change(*watches_, before, after, [this](const corev1::Pod& pod) { return owner_of(pod); });
    if (is_offered(before.get(), after.get())) offer_orphan(*after);
  }

  // Only the set that the pod is named after may have it.
  void offer_orphan(const corev1::Pod& pod) {
    const std::string_view name = pod.metadata.name.view();
    const SetPtr set = sets_.get(pod.metadata.namespace_, name.substr(0, name.rfind('-')));
    if (set && is_member(*set, pod)) watches_->queue.add(object_key(*set));
  }

  // A claim is named after its template, its set and an ordinal, and each of the first two may hold dashes.
  void claim_changed(const corev1::PersistentVolumeClaim& claim) {
    const std::string_view name = claim.metadata.name.view();
    const std::size_t end = name.rfind('-');
    for (std::size_t dash = name.find('-'); dash < end; dash = name.find('-', dash + 1)) {
      const SetPtr set = sets_.get(claim.metadata.namespace_, name.substr(dash + 1, end - dash - 1));
      if (set && !set->spec.volumeClaimTemplates.empty()) watches_->queue.add(object_key(*set));
    }
  }

  Watches* watches_ = nullptr;
  Lister<StatefulSet> sets_;
  Lister<corev1::Pod> pods_;
  Lister<corev1::PersistentVolumeClaim> claims_;
  Lister<appsv1::ControllerRevision> revisions_;
};

const Registered<Controller> registered{"statefulset-controller", [] { return std::make_unique<StatefulSets>(); }};

}  // namespace

}  // namespace plumb::controllers::statefulset
