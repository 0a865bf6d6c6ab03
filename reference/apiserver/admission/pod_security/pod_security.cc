// PodSecurity: holds pods to the level that their namespace's labels ask for. What makes pods is never refused, only warned about; when
// labels change, so are those who run already.
#include <algorithm>
#include <map>

#include "harness/base/metrics.h"
#include "reference/api/types/appsv1.h"
#include "reference/api/types/batchv1.h"
#include "reference/apiserver/admission/plugin.h"
#include "reference/apiserver/admission/pod_security/check.h"

namespace plumb::apiserver {
namespace {

using namespace pod_security;

constexpr int served_minor = 37;
constexpr std::size_t most_existing_pods = 3000;  // that are looked at when labels change

// nullptr: the object makes no pods, or has no template.
const corev1::PodTemplateSpec* template_of(const api::Object& object) {
  if (const auto* each = api::as<corev1::PodTemplate>(object)) return &each->template_;
  if (const auto* each = api::as<corev1::ReplicationController>(object)) return each->spec.template_.get();
  if (const auto* each = api::as<appsv1::ReplicaSet>(object)) return &each->spec.template_;
  if (const auto* each = api::as<appsv1::Deployment>(object)) return &each->spec.template_;
  if (const auto* each = api::as<appsv1::StatefulSet>(object)) return &each->spec.template_;
  if (const auto* each = api::as<appsv1::DaemonSet>(object)) return &each->spec.template_;
  if (const auto* each = api::as<batchv1::Job>(object)) return &each->spec.template_;
  if (const auto* each = api::as<batchv1::CronJob>(object)) return &each->spec.jobTemplate.spec.template_;
  return nullptr;
}

template <class Container>
bool other_images(const api::List<Container>& next, const api::List<Container>& old) {
  if (next.size() != old.size()) return true;
  for (std::size_t i = 0; i < next.size(); ++i)
    if (next[i].image != old[i].image) return true;
  return false;
}

// Of what can change in a pod only images and new ephemeral containers matter.
bool matters(const corev1::PodSpec& next, const corev1::PodSpec& old) {
  if (other_images(next.containers, old.containers) || other_images(next.initContainers, old.initContainers)) return true;
  for (const auto& each : next.ephemeralContainers) {
    const auto before = std::find_if(old.ephemeralContainers.begin(), old.ephemeralContainers.end(), [&](const auto& other) {
      return other.ephemeralContainerCommon.name == each.ephemeralContainerCommon.name;
    });
    if (before == old.ephemeralContainers.end() || before->ephemeralContainerCommon.image != each.ephemeralContainerCommon.image) return true;
  }
  return false;
}

bool is_pod_itself(std::string_view subresource) { return subresource.empty() || subresource == "ephemeralcontainers" || subresource == "resize"; }

void count(const AdmissionRequest& request, const LevelVersion& policy, std::string_view mode, bool allowed) {
  const bool latest = policy.minor == LevelVersion::latest || policy.level == Level::privileged;
  metrics::counter("pod_security_evaluations_total", "Number of policy evaluations that occurred, not counting ignored or exempt requests.",
                   {{"decision", allowed ? "allow" : "deny"},
                    {"policy_level", policy.level_text()},
                    {"policy_version", latest ? "latest" : policy.minor <= served_minor ? policy.version_text() : "future"},
                    {"mode", std::string(mode)},
                    {"request_operation", request.operation == Operation::create ? "create" : "update"},
                    {"resource", &request.resource.type() == &corev1::Pod::info() ? "pod" : "controller"},
                    {"subresource", std::string(request.subresource)}})
      .add();
}

void count_error(const AdmissionRequest& request) {
  metrics::counter("pod_security_errors_total",
                   "Number of errors preventing normal evaluation. Non-fatal errors may result in the latest restricted profile being used for evaluation.",
                   {{"fatal", "false"},
                    {"request_operation", request.operation == Operation::create ? "create" : "update"},
                    {"resource", &request.resource.type() == &corev1::Pod::info() ? "pod" : "controller"},
                    {"subresource", std::string(request.subresource)}})
      .add();
}

// A pod, or what pods are made of, against the policy of its namespace.
Refusal evaluate(const AdmissionRequest& request, const Policy& policy, const PodView& pod, bool enforce) {
  if (!violations(policy.audit, pod).empty()) count(request, policy.audit, "audit", false);
  if (enforce) {
    const auto found = violations(policy.enforce, pod);
    count(request, policy.enforce, "enforce", found.empty());
    if (!found.empty())
      return status::forbidden({"", request.resource.names().plural}, request.name, "violates PodSecurity \"" + policy.enforce.text() + "\": " + with_details(found));
  }
  const auto found = violations(policy.warn, pod);
  if (found.empty()) return std::nullopt;
  count(request, policy.warn, "warn", false);
  request.context.warn("would violate PodSecurity \"" + policy.warn.text() + "\": " + with_details(found));
  return std::nullopt;
}

// Those of one controller are alike: the first of each comes before the others.
std::vector<const corev1::Pod*> in_order_of_interest(const std::vector<api::ObjectPtr>& pods) {
  std::vector<const corev1::Pod*> firsts, others;
  std::set<std::string> controllers;
  for (const api::ObjectPtr& each : pods) {
    const auto& references = each->metadata.ownerReferences;
    const auto controller = std::find_if(references.begin(), references.end(), [](const auto& reference) { return reference.controller.value_or(false); });
    const bool first = controller == references.end() || controllers.insert(controller->uid.str()).second;
    (first ? firsts : others).push_back(static_cast<const corev1::Pod*>(each.get()));
  }
  firsts.insert(firsts.end(), others.begin(), others.end());
  return firsts;
}

void warn_of_existing(const AdmissionRequest& request, const LevelVersion& policy, const ClusterView& cluster) {
  const auto pods = cluster.list(corev1::Pod::info(), request.name);
  auto looked_at = in_order_of_interest(pods);
  if (looked_at.size() > most_existing_pods) looked_at.resize(most_existing_pods);
  std::map<std::string, std::set<std::string>> names_by_reasons;
  for (const corev1::Pod* pod : looked_at) {
    const auto found = violations(policy, PodView(pod->metadata, pod->spec));
    if (!found.empty()) names_by_reasons[without_details(found)].insert(pod->metadata.name.str());
  }
  if (looked_at.size() < pods.size())
    request.context.warn("new PodSecurity enforce level only checked against the first " + std::to_string(looked_at.size()) + " of " + std::to_string(pods.size()) + " existing pods");
  if (names_by_reasons.empty()) return;
  request.context.warn("existing pods in namespace \"" + std::string(request.name) + "\" violate the new PodSecurity enforce level \"" + policy.text() + "\"");
  std::set<std::string> texts;
  for (const auto& [reasons, names] : names_by_reasons) {
    const std::size_t others = names.size() - 1;
    texts.insert(*names.begin() + (others == 0 ? "" : " (and " + std::to_string(others) + (others == 1 ? " other pod)" : " other pods)")) + ": " + reasons);
  }
  for (const std::string& text : texts) request.context.warn(text);
}

Refusal check_labels(const AdmissionRequest& request, const ClusterView& cluster) {
  resources::FieldErrors errors, old_errors;
  const Policy policy = policy_of(request.object->metadata.labels, errors);
  const Policy old = request.old ? policy_of(request.old->metadata.labels, old_errors) : Policy();
  if (!errors.empty() && (!request.old || errors.to_string() != old_errors.to_string())) return status::invalid("", "Namespace", request.name, errors);
  if (request.operation != Operation::update || policy.enforce == old.enforce || policy.enforce.level == Level::privileged) return std::nullopt;
  if (policy.enforce.minor != old.enforce.minor || policy.enforce.level > old.enforce.level) warn_of_existing(request, policy.enforce, cluster);
  return std::nullopt;
}

class PodSecurity final : public AdmissionPlugin {
 public:
  int order() const override { return 48; }

