// Subresources whose bodies are not the object: binding, eviction, token.
#include "reference/api/types/corev1.h"
#include "reference/api/types/policyv1.h"
#include "reference/apiserver/registry/registry.h"

namespace plumb::apiserver {
namespace {

constexpr GroupResource pods_binding{"", "pods/binding"};
constexpr std::string_view violates_budget = "Cannot evict pod as it would violate the pod's disruption budget.";

void set_condition(api::List<corev1::PodCondition>& conditions, std::string_view type, std::string_view reason, std::string_view message, WallTime now) {
  corev1::PodCondition* at = nullptr;
  for (corev1::PodCondition& each : conditions)
    if (each.type == type) at = &each;
  if (!at) at = &conditions.emplace_back();
  if (at->status != metav1::ConditionTrue) at->lastTransitionTime = api::Time::from(now);
  at->type = type;
  at->status = metav1::ConditionTrue;
  at->reason = reason;
  at->message = message;
}

std::optional<metav1::Status> check_binding(const ObjectName& pod, const corev1::Binding& binding) {
  resources::FieldErrors errors;
  const resources::FieldPath target("target");
  if (!binding.target.kind.empty() && binding.target.kind != "Node")
    errors.not_supported(target.child("kind"), resources::FieldErrors::quoted(binding.target.kind), {"Node", "<empty>"});
  if (binding.target.name.empty()) errors.required(target.child("name"));
  if (!errors.empty()) return status::invalid("", "Binding", pod.name, errors);
  if (!binding.metadata.name.empty() && binding.metadata.name != pod.name)
    return status::bad_request("the name of the binding does not match the name of the pod on the URL");
  return std::nullopt;
}

ApiResult<std::shared_ptr<api::Object>> assign(const corev1::Pod& current, const corev1::Binding& binding, WallTime now) {
  const std::string& name = current.metadata.name.str();
  if (current.metadata.deletionTimestamp) return status::conflict(pods_binding, name, "pod " + name + " is being deleted, cannot be assigned to a host");
  if (!current.spec.nodeName.empty())
    return status::conflict(pods_binding, name, "pod " + name + " is already assigned to node \"" + current.spec.nodeName.str() + "\"");
  if (!current.spec.schedulingGates.empty()) return status::conflict(pods_binding, name, "pod " + name + " has non-empty .spec.schedulingGates");
  auto next = std::make_shared<corev1::Pod>(current);
  if (!binding.metadata.uid.empty()) next->metadata.uid = binding.metadata.uid;
  next->metadata.resourceVersion = binding.metadata.resourceVersion;
  next->spec.nodeName = binding.target.name;
  next->status.nominatedNodeName.reset();  // it waits for room no more
  for (const auto& [key, value] : binding.metadata.annotations) next->metadata.annotations.set(key, value);
  set_condition(next->status.conditions, corev1::PodScheduled, "", "", now);
  return std::shared_ptr<api::Object>(std::move(next));
}

metav1::Status budget_refuses(std::string message, int retry_after_seconds) {
  metav1::Status refused = status::too_many_requests(std::string(violates_budget), retry_after_seconds);
  metav1::StatusCause& cause = refused.details.ensure().causes.emplace_back();
  cause.reason = "DisruptionBudget";
  cause.message = message;
  return refused;
}

bool selects(const policyv1::PodDisruptionBudget& budget, const corev1::Pod& pod) {
  if (!budget.spec.selector) return false;
  std::vector<api::LabelRequirement> requirements;
  const auto add = [&](const api::Str& key, api::SelectorOperator op, std::vector<std::string> values) {
    auto made = api::LabelRequirement::make(key.str(), op, std::move(values));
    if (made.ok()) requirements.push_back(std::move(*made));
    return made.ok();
  };
  for (const auto& [key, value] : budget.spec.selector->matchLabels)
    if (!add(key, api::SelectorOperator::in, {value.str()})) return false;
  for (const auto& expression : budget.spec.selector->matchExpressions) {
    std::vector<std::string> values;
    for (const api::Str& value : expression.values) values.push_back(value.str());
    const auto op = expression.operator_ == metav1::LabelSelectorOpIn       ? api::SelectorOperator::in
                    : expression.operator_ == metav1::LabelSelectorOpNotIn  ? api::SelectorOperator::not_in
                    : expression.operator_ == metav1::LabelSelectorOpExists ? api::SelectorOperator::exists
                                                                            : api::SelectorOperator::does_not_exist;
    if (!add(expression.key, op, std::move(values))) return false;
  }
  return api::LabelSelector(std::move(requirements)).matches([&](std::string_view key) -> std::optional<std::string_view> {
    const api::Str* value = pod.metadata.labels.find(key);
    return value ? std::optional(value->view()) : std::nullopt;
  });
}

ApiResult<std::shared_ptr<api::Object>> mark_evicted(const corev1::Pod& current, WallTime now) {
  auto next = std::make_shared<corev1::Pod>(current);
  set_condition(next->status.conditions, corev1::DisruptionTarget, "EvictionByEvictionAPI", "Eviction API: evicting", now);
  return std::shared_ptr<api::Object>(std::move(next));
}

// Takes one disruption from the budget.
ApiResult<std::shared_ptr<api::Object>> take_disruption(const policyv1::PodDisruptionBudget& current, std::string_view pod, WallTime now) {
  const std::string name = current.metadata.name.str();
  if (current.status.observedGeneration < current.metadata.generation)
    return budget_refuses("The disruption budget " + name + " is still being processed by the server.", 10);
  if (current.status.disruptionsAllowed <= 0)
    return budget_refuses("The disruption budget " + name + " needs " + std::to_string(current.status.desiredHealthy) + " healthy pods and has " +
                              std::to_string(current.status.currentHealthy) + " currently", 0);
  auto next = std::make_shared<policyv1::PodDisruptionBudget>(current);
  --next->status.disruptionsAllowed;
  next->status.disruptedPods.set(pod, api::Time::from(now));
  return std::shared_ptr<api::Object>(std::move(next));
}

}  // namespace

void Registry::extend(TokenIssuer* tokens, std::map<std::string, VirtualResource*> virtual_resources) {
  tokens_ = tokens;
  virtual_resources_ = std::move(virtual_resources);
}

void Registry::bind(const RequestContext& context, const ObjectName& pod, const api::Object& binding, Done<CachedPtr> done) {
  const auto* typed = api::as<corev1::Binding>(binding);
  const Resource* pods = resources::find_by_type(corev1::Pod::info());
  if (!typed || !pods) return done(status::bad_request("not a Binding object"));
  if (auto refused = check_binding(pod, *typed)) return done(std::move(*refused));
  transform(context, *pods, pod, "binding",
            [binding = *typed, this](const api::Object& current) { return assign(static_cast<const corev1::Pod&>(current), binding, options_.clock->wall()); },
            std::move(done));
}

void Registry::evict(const RequestContext& context, const ObjectName& name, const api::Object& eviction, Done<DeleteResult> done) {
  const auto* typed = api::as<policyv1::Eviction>(eviction);
  const Resource* pods = resources::find_by_type(corev1::Pod::info());
  if (!typed || !pods) return done(status::bad_request("not an Eviction object"));
  const metav1::DeleteOptions options = typed->deleteOptions ? *typed->deleteOptions : metav1::DeleteOptions();
  const auto pod = get<corev1::Pod>(name.namespace_, name.name);
  if (!pod) return done(status::not_found({"", "pods"}, name.name));
  auto admitted = std::make_shared<policyv1::Eviction>(*typed);
  if (auto refused = admit_creation(context, *pods, name, "eviction", admitted.get())) return done(std::move(*refused));
  // Whoever judges the end of the pod sees that it was not its own.
  const auto go_on = [this, context, pods, name, options, done] {
    transform(context, *pods, name, "status", [this](const api::Object& current) { return mark_evicted(static_cast<const corev1::Pod&>(current), options_.clock->wall()); },
              [this, context, pods, name, options, done](ApiResult<CachedPtr> marked) {
                marked.ok() ? remove(context, *pods, name, options, done) : done(marked.status());
              });
  };
  const bool counts = !pod->metadata.deletionTimestamp && !pod->spec.nodeName.empty() && pod->status.phase != corev1::PodSucceeded &&
                      pod->status.phase != corev1::PodFailed && pod->status.phase != corev1::PodPending;
  std::vector<std::string> budgets;
  if (counts)
    for (const api::ObjectPtr& each : list(policyv1::PodDisruptionBudget::info(), name.namespace_))
      if (selects(static_cast<const policyv1::PodDisruptionBudget&>(*each), *pod)) budgets.push_back(each->metadata.name.str());
  if (budgets.empty()) return go_on();
  if (budgets.size() > 1) return done(status::internal("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."));
  transform(context, *resources::find_by_type(policyv1::PodDisruptionBudget::info()), {name.namespace_, budgets.front()}, "status",
            [pod_name = name.name, this](const api::Object& current) {
              return take_disruption(static_cast<const policyv1::PodDisruptionBudget&>(current), pod_name, options_.clock->wall());
            },
            [go_on, done](ApiResult<CachedPtr> taken) { taken.ok() ? go_on() : done(taken.status()); });
}

Refusal Registry::admit_creation(const RequestContext& context, const Resource& resource, const ObjectName& name, std::string_view subresource, api::Object* object) const {
  if (!options_.admission) return std::nullopt;
  AdmissionRequest request{context, resource};
  request.subresource = subresource;
  request.operation = Operation::create;
  request.namespace_ = name.namespace_;
  request.name = name.name;
  request.object = object;
  request.now = options_.clock->wall();
  if (auto refused = options_.admission->mutate(request, *this)) return refused;
  return options_.admission->validate(request, *this);
}

void Registry::issue_token(const RequestContext& context, const ObjectName& account, std::shared_ptr<api::Object> request,
                           Done<std::shared_ptr<api::Object>> done) {
  const auto found = get<corev1::ServiceAccount>(account.namespace_, account.name);
  if (!found) return done(status::not_found({"", "serviceaccounts"}, account.name));
  const Resource& accounts = *resources::find_by_type(corev1::ServiceAccount::info());
  if (auto refused = admit_creation(context, accounts, account, "token", request.get())) return done(std::move(*refused));
  if (!tokens_) return done(status::unavailable("this API server issues no service account tokens: it has no signing key"));
  done(tokens_->issue(context, *found, std::move(request)));
}

}  // namespace plumb::apiserver
