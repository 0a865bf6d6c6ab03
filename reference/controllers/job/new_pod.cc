#include "reference/controllers/job/new_pod.h"

#include <algorithm>

#include "reference/controllers/framework/pods.h"
#include "reference/controllers/job/failure_policy.h"

namespace plumb::controllers::job {

namespace {

constexpr std::string_view index_variable = "JOB_COMPLETION_INDEX";
constexpr std::size_t longest_generated_prefix = 58;  // the suffix has five characters, a name 63

void add_index_variable(api::List<corev1::Container>& containers) {
  for (corev1::Container& container : containers) {
    const auto is_it = [](const corev1::EnvVar& variable) { return variable.name == index_variable; };
    if (std::any_of(container.env.begin(), container.env.end(), is_it)) continue;
    corev1::EnvVar& variable = container.env.emplace_back();
    variable.name = index_variable;
    variable.valueFrom.ensure().fieldRef.ensure().fieldPath = "metadata.labels['" + std::string(index_key) + "']";
  }
}

void take_over_failures(corev1::Pod& pod, const Pass& pass, std::int32_t index) {
  std::int32_t counted = 0, ignored = 0;
  if (const auto replaced = pass.to_be_replaced.find(index); replaced != pass.to_be_replaced.end()) {
    counted = counted_failures(*replaced->second);
    ignored = ignored_failures(*replaced->second);
    ++(match_failure_policy(*pass.job, *replaced->second).counts() ? counted : ignored);
  }
  pod.metadata.annotations.set(index_failures_key, api::Str(std::to_string(counted)));
  if (ignored > 0) pod.metadata.annotations.set(index_ignored_failures_key, api::Str(std::to_string(ignored)));
}

void give_index(corev1::Pod& pod, const Pass& pass, std::int32_t index) {
  const std::string name = pass.job->metadata.name.str(), number = std::to_string(index), suffix = "-" + number + "-";
  pod.metadata.annotations.set(index_key, api::Str(number));
  pod.metadata.labels.set(index_key, api::Str(number));
  pod.metadata.generateName = name.substr(0, longest_generated_prefix - suffix.size()) + suffix;
  pod.spec.hostname = name + "-" + number;
  add_index_variable(pod.spec.initContainers);
  add_index_variable(pod.spec.containers);
  if (pass.failed_indexes) take_over_failures(pod, pass, index);
}

}  // namespace

std::shared_ptr<corev1::Pod> new_pod(const Pass& pass, std::optional<std::int32_t> index) {
  auto pod = pod_from(pass.job->spec.template_, *pass.job);
  if (!is_tracked(*pod)) pod->metadata.finalizers.push_back(api::Str(tracking_finalizer));
  if (index) give_index(*pod, pass, *index);
  return pod;
}

}  // namespace plumb::controllers::job