  Refusal validate(const AdmissionRequest& request, const ClusterView& cluster) const override {
    if (!request.object) return std::nullopt;
    if (&request.resource.type() == &corev1::Namespace::info()) return request.subresource.empty() ? check_labels(request, cluster) : std::nullopt;
    const auto* pod = api::as<corev1::Pod>(*request.object);
    if (pod ? !is_pod_itself(request.subresource) : !request.subresource.empty()) return std::nullopt;
    const corev1::PodTemplateSpec* made_of = pod ? nullptr : template_of(*request.object);
    if (!pod && !made_of) return std::nullopt;
    if (pod && request.old && !matters(pod->spec, static_cast<const corev1::Pod&>(*request.old).spec)) return std::nullopt;
    const auto found = cluster.get<corev1::Namespace>({}, request.namespace_);
    if (!found) return pod ? Refusal(status::internal("failed to lookup namespace \"" + std::string(request.namespace_) + "\"")) : std::nullopt;
    resources::FieldErrors errors;
    const Policy policy = policy_of(found->metadata.labels, errors);
    if (!errors.empty()) count_error(request);
    return pod ? evaluate(request, policy, PodView(pod->metadata, pod->spec), true) : evaluate(request, policy, PodView(made_of->metadata, made_of->spec), false);
  }
};

const Registered<AdmissionPlugin> registered_pod_security{"PodSecurity", [] { return std::make_unique<PodSecurity>(); }};

}  // namespace
}  // namespace plumb::apiserver
