// The controller "job-controller": runs pods until enough of them have succeeded.
// Keys: "<namespace>/<name>" of a job; "orphan:<namespace>/<name>" of a pod that carries the tracking finalizer and that no job will count.
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/controllers/framework/pod_changes.h"
#include "reference/controllers/job/decide.h"
#include "reference/controllers/job/job_metrics.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::job {

namespace {

using informer::object_key;

constexpr std::string_view orphan_prefix = "orphan:";

bool is_mode_known(const batchv1::Job& job) {
  return !job.spec.completionMode || *job.spec.completionMode == batchv1::NonIndexedCompletion || is_indexed(job);
}

class Jobs final : public Controller {
 public:
  std::string component() const override { return "job-controller"; }
  std::string queue_name() const override { return "job"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get,list,patch,update,watch", "batch", "jobs"},
            {"update", "batch", "jobs/status"},
            {"update", "batch", "jobs/finalizers"},
            {"create,delete,list,patch,watch", "core", "pods"},
            apiserver::records_events};
  }

  void watch(Watches& watches) override {
    watches_ = &watches;
    informer::Informer& pods = watches.informer<corev1::Pod>();
    pods.add_index(informer::index::by_controller, informer::index::controller_of);
    pods.add_index(informer::index::orphans, informer::index::orphan_of);
    pods_ = watches.lister<corev1::Pod>();
    informer::Informer& jobs = watches.informer<batchv1::Job>();
    jobs.add_index(informer::index::by_namespace, informer::index::namespace_of);
    jobs_ = watches.lister<batchv1::Job>();
    watches.watch<batchv1::Job>([this](const JobPtr& before, const JobPtr& after) { job_changed(before, after); });
    watches.watch<corev1::Pod>([this](const PodPtr& before, const PodPtr& after) { pod_changed(before, after); });
  }

  Plan reconcile(const std::string& key, const Now& now) override {
    if (key.starts_with(orphan_prefix)) return reconcile_orphan(key.substr(orphan_prefix.size()));
    const JobPtr job = jobs_.get(key);
    if (!job || is_finished(*job)) {
      watches_->expectations.forget(key);
      memory_->forget(key);
      return {};
    }
    if (is_managed_elsewhere(*job)) return {};
    Plan plan;
    if (!is_mode_known(*job)) {
      plan.record(job, informer::event_warning, "UnknownCompletionMode", "Skipped Job sync because completion mode is unknown");
      return plan;
    }
    if (const auto wait = memory_->writes().awaited(key, *job, now)) {
      plan.come_again(*wait);
      return plan;
    }
    Observed observed = observe(key, *job);
    const bool satisfied = observed.expectations_satisfied;
    plan = decide(job, std::move(observed), memory_, now);
    if (!satisfied) plan.come_again(watches_->expectations.deadline(key) - now.steady + std::chrono::seconds(1));
    return plan;
  }

 private:
  // What was asked for and not seen yet is read before the caches: a change that arrives in between is then in both, not in none.
  Observed observe(const std::string& key, const batchv1::Job& job) const {
    Observed observed;
    observed.expectations_satisfied = watches_->expectations.satisfied(key);
    observed.in_flight = memory_->in_flight(key);
    observed.backoff = memory_->backoff(key);
    observed.candidates = candidates_of(pods_, job);
    return observed;
  }

  Plan reconcile_orphan(const std::string& key) const {
    const PodPtr pod = pods_.get(key);
    return pod ? release_orphan(pod, jobs_.get(owner_of(*pod))) : Plan();
  }

  void job_changed(const JobPtr& before, const JobPtr& after) {
    const std::string key = object_key(after ? *after : *before);
    if (before && (!after || before->metadata.uid != after->metadata.uid)) {
      watches_->expectations.forget(key);
      memory_->forget(key);
      release_pods(*before);
    }
    if (after && (is_finished(*after) || after->metadata.deletionTimestamp)) release_pods(*after);
    watches_->queue.add(key);
  }

  void release_pods(const batchv1::Job& job) {
    for (const PodPtr& pod : pods_.by_index(informer::index::by_controller, job.metadata.uid))
      if (is_tracked(*pod)) queue_orphan(*pod);
  }

  void pod_changed(const PodPtr& before, const PodPtr& after) {
    note_tracked(before.get(), after.get());
    const std::string key = owner_of(after ? *after : *before), previous = before ? owner_of(*before) : std::string();
    // Before the key can be worked on.
    if (!key.empty() && (!after || !is_tracked(*after))) memory_->untracked(key, (after ? after : before)->metadata.uid);
    if (!previous.empty() && previous != key) memory_->untracked(previous, before->metadata.uid);
    note_pod_change(*watches_, before, after, [this](const corev1::Pod& pod) { return owner_of(pod); });
    if (after && is_tracked(*after) && is_left_alone(*after, key)) queue_orphan(*after);
    if (is_offered(before.get(), after.get())) offer_orphan(*after);
  }

  // Nobody controls it; or it goes, and its job is not there any more or counts it no longer.
  bool is_left_alone(const corev1::Pod& pod, const std::string& owner) const {
    if (!informer::controller_ref(pod)) return true;
    if (!pod.metadata.deletionTimestamp) return false;
    const JobPtr job = jobs_.get(owner);
    return !job || !still_counts(*job, pod);
  }

  void queue_orphan(const corev1::Pod& pod) { watches_->queue.add(std::string(orphan_prefix) + object_key(pod)); }

  std::string owner_of(const corev1::Pod& pod) const { return owner_key(jobs_, pod.metadata.namespace_, informer::controller_ref(pod)); }

  void offer_orphan(const corev1::Pod& pod) {
    for (const JobPtr& job : jobs_.by_index(informer::index::by_namespace, pod.metadata.namespace_))
      if (selects(*job, pod)) watches_->queue.add(object_key(*job));
  }

  Watches* watches_ = nullptr;
  informer::Lister<batchv1::Job> jobs_;
  informer::Lister<corev1::Pod> pods_;
  const std::shared_ptr<Memory> memory_ = std::make_shared<Memory>();
};

const Registered<Controller> registered{"job-controller", [] { return std::make_unique<Jobs>(); }};

}  // namespace

}  // namespace plumb::controllers::job
