#include "reference/apiserver/bootstrap.h"

#include <future>
#include <memory>

#include "reference/api/types/corev1.h"
#include "reference/api/types/schedulingv1.h"
#include "reference/apiserver/authorization/bootstrap_policy.h"

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
  for (auto& object : bootstrap_policy()) objects.push_back(std::move(object));
  objects.push_back(priority_class("system-cluster-critical", 2'000'000'000, "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."));
  objects.push_back(priority_class("system-node-critical", 2'000'001'000, "Used for system critical pods that must not be moved from their current node."));
  return objects;
}

}  // namespace

Status ensure_system_objects(Registry& registry) {
  RequestContext context;
  auto user = std::make_shared<User>();
  user->name = "system:apiserver";
  user->groups = {std::string(masters_group)};
  context.user = user;

  std::vector<std::future<Status>> answers;
  for (auto& object : bootstrap_objects()) {
    const resources::Resource* resource = resources::find_by_type(object->type());
    if (registry.get(object->type(), "", object->metadata.name)) continue;
    const std::string name = object->metadata.name.str();
    auto promise = std::make_shared<std::promise<Status>>();
    answers.push_back(promise->get_future());
    registry.create(context, *resource, "", std::move(object), [promise, name](ApiResult<CachedPtr> result) {
      if (result.ok() || result.status().reason == "AlreadyExists") return promise->set_value({});
      promise->set_value(status::to_error(result.status()).in("creating " + name));
    });
  }
  for (auto& answer : answers) PLUMB_TRY(answer.get());
  return {};
}

}  // namespace plumb::apiserver
