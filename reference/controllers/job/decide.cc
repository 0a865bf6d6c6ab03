#include "reference/controllers/job/decide.h"

#include "reference/controllers/framework/ownership.h"
#include "reference/controllers/framework/pods.h"
#include "reference/controllers/job/count.h"
#include "reference/controllers/job/job_metrics.h"
#include "reference/controllers/job/manage.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::job {

namespace {

using MemoryPtr = std::shared_ptr<Memory>;
using PassPtr = std::shared_ptr<Pass>;

std::string key_of(const Pass& pass) { return informer::object_key(*pass.job); }

// What was adopted just now looks as it will when the cache has caught up.
Pods with_adopted_tracked(Pods pods) {
  for (PodPtr& pod : pods) {
    if (informer::controller_ref(*pod) || is_tracked(*pod)) continue;
    auto adopted = std::make_shared<corev1::Pod>(*pod);
    adopted->metadata.finalizers.push_back(api::Str(tracking_finalizer));
    pod = std::move(adopted);
  }
  return pods;
}

void note_answers(Pass& pass, const Work& work, const Outcome& outcome) {
  pass.failure = outcome.failure;
  if (work.stages.empty()) return;
  const std::size_t count = work.stages.back().actions.size(), first = outcome.answers.size() - count;
  int created = 0, refused = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Answer& answer = outcome.answers[first + i];
    if (answer.sent && work.deleted.empty()) ++(answer.object.ok() ? created : refused);
    if (!answer.sent || (!answer.object.ok() && !informer::is_not_found(answer.object.error()))) continue;
    if (work.deleted.empty()) {
      pass.running += answer.object.ok();
      continue;
    }
    --pass.running;
    ++pass.terminating;
    pass.ready -= controllers::is_ready(*work.deleted[i]);
  }
  note_creations(pass, created, refused);
}

bool is_complete(const Pass& pass) {
  const auto& completions = pass.job->spec.completions;
  return pass.running == 0 && (completions ? pass.succeeded >= *completions : pass.succeeded > 0);
}

void settle_suspension(Pass& pass) {
  const bool suspended = is_suspended(*pass.job);
  const batchv1::JobCondition condition =
      suspended ? new_condition(batchv1::JobSuspended, "JobSuspended", "Job suspended", pass.now)
                : new_condition(batchv1::JobSuspended, "JobResumed", "Job resumed", pass.now, corev1::ConditionFalse);
  const bool changed = ensure_condition(*pass.next, condition);
  if (changed) pass.events.push_back({pass.job, informer::event_normal, suspended ? "Suspended" : "Resumed", condition.message.str()});
  // The time that a job may be active starts anew when it goes on.
  if (suspended) pass.next->status.startTime = {};
  if (changed && !suspended) pass.next->status.startTime = api::Time::from(pass.now.wall);
}

void settle_status(Pass& pass, bool managed) {
  if (pass.finished) {
    // There may be pods that the cache does not show yet, or that could not be deleted.
    if (pass.running > 0 || !pass.expectations_satisfied) pass.finished.reset();
  } else if (is_complete(pass)) {
    pass.finished = new_condition(batchv1::JobSuccessCriteriaMet, batchv1::JobReasonCompletionsReached, "Reached expected number of succeeded pods", pass.now);
  } else if (managed) {
    settle_suspension(pass);
  }
  pass.next->status.active = pass.running;
  pass.next->status.ready = pass.ready;
  pass.next->status.terminating = pass.terminating;
}

Plan ended(const Pass& pass, std::optional<Error> failure) {
  Plan plan;
  plan.retry = failure ? std::move(failure) : pass.failure;
  return plan;
}

// Writes the status where it differs from `before`, records what has happened, and goes on.
Plan write_status(const PassPtr& pass, const batchv1::JobStatus& before, const MemoryPtr& memory, std::function<Plan()> go_on) {
  Plan plan;
  const bool changed = !(pass->next->status == before);
  if (changed) plan.act(informer::update_status_request(api::clone(*pass->next)));
  plan.then = [=, written = pass->next->status, go_on = std::move(go_on)](const Outcome& outcome) {
    if (outcome.failure) return ended(*pass, outcome.failure);
    if (changed) {
      memory->writes().wrote(key_of(*pass), **outcome.answers.front().object, pass->now);
      note_status(*pass->job, before, written);
    }
    Plan after = go_on();
    after.events = std::move(pass->events);
    pass->events.clear();
    return after;
  };
  return plan;
}

Plan after_untracking(const PassPtr& pass, Counted counted, const MemoryPtr& memory, const Outcome& outcome) {
  for (std::size_t i = 0; i < counted.to_untrack.size(); ++i) {
    const std::string_view uid = counted.to_untrack[i]->metadata.uid;
    const auto& answer = outcome.answers[i].object;
    if (!answer.ok()) memory->untracked(key_of(*pass), uid);
    if (answer.ok() || informer::is_not_found(answer.error())) counted.tracked.erase(counted.tracked.find(uid));
  }
  const batchv1::JobStatus before = pass->next->status;
  settle(pass->next->status, counted.tracked);
  if (!outcome.failure && counted.is_everything) finish(*pass);
  return write_status(pass, before, memory, [pass, failure = outcome.failure] { return ended(*pass, failure); });
}

