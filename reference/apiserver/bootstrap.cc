#include "reference/apiserver/bootstrap.h"

#include <future>

#include "reference/api/types/corev1.h"
#include "reference/api/types/schedulingv1.h"

namespace plumb::apiserver {
namespace {

Status ensure(Registry& registry, std::shared_ptr<api::Object> object) {
  const Resource* resource = resources::find_by_type(object->type());
  if (!resource || registry.get(object->type(), {}, object->metadata.name)) return {};
  RequestContext context;
  User user;
  user.name = "system:apiserver";
  user.groups = {std::string(masters_group)};
  context.user = std::make_shared<const User>(std::move(user));
  auto promise = std::make_shared<std::promise<Status>>();
  auto done = promise->get_future();
  registry.create(context, *resource, {}, std::move(object), [promise](ApiResult<CachedPtr> made) {
    const bool fine = made.ok() || made.status().reason == metav1::StatusReasonAlreadyExists;
    promise->set_value(fine ? Status() : Status(status::to_error(made.status())));
  });
  return done.get();
}

std::shared_ptr<api::Object> priority_class(std::string_view name, std::int32_t value, std::string_view description) {
  auto made = std::make_shared<schedulingv1::PriorityClass>();
  made->metadata.name = name;
  made->value = value;
  made->description = description;
  return made;
}

}  // namespace

Status ensure_system_objects(Registry& registry) {
  for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    auto made = std::make_shared<corev1::Namespace>();
    made->metadata.name = name;
    PLUMB_TRY(ensure(registry, std::move(made)));
  }
  PLUMB_TRY(ensure(registry, priority_class("system-cluster-critical", 2'000'000'000, "For pods that the cluster needs and that may move.")));
  PLUMB_TRY(ensure(registry, priority_class("system-node-critical", 2'000'001'000, "For pods that a node cannot do without.")));
  return {};
}

}  // namespace plumb::apiserver
