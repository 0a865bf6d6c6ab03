// pods/eviction: a deletion that a disruption budget may forbid.
#include <algorithm>

#include "reference/api/types/corev1.h"
#include "reference/api/types/policyv1.h"
#include "reference/apiserver/registry/registry.h"
#include "reference/resources/poddisruptionbudgets/disruption_allowed.h"
#include "reference/resources/shared/conditions.h"

namespace plumb::apiserver {
namespace {

using policyv1::PodDisruptionBudget;
using BudgetPtr = std::shared_ptr<const PodDisruptionBudget>;
using PodPtr = std::shared_ptr<const corev1::Pod>;

constexpr std::string_view violates_budget = "Cannot evict pod as it would violate the pod's disruption budget.";
constexpr std::size_t most_disrupted_pods = 2000;
constexpr int attempts_limit = 20;

void add_cause(metav1::Status& refused, std::string message) {
  metav1::StatusCause& cause = refused.details.ensure().causes.emplace_back();
  cause.reason = "DisruptionBudget";
  cause.message = message;
}

metav1::Status still_processed(std::string_view budget) {
  metav1::Status refused = status::too_many_requests(std::string(violates_budget), 10);
  add_cause(refused, "The disruption budget " + std::string(budget) + " is still being processed by the server.");
  return refused;
}

metav1::Status forbidden(const PodDisruptionBudget& budget, std::string_view why, std::string_view cause) {
  metav1::Status refused = status::forbidden({"policy", "poddisruptionbudget"}, budget.metadata.name, why);
  add_cause(refused, "The disruption budget " + budget.metadata.name.str() + " does not allow evicting pods currently: " + std::string(cause));
  return refused;
}

// Why a budget allows no disruption. Its numbers say nothing when they could not be found out.
std::string exhausted(const PodDisruptionBudget& budget) {
  const auto& status = budget.status;
  const metav1::Condition* condition = resources::find_condition(status.conditions, resources::disruption_allowed::type);
  const bool told = condition && condition->status == metav1::ConditionFalse && !condition->message.empty();
  const std::string name = "The disruption budget " + budget.metadata.name.str();
  if (told && condition->reason == resources::disruption_allowed::sync_failed)
    return name + " does not allow evicting pods currently because it failed sync: " + condition->message.str();
  if (status.currentHealthy <= status.desiredHealthy)
    return name + " needs " + std::to_string(status.desiredHealthy) + " healthy pods and has " + std::to_string(status.currentHealthy) + " currently";
  if (told) return name + " does not allow evicting pods currently (" + condition->reason.str() + "): " + condition->message.str();
  return name + " does not allow evicting pods currently";
}

// Takes one disruption from the budget, for that pod.
ApiResult<std::shared_ptr<api::Object>> take_disruption(const PodDisruptionBudget& current, std::string_view pod, WallTime now) {
  if (current.status.observedGeneration < current.metadata.generation) return still_processed(current.metadata.name);
  if (current.status.disruptionsAllowed < 0)
    return forbidden(current, "pdb disruptions allowed is negative", "pdb disruptions allowed is negative");
  if (current.status.disruptedPods.size() > most_disrupted_pods)
    return forbidden(current, "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
                     "too many pending evictions not confirmed by PDB controller");
  if (current.status.disruptionsAllowed == 0) {
    metav1::Status refused = status::too_many_requests(std::string(violates_budget), 0);
    add_cause(refused, exhausted(current));
    return refused;
  }
  auto next = std::make_shared<PodDisruptionBudget>(current);
  if (--next->status.disruptionsAllowed == 0) resources::set_disruption_allowed(next->status, now);
  next->status.disruptedPods.set(pod, api::Time::from(now));
  return std::shared_ptr<api::Object>(std::move(next));
}

// Whoever judges the end of the pod sees that it was not its own.
ApiResult<std::shared_ptr<api::Object>> mark_evicted(const corev1::Pod& current, WallTime now) {
  auto next = std::make_shared<corev1::Pod>(current);
  corev1::PodCondition condition;
  condition.type = corev1::DisruptionTarget;
  condition.status = metav1::ConditionTrue;
  condition.reason = "EvictionByEvictionAPI";
  condition.message = "Eviction API: evicting";
  resources::set_condition(next->status.conditions, std::move(condition), now);
  return std::shared_ptr<api::Object>(std::move(next));
}

bool is_going(const corev1::Pod& pod) {
  return pod.status.phase == corev1::PodSucceeded || pod.status.phase == corev1::PodFailed || pod.metadata.deletionTimestamp;
}
// Its disruption harms nobody: it does not serve yet, or no longer.
bool ignores_budgets(const corev1::Pod& pod) { return is_going(pod) || pod.status.phase == corev1::PodPending; }

bool is_ready(const corev1::Pod& pod) {
  const corev1::PodCondition* ready = resources::find_condition(pod.status.conditions, corev1::PodReady);
  return ready && ready->status == metav1::ConditionTrue;
}

bool pins_version(const metav1::DeleteOptions& options) { return options.preconditions && options.preconditions->resourceVersion; }

metav1::DeleteOptions pinned_to(metav1::DeleteOptions options, const metav1::ObjectMeta& metadata) {
  options.preconditions.ensure().resourceVersion = api::Opt<api::Str>(metadata.resourceVersion);
  return options;
}

std::optional<metav1::Status> check_eviction(const ObjectName& pod, const policyv1::Eviction& eviction) {
  if (eviction.metadata.name != pod.name) return status::bad_request("name in URL does not match name in Eviction object");
  if (!eviction.metadata.namespace_.empty() && eviction.metadata.namespace_ != pod.namespace_)
    return status::bad_request("the namespace of the provided object does not match the namespace sent on the request");
  if (!eviction.deleteOptions) return std::nullopt;
  if (eviction.deleteOptions->ignoreStoreReadErrorWithClusterBreakingPotential.value_or(false)) {
    resources::FieldErrors errors;
    errors.invalid(resources::FieldPath("deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential"), "true",
                   "can not be set for pod eviction, try after removing the option");
    return status::invalid("policy", "Eviction", pod.name, errors);
  }
  return check_delete_options(*eviction.deleteOptions);
}

// One eviction on its way; lives as long as a callback holds it.
class Eviction : public std::enable_shared_from_this<Eviction> {
 public:
  Eviction(Registry& registry, const RequestContext& context, ObjectName name, metav1::DeleteOptions options, Done<DeleteResult> done)
      : registry_(registry), context_(context), name_(std::move(name)), options_(std::move(options)), done_(std::move(done)) {
    if (!options_.dryRun.empty()) context_.dry_run = true;
  }

