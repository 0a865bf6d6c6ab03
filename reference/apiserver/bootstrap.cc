#include "reference/apiserver/bootstrap.h"

#include <memory>

#include "reference/api/types/corev1.h"
#include "reference/api/types/schedulingv1.h"
#include "reference/apiserver/authorization/bootstrap_policy.h"
#include "reference/apiserver/authorization/default_policy.h"
#include "reference/apiserver/registry/own_calls.h"

namespace plumb::apiserver {
namespace {

std::shared_ptr<api::Object> priority_class(std::string_view name, std::int32_t value, std::string_view description) {
  auto made = std::make_shared<schedulingv1::PriorityClass>();
  made->metadata.name = name;
  made->value = value;
  made->description = description;
  return made;
}

std::vector<std::shared_ptr<api::Object>> bootstrap_objects() {
  std::vector<std::shared_ptr<api::Object>> objects;
  for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    auto made = std::make_shared<corev1::Namespace>();
    made->metadata.name = name;
    objects.push_back(std::move(made));
  }
  objects.push_back(priority_class("system-cluster-critical", 2'000'000'000, "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."));
  objects.push_back(priority_class("system-node-critical", 2'000'001'000, "Used for system critical pods that must not be moved from their current node."));
  return objects;
}

}  // namespace

Status ensure_system_objects(Registry& registry) {
  OwnCalls calls(registry);
  PLUMB_TRY(calls.create_missing(bootstrap_objects()));
  return keep_policy(calls, bootstrap_policy());
}

}  // namespace plumb::apiserver
