#include "reference/resources/jobs/update_rules.h"

#include <algorithm>

#include "reference/api/codec/json.h"
#include "reference/resources/jobs/job_rules.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/label_selector.h"

namespace plumb::resources {
namespace {

// Suspended, with no pod left that has been made from the template as it was.
bool is_at_rest(const batchv1::Job& job) {
  const bool marked = std::any_of(job.status.conditions.begin(), job.status.conditions.end(), [](const batchv1::JobCondition& one) {
    return one.type == batchv1::JobSuspended && one.status == corev1::ConditionTrue;
  });
  return job.spec.suspend.value_or(false) && job.status.active == 0 && (!job.status.startTime || marked);
}

void take_node_affinity(corev1::PodSpec& spec, const corev1::PodSpec& from) {
  if (from.affinity) {
    spec.affinity.ensure().nodeAffinity = from.affinity->nodeAffinity;
  } else if (spec.affinity) {
    spec.affinity->nodeAffinity.reset();
    if (*spec.affinity == corev1::Affinity{}) spec.affinity.reset();
  }
}

void take_resources(api::List<corev1::Container>& containers, const api::List<corev1::Container>& from) {
  for (std::size_t i = 0; i < std::min(containers.size(), from.size()); ++i) {
    containers[i].resources.requests = from[i].resources.requests;
    containers[i].resources.limits = from[i].resources.limits;
    containers[i].resources.claims = from[i].resources.claims;
  }
}

// The template as it was, but for what a job at rest may change: where its pods may go, and what they need.
corev1::PodTemplateSpec with_free_fields(corev1::PodTemplateSpec previous, const corev1::PodTemplateSpec& next) {
  take_node_affinity(previous.spec, next.spec);
  previous.spec.nodeSelector = next.spec.nodeSelector;
  previous.spec.tolerations = next.spec.tolerations;
  previous.spec.schedulingGates = next.spec.schedulingGates;
  previous.metadata.annotations = next.metadata.annotations;
  previous.metadata.labels = next.metadata.labels;
  take_resources(previous.spec.containers, next.spec.containers);
  take_resources(previous.spec.initContainers, next.spec.initContainers);
  return previous;
}

template <class T>
std::string shown(const api::Box<T>& value) {
  return value ? api::to_json(*value) : "null";
}
std::string shown(const api::Opt<std::int32_t>& value) { return value ? std::to_string(*value) : "null"; }
std::string shown(const api::Opt<api::Str>& value) { return value ? quoted(*value) : "null"; }
std::string shown(const api::Box<metav1::LabelSelector>& selector) { return selector ? go_text(*selector) : "null"; }

void check_completions(const batchv1::JobSpec& next, const batchv1::JobSpec& previous, FieldErrors& errors) {
  const FieldPath path = spec_path.child("completions");
  const bool changed = !(next.completions == previous.completions);
  if (!is_indexed(next)) return check_immutable(changed, path, shown(next.completions), errors);
  if (changed && next.completions && !(next.completions == next.parallelism))
    errors.invalid(path, shown(next.completions), "can only be modified in tandem with spec.parallelism");
}

}  // namespace

void check_job_update(const batchv1::Job& next_job, const batchv1::Job& previous_job, FieldErrors& errors) {
  const batchv1::JobSpec &next = next_job.spec, &previous = previous_job.spec;
  const auto keep = [&](const auto& now, const auto& before, std::string_view name) {
    if (!(now == before)) check_immutable(true, spec_path.child(name), shown(now), errors);
  };
  check_completions(next, previous, errors);
  keep(next.selector, previous.selector, "selector");
  const bool same = is_at_rest(previous_job) ? next.template_ == with_free_fields(previous.template_, next.template_) : next.template_ == previous.template_;
  if (!same) check_immutable(true, spec_path.child("template"), api::to_json(next.template_), errors);
  keep(next.completionMode, previous.completionMode, "completionMode");
  keep(next.podFailurePolicy, previous.podFailurePolicy, "podFailurePolicy");
  keep(next.backoffLimitPerIndex, previous.backoffLimitPerIndex, "backoffLimitPerIndex");
  keep(next.managedBy, previous.managedBy, "managedBy");
  keep(next.successPolicy, previous.successPolicy, "successPolicy");
}

}  // namespace plumb::resources