  // With a cache that has seen every budget and pod that was written before.
  void run() {
    registry_.cache().when_fresh([self = shared_from_this()](Status fresh) {
      fresh.ok() ? self->attempt() : self->done_(status::from_error(fresh.error()));
    });
  }

 private:
  static const Resource& pods() {
    static const Resource& found = *resources::find_by_type(corev1::Pod::info());
    return found;
  }

  void attempt() {
    const PodPtr pod = registry_.get<corev1::Pod>(name_.namespace_, name_.name);
    if (!pod) return done_(status::not_found({"", "pods"}, name_.name));
    if (ignores_budgets(*pod)) return skip_budgets(*pod);
    const std::vector<BudgetPtr> budgets = budgets_of(*pod);
    if (budgets.empty()) return end(options_, done_);
    if (budgets.size() > 1) return done_(several_budgets());
    const PodDisruptionBudget& budget = *budgets.front();
    is_ready(*pod) || !spares_unready(budget) ? ask(budget.metadata.name.str()) : end_unready(*pod, budget.metadata.name.str());
  }

  // A pod that may start to serve meanwhile is looked at again.
  void skip_budgets(const corev1::Pod& pod) {
    const bool pins = !is_going(pod) && !pins_version(options_);
    end(pins ? pinned_to(options_, pod.metadata) : options_, [self = shared_from_this(), pins](ApiResult<DeleteResult> ended) {
      const bool again = pins && !ended.ok() && ended.status().reason == metav1::StatusReasonConflict && ++self->attempts_ < attempts_limit;
      again ? self->run() : self->done_(std::move(ended));
    });
  }

