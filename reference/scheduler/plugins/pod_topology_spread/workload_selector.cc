#include "reference/scheduler/plugins/pod_topology_spread/workload_selector.h"

#include <algorithm>

#include "reference/api/types/appsv1.h"
#include "reference/api/types/corev1.h"
#include "reference/resources/shared/label_selector.h"

namespace plumb::scheduler {

namespace {

// Services by namespace and the first label that they select by.
constexpr std::string_view by_first_label = "scheduler/first-selected-label";

std::string index_value(std::string_view namespace_, const api::Str& key, const api::Str& value) {
  return std::string(namespace_) + "/" + key.str() + "=" + value.str();
}

void first_label_of(const api::Object& object, std::vector<std::string>& values) {
  const auto& selector = static_cast<const corev1::Service&>(object).spec.selector;
  if (!selector.empty()) values.push_back(index_value(object.metadata.namespace_, selector.begin()->key, selector.begin()->value));
}

void add(const api::LabelSelector& selector, std::vector<api::LabelRequirement>& requirements) {
  for (const api::LabelRequirement& one : selector.requirements()) {
    const bool known = std::any_of(requirements.begin(), requirements.end(), [&](const api::LabelRequirement& other) {
      return other.key == one.key && other.op == one.op && other.values == one.values;
    });
    if (!known) requirements.push_back(one);
  }
}

template <class T>
informer::Lister<T> lister(const Handle& handle) {
  return handle.informer(informer::resource_of<T>()).template lister<T>();
}

}  // namespace

void WorkloadSelector::attach(const Handle& handle) {
  if (!handle.informer) return;
  handle.informer(informer::resource_of<corev1::Service>()).add_index(by_first_label, first_label_of);
  services_ = lister<corev1::Service>(handle);
  replication_controllers_ = lister<corev1::ReplicationController>(handle);
  replica_sets_ = lister<appsv1::ReplicaSet>(handle);
  stateful_sets_ = lister<appsv1::StatefulSet>(handle);
  attached_ = true;
}

api::LabelSelector WorkloadSelector::of(const corev1::Pod& pod) const {
  std::vector<api::LabelRequirement> requirements;
  if (!attached_) return {};
  add_services(pod, requirements);
  add_controller(pod, requirements);
  return api::LabelSelector(std::move(requirements));
}

void WorkloadSelector::add_services(const corev1::Pod& pod, std::vector<api::LabelRequirement>& requirements) const {
  if (services_.size() == 0) return;
  for (const auto& [key, value] : pod.metadata.labels) {
    for (const auto& service : services_.by_index(by_first_label, index_value(pod.metadata.namespace_, key, value))) {
      const api::LabelSelector selector = resources::to_selector(service->spec.selector);
      if (resources::matches(selector, pod.metadata.labels)) add(selector, requirements);
    }
  }
}

void WorkloadSelector::add_controller(const corev1::Pod& pod, std::vector<api::LabelRequirement>& requirements) const {
  const metav1::OwnerReference* owner = informer::controller_ref(pod);
  if (!owner) return;
  if (owner->apiVersion == "v1" && owner->kind == "ReplicationController") {
    const auto found = replication_controllers_.get(pod.metadata.namespace_, owner->name);
    if (found) add(resources::to_selector(found->spec.selector), requirements);
  } else if (owner->apiVersion == "apps/v1" && owner->kind == "ReplicaSet") {
    const auto found = replica_sets_.get(pod.metadata.namespace_, owner->name);
    if (found) add(resources::to_selector(found->spec.selector), requirements);
  } else if (owner->apiVersion == "apps/v1" && owner->kind == "StatefulSet") {
    const auto found = stateful_sets_.get(pod.metadata.namespace_, owner->name);
    if (found) add(resources::to_selector(found->spec.selector), requirements);
  }
}

}  // namespace plumb::scheduler
