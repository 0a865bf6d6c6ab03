// Subresources whose bodies are not the object: binding, token.
#include "reference/api/types/corev1.h"
#include "reference/apiserver/registry/registry.h"
#include "reference/resources/shared/conditions.h"

namespace plumb::apiserver {
namespace {

constexpr GroupResource pods_binding{"", "pods/binding"};

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
  corev1::PodCondition scheduled;
  scheduled.type = corev1::PodScheduled;
  scheduled.status = metav1::ConditionTrue;
  resources::set_condition(next->status.conditions, std::move(scheduled), now);
  return std::shared_ptr<api::Object>(std::move(next));
}

}  // namespace

void Registry::extend(TokenIssuer* tokens, std::map<std::string, VirtualResource*> virtual_resources, std::vector<Authorizer*> authorizers) {
  tokens_ = tokens;
  virtual_resources_ = std::move(virtual_resources);
  authorizers_ = std::move(authorizers);
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
