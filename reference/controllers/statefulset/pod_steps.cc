#include "reference/controllers/statefulset/pod_steps.h"

#include "reference/informer/event_recorder.h"

namespace plumb::controllers::statefulset {

using informer::event_normal;
using informer::event_warning;

namespace {

// Reasons outlive the events that name them.
std::string_view reason(bool success, std::string_view verb) {
  if (verb == "create") return success ? "SuccessfulCreate" : "FailedCreate";
  if (verb == "update") return success ? "SuccessfulUpdate" : "FailedUpdate";
  return success ? "SuccessfulDelete" : "FailedDelete";
}

}  // namespace

Event PodSteps::event(std::string_view type, std::string_view reason, std::string message) const { return {set_, type, std::string(reason), std::move(message)}; }

Event PodSteps::pod_event(std::string_view verb, std::string_view pod) const {
  return event(event_normal, reason(true, verb),
               std::string(verb) + " Pod " + std::string(pod) + " in StatefulSet " + set_->metadata.name.str() + " successful");
}

Event PodSteps::pod_failure(std::string_view verb, std::string_view pod, std::string_view why) const {
  return event(event_warning, reason(false, verb),
               std::string(verb) + " Pod " + std::string(pod) + " in StatefulSet " + set_->metadata.name.str() + " failed error: " + std::string(why));
}

PodSteps::Step& PodSteps::add(Does does, std::string_view pod) {
  Step& step = steps_.emplace_back();
  step.does = does;
  step.pod = pod;
  step.claims_from = open_claims_;
  step.claims_to = open_claims_ = claims_.size();
  return step;
}

void PodSteps::close() {
  if (open_claims_ != claims_.size()) add(Does::nothing, {});
}

void PodSteps::create_claim(std::shared_ptr<corev1::PersistentVolumeClaim> claim, std::string_view pod) {
  const std::string subject = " Claim " + claim->metadata.name.str(), home = "Pod " + std::string(pod) + " in StatefulSet " + set_->metadata.name.str();
  claim_names_.push_back(claim->metadata.name.str());
  Action& action = claims_.emplace_back();
  action.request = informer::create_request(std::move(claim));
  action.on_success = event(event_normal, "SuccessfulCreate", "create" + subject + " " + home + " success");
  action.on_failure = event(event_warning, "FailedCreate", "create" + subject + " for " + home + " failed error: {}");
  action.accept = {"AlreadyExists"};
}

void PodSteps::update_claim(std::shared_ptr<corev1::PersistentVolumeClaim> claim) {
  claim_names_.push_back(claim->metadata.name.str());
  claims_.emplace_back().request = informer::update_request(std::move(claim));
}

void PodSteps::create(std::shared_ptr<corev1::Pod> pod) {
  Step& step = add(Does::create, pod->metadata.name);
  step.action.on_success = pod_event("create", step.pod);
  step.action.on_failure = pod_failure("create", step.pod, "{}");
  // A pod of that name that the cache does not show, or that is somebody else's: no event, but another attempt.
  step.action.accept = {"AlreadyExists"};
  step.action.request = informer::create_request(std::move(pod));
}

void PodSteps::update(std::shared_ptr<corev1::Pod> pod) {
  Step& step = add(Does::update, pod->metadata.name);
  step.action.on_success = pod_event("update", step.pod);
  step.action.on_failure = pod_failure("update", step.pod, "{}");
  step.action.request = informer::update_request(std::move(pod));
}

void PodSteps::remove(const corev1::Pod& pod, bool for_update) {
  Step& step = add(Does::remove, pod.metadata.name);
  step.for_update = for_update;
  step.action.on_success = pod_event("delete", step.pod);
  step.action.on_failure = pod_failure("delete", step.pod, "{}");
  step.action.accept = {"NotFound"};
  step.action.request =
      informer::remove_request(informer::resource_of<corev1::Pod>(), pod.metadata.namespace_, pod.metadata.name, informer::only_this(pod));
}

void PodSteps::cannot_create(std::string_view pod, const std::string& why) {
  events_.push_back(pod_failure("create", pod, why));
  if (!failure_) failure_ = fail(Code::unavailable, why);
}

// The steps while they are being carried out.
struct PodSteps::Run : std::enable_shared_from_this<PodSteps::Run> {
  Run(PodSteps steps, std::function<Plan(const Done&)> finish) : steps(std::move(steps)), finish(std::move(finish)) {}

  Plan claims() {
    if (steps.claims_.empty()) return pods({});
    Plan plan;
    Stage& stage = plan.stage();
    stage.slow_start = true;
    stage.actions = std::move(steps.claims_);
    plan.then = [self = shared_from_this()](const Outcome& outcome) {
      if (outcome.failure && !self->steps.failure_) self->steps.failure_ = outcome.failure;
      return self->pods(outcome.answers);
    };
    plan.events = std::exchange(steps.events_, {});
    return plan;
  }

  // The pods whose claims are there.
  Plan pods(const std::vector<Answer>& claim_answers) {
    Plan plan;
    plan.events = std::move(steps.events_);
    Stage stage;
    stage.slow_start = true;
    for (Step& step : steps.steps_) {
      if (step.does == Does::nothing) continue;
      if (const std::optional<std::string> why = refused_claim(step, claim_answers)) {
        if (step.does == Does::create && !why->empty()) plan.events.push_back(steps.pod_failure("create", step.pod, *why));
        continue;
      }
      if (step.does != Does::update) stage.expect_for = informer::object_key(*steps.set_);
      sent.push_back(&step);
      stage.actions.push_back(std::move(step.action));
    }
    if (stage.actions.empty()) return followed(std::move(plan), {});
    plan.stages.push_back(std::move(stage));
    plan.then = [self = shared_from_this()](const Outcome& outcome) { return self->followed({}, outcome); };
    return plan;
  }

  // Why a claim of the step could not be made or changed; "" for one that was not tried, after others failed.
  std::optional<std::string> refused_claim(const Step& step, const std::vector<Answer>& answers) const {
    for (std::size_t i = step.claims_from; i < step.claims_to && i < answers.size(); ++i) {
      if (!answers[i].sent) return "";
      if (answers[i].object.ok() || informer::is_already_exists(answers[i].object.error())) continue;
      return "failed to create PVC " + steps.claim_names_[i] + ": " + answers[i].object.error().message;
    }
    return std::nullopt;
  }

  Plan followed(Plan first, const Outcome& outcome) {
    Done done;
    done.failure = steps.failure_ ? steps.failure_ : outcome.failure;
    for (std::size_t i = 0; i < outcome.answers.size(); ++i) {
      const Answer& answer = outcome.answers[i];
      if (answer.object.ok()) done.removed_for_update += answer.sent && sent[i]->for_update;
      else if (informer::is_already_exists(answer.object.error()) && !done.failure) done.failure = answer.object.error();
    }
    Plan last = finish(done);
    last.events.insert(last.events.begin(), first.events.begin(), first.events.end());
    return last;
  }

  PodSteps steps;
  const std::function<Plan(const Done&)> finish;
  std::vector<const Step*> sent;
};

Plan PodSteps::plan(std::function<Plan(const Done&)> finish) && {
  return std::make_shared<Run>(std::move(*this), std::move(finish))->claims();
}

}  // namespace plumb::controllers::statefulset
