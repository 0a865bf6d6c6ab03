// What the checks of a drift run ask about pods and their owners.
#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "reference/controllers/framework/drift_cluster.h"
#include "reference/controllers/framework/pods.h"

namespace plumb::controllers::drift {

using PodPtr = std::shared_ptr<const corev1::Pod>;
using Pods = std::vector<PodPtr>;

inline std::string app_of(const api::Object& object) { return object.metadata.labels.get("app").str(); }

inline std::string controller_uid(const api::Object& object) {
  const auto* reference = informer::controller_ref(object);
  return reference ? reference->uid.str() : std::string();
}

inline Pods pods_of(DriftCluster& cluster, const std::set<std::string>& owners) {
  Pods pods = cluster.api().all<corev1::Pod>();
  std::erase_if(pods, [&](const PodPtr& pod) { return !owners.contains(controller_uid(*pod)); });
  return pods;
}

template <class Counts>
std::int32_t count(const Pods& pods, Counts counts) {
  return static_cast<std::int32_t>(std::count_if(pods.begin(), pods.end(), [&](const PodPtr& pod) { return counts(*pod); }));
}

}  // namespace plumb::controllers::drift
