// The controller "ttl-after-finished-controller": deletes finished jobs, with what they own, spec.ttlSecondsAfterFinished after they ended.
#include "reference/api/types/batchv1.h"
#include "reference/controllers/framework/controller.h"

namespace plumb::controllers::ttlafterfinished {

namespace {

using JobPtr = std::shared_ptr<const batchv1::Job>;

// When the job is to go; nullopt for one that is not to, or not yet known to.
std::optional<WallTime> expires_at(const batchv1::Job& job) {
  if (!job.spec.ttlSecondsAfterFinished || job.metadata.deletionTimestamp) return std::nullopt;
  for (const batchv1::JobCondition& condition : job.status.conditions) {
    if ((condition.type != batchv1::JobComplete && condition.type != batchv1::JobFailed) || condition.status != corev1::ConditionTrue) continue;
    if (!condition.lastTransitionTime) return std::nullopt;
    return condition.lastTransitionTime.wall() + std::chrono::seconds(*job.spec.ttlSecondsAfterFinished);
  }
  return std::nullopt;
}

Plan remove(const batchv1::Job& job) {
  metav1::DeleteOptions options = informer::only_this(job);
  options.preconditions.ensure().resourceVersion = api::Opt<api::Str>(job.metadata.resourceVersion);
  options.propagationPolicy = api::Opt<api::Str>(metav1::DeletePropagationForeground);
  Plan plan;
  plan.act(informer::remove_request(informer::resource_of<batchv1::Job>(), job.metadata.namespace_, job.metadata.name, options)).accept = {"NotFound"};
  return plan;
}

// The time may have been prolonged, unseen by the cache yet: what is to be deleted is read anew.
Plan decide(const JobPtr& job, const Now& now) {
  Plan plan;
  const auto expires = job ? expires_at(*job) : std::nullopt;
  if (!expires) return plan;
  if (*expires > now.wall) {
    plan.come_again(*expires - now.wall);
    return plan;
  }
  plan.act(informer::get_request(informer::resource_of<batchv1::Job>(), job->metadata.namespace_, job->metadata.name)).accept = {"NotFound"};
  plan.then = [now](const Outcome& outcome) {
    Plan after;
    after.retry = outcome.failure;
    const auto& answer = outcome.answers.front().object;
    const JobPtr fresh = answer.ok() ? api::as<batchv1::Job>(*answer) : nullptr;
    const auto expires = fresh ? expires_at(*fresh) : std::nullopt;
    if (expires && *expires <= now.wall) return remove(*fresh);
    if (expires) after.come_again(*expires - now.wall);
    return after;
  };
  return plan;
}

class TtlAfterFinished final : public Controller {
 public:
  std::string component() const override { return "ttl-after-finished-controller"; }
  std::string queue_name() const override { return "ttl_jobs_to_delete"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"delete,get,list,watch", "batch", "jobs"},
            apiserver::records_events};
  }
  void watch(Watches& watches) override {
    jobs_ = watches.watch<batchv1::Job>([&queue = watches.queue](const JobPtr&, const JobPtr& after) {
      if (after && expires_at(*after)) queue.add(informer::object_key(*after));
    });
  }
  Plan reconcile(const std::string& key, const Now& now) override { return decide(jobs_.get(key), now); }

 private:
  informer::Lister<batchv1::Job> jobs_;
};

const Registered<Controller> registered{"ttl-after-finished-controller", [] { return std::make_unique<TtlAfterFinished>(); }};

}  // namespace

}  // namespace plumb::controllers::ttlafterfinished