  std::vector<BudgetPtr> budgets_of(const corev1::Pod& pod) const {
    std::vector<BudgetPtr> found;
    for (const api::ObjectPtr& each : registry_.list(PodDisruptionBudget::info(), name_.namespace_)) {
      BudgetPtr budget = api::as<PodDisruptionBudget>(each);
      if (resources::selects(*budget, pod.metadata.labels)) found.push_back(std::move(budget));
    }
    return found;
  }

  static metav1::Status several_budgets() {
    metav1::Status refused;
    refused.status = "Failure";
    refused.message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    refused.code = 500;
    return refused;
  }

  // A pod that is not ready is no loss, where its budget says so, or where enough others are.
  static bool spares_unready(const PodDisruptionBudget& budget) {
    if (budget.spec.unhealthyPodEvictionPolicy == policyv1::AlwaysAllow) return true;
    return budget.status.currentHealthy >= budget.status.desiredHealthy && budget.status.desiredHealthy > 0;
  }

  // Not if it has become ready since.
  void end_unready(const corev1::Pod& pod, std::string budget) {
    end(pinned_to(options_, pod.metadata), [self = shared_from_this(), budget](ApiResult<DeleteResult> ended) {
      const bool changed = !ended.ok() && ended.status().reason == metav1::StatusReasonConflict && !pins_version(self->options_);
      self->done_(changed ? still_processed(budget) : std::move(ended));
    });
  }

  void ask(const std::string& budget) {
    registry_.transform(
        context_, *resources::find_by_type(PodDisruptionBudget::info()), {name_.namespace_, budget}, "status",
        [pod = name_.name, &clock = registry_.clock()](const api::Object& current) {
          return take_disruption(static_cast<const PodDisruptionBudget&>(current), pod, clock.wall());
        },
        [self = shared_from_this(), budget](ApiResult<CachedPtr> taken) {
          if (taken.ok()) return self->end(self->options_, self->done_);
          const bool lost = taken.status().reason == metav1::StatusReasonConflict;
          self->done_(lost ? status::timeout("couldn't update PodDisruptionBudget \"" + budget + "\" due to conflicts", 10) : taken.status());
        });
  }

  // Marks the pod and deletes it.
  void end(metav1::DeleteOptions options, Done<DeleteResult> ended) {
    if (context_.dry_run) return registry_.remove(context_, pods(), name_, options, std::move(ended));
    registry_.transform(
        context_, pods(), name_, "status",
        [options, &clock = registry_.clock()](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
          if (auto failed = check_preconditions(options, current)) return std::move(*failed);
          return mark_evicted(static_cast<const corev1::Pod&>(current), clock.wall());
        },
        [self = shared_from_this(), options, ended](ApiResult<CachedPtr> marked) {
          if (!marked.ok()) return ended(marked.status());
          self->registry_.remove(self->context_, pods(), self->name_, pins_version(options) ? pinned_to(options, (**marked)->metadata) : options, ended);
        });
  }

  Registry& registry_;
  RequestContext context_;
  const ObjectName name_;
  const metav1::DeleteOptions options_;
  const Done<DeleteResult> done_;
  int attempts_ = 0;
};

}  // namespace

void Registry::evict(const RequestContext& context, const ObjectName& name, const api::Object& eviction, Done<DeleteResult> done) {
  const auto* typed = api::as<policyv1::Eviction>(eviction);
  const Resource* pods = resources::find_by_type(corev1::Pod::info());
  if (!typed || !pods) return done(status::bad_request("not an Eviction object"));
  if (auto refused = check_eviction(name, *typed)) return done(std::move(*refused));
  auto admitted = std::make_shared<policyv1::Eviction>(*typed);
  if (auto refused = admit_creation(context, *pods, name, "eviction", admitted.get())) return done(std::move(*refused));
  const metav1::DeleteOptions options = admitted->deleteOptions ? *admitted->deleteOptions : metav1::DeleteOptions();
  std::make_shared<Eviction>(*this, context, name, options, std::move(done))->run();
}

}  // namespace plumb::apiserver