Plan untrack_all(const PassPtr& pass, Counted counted, const MemoryPtr& memory) {
  Plan plan;
  if (!counted.to_untrack.empty()) {
    memory->untracking(key_of(*pass), counted.to_untrack);
    Stage& stage = plan.stage();
    for (const PodPtr& pod : counted.to_untrack) stage.actions.push_back(untrack(*pod));
  }
  plan.then = [=, counted = std::move(counted)](const Outcome& outcome) { return after_untracking(pass, counted, memory, outcome); };
  return plan;
}

Plan account(const PassPtr& pass, bool managed, const MemoryPtr& memory) {
  settle_status(*pass, managed);
  Counted counted = count(*pass);
  return write_status(pass, pass->job->status, memory, [=, counted = std::move(counted)] {
    memory->remember(key_of(*pass), pass->backoff);
    return untrack_all(pass, counted, memory);
  });
}

std::optional<Duration> time_left(const Pass& pass) {
  const auto& seconds = pass.job->spec.activeDeadlineSeconds;
  const api::Time& start = pass.next->status.startTime;
  if (!seconds || !start || is_suspended(*pass.job)) return std::nullopt;
  return start.wall() + std::chrono::seconds(*seconds) - pass.now.wall;
}

Plan work_on(const PassPtr& pass, const MemoryPtr& memory) {
  Plan plan;
  pass->finished = verdict(*pass);
  const bool managed = !pass->finished && pass->expectations_satisfied && !pass->job->metadata.deletionTimestamp;
  Work work = pass->finished ? delete_active(*pass) : managed ? manage(*pass) : Work();
  if (work.again_after) plan.come_again(*work.again_after);
  if (const auto left = time_left(*pass); left && !pass->finished) plan.come_again(*left);
  plan.stages = work.stages;
  const Did did = !managed ? Did::reconciling : work.stages.empty() ? Did::tracking : work.deleted.empty() ? Did::created : Did::deleted;
  plan.finished = [job = pass->job, did](bool well, Duration took) { note_sync(*job, did, well, took); };
  plan.then = [=, work = std::move(work)](const Outcome& outcome) {
    note_answers(*pass, work, outcome);
    return account(pass, managed, memory);
  };
  return plan;
}

}  // namespace

Plan decide(const JobPtr& job, Observed observed, const std::shared_ptr<Memory>& memory, const Now& now) {
  const Result<api::LabelSelector> selector = selector_of(job->spec.selector.get());
  if (!selector.ok()) return {};  // validation refuses it; nothing can be done about it here
  auto claims = claim_all(*job, *selector, observed.candidates, tracking_finalizer);
  const PassPtr pass = observe(job, with_adopted_tracked(std::move(claims.kept)), std::move(observed), now);
  if (claims.actions.empty()) return work_on(pass, memory);
  Plan plan;
  plan.stage().actions = std::move(claims.actions);
  plan.then = [=](const Outcome& outcome) { return outcome.failure ? ended(*pass, outcome.failure) : work_on(pass, memory); };
  return plan;
}

namespace {

// Nobody may have adopted the pod in the meantime: a job relies on the finalizers of its pods.
Action untrack_as_seen(const corev1::Pod& pod) {
  Action action = untrack(pod);
  action.request.patch.insert(action.request.patch.find("\"uid\""), "\"resourceVersion\":\"" + pod.metadata.resourceVersion.str() + "\",");
  return action;
}

}  // namespace

Plan release_orphan(const PodPtr& pod, const JobPtr& job) {
  Plan plan;
  const metav1::OwnerReference* owner = informer::controller_ref(*pod);
  if (!is_tracked(*pod) || (owner && (owner->kind != batchv1::Job::info().name || owner->apiVersion != api::api_version(batchv1::Job::info())))) return plan;
  if (job && (is_managed_elsewhere(*job) || still_counts(*job, *pod))) return plan;
  if (!owner || job) {
    plan.stage().actions.push_back(untrack_as_seen(*pod));
    return plan;
  }
  plan.act(informer::get_request(informer::resource_of<batchv1::Job>(), pod->metadata.namespace_, owner->name)).accept = {"NotFound"};
  plan.then = [pod, uid = owner->uid](const Outcome& outcome) {
    Plan after;
    after.retry = outcome.failure;
    if (outcome.failure) return after;
    const auto& answer = outcome.answers.front().object;
    const bool exists = answer.ok() && (*answer)->metadata.uid == uid;
    if (!exists) after.stage().actions.push_back(untrack_as_seen(*pod));
    return after;
  };
  return plan;
}

}  // namespace plumb::controllers::job
