#include "reference/apiserver/registry/own_calls.h"

#include <functional>
#include <future>

#include "reference/api/types/corev1.h"

namespace plumb::apiserver {
namespace {

template <class T, class Start>
ApiResult<T> await(Start&& start) {
  auto promise = std::make_shared<std::promise<ApiResult<T>>>();
  auto answer = promise->get_future();
  start(Done<T>([promise](ApiResult<T> result) { promise->set_value(std::move(result)); }));
  return answer.get();
}

const Resource& resource_by_type(const api::TypeInfo& type) { return *resources::find_by_type(type); }

std::shared_ptr<corev1::Event> event_about(const api::Object& about, const std::string& name, WallTime now) {
  auto event = std::make_shared<corev1::Event>();
  event->metadata.name = name;
  event->metadata.namespace_ = about.metadata.namespace_.empty() ? api::Str("default") : about.metadata.namespace_;
  event->involvedObject.kind = about.type().name;
  event->involvedObject.apiVersion = about.type().group.empty() ? std::string(about.type().version) : std::string(about.type().group) + "/" + std::string(about.type().version);
  event->involvedObject.namespace_ = about.metadata.namespace_;
  event->involvedObject.name = about.metadata.name;
  event->involvedObject.uid = about.metadata.uid;
  event->involvedObject.resourceVersion = about.metadata.resourceVersion;
  event->type = "Warning";
  event->firstTimestamp = event->lastTimestamp = api::Time::from(now);
  event->count = 1;
  return event;
}

}  // namespace

OwnCalls::OwnCalls(Registry& registry) : registry_(registry) {
  auto user = std::make_shared<User>();
  user->name = "system:apiserver";
  user->groups = {std::string(masters_group)};
  context_.user = std::move(user);
}

ApiResult<CachedPtr> OwnCalls::create(std::shared_ptr<api::Object> object) {
  const std::string home = object->metadata.namespace_.str();
  return await<CachedPtr>([&](auto done) { registry_.create(context_, resource_by_type(object->type()), home, object, done); });
}

Status OwnCalls::create_missing(std::vector<std::shared_ptr<api::Object>> objects) {
  std::vector<std::future<Status>> answers;
  for (auto& object : objects) {
    const std::string home = object->metadata.namespace_.str(), name = object->metadata.name.str();
    if (registry_.get(object->type(), home, name)) continue;
    auto promise = std::make_shared<std::promise<Status>>();
    answers.push_back(promise->get_future());
    const Resource& resource = resource_by_type(object->type());
    registry_.create(context_, resource, home, std::move(object), [promise, what = resource.group_resource() + " " + name](ApiResult<CachedPtr> result) {
      if (result.ok() || result.status().reason == metav1::StatusReasonAlreadyExists) return promise->set_value({});
      promise->set_value(status::to_error(result.status()).in("creating " + what));
    });
  }
  Status first;
  for (auto& answer : answers)
    if (Status done = answer.get(); !done.ok() && first.ok()) first = std::move(done);
  return first;
}

ApiResult<CachedPtr> OwnCalls::change(const api::TypeInfo& type, const ObjectName& name, std::string_view subresource, Transform transform) {
  return await<CachedPtr>([&](auto done) { registry_.transform(context_, resource_by_type(type), name, subresource, transform, done); });
}

Status OwnCalls::remove(const api::TypeInfo& type, const ObjectName& name) {
  const auto removed = await<DeleteResult>([&](auto done) { registry_.remove(context_, resource_by_type(type), name, {}, done); });
  if (removed.ok() || removed.status().code == 404) return {};
  return status::to_error(removed.status());
}

void OwnCalls::warn(const api::Object& about, std::string_view component, std::string_view reason, const std::string& message) {
  const std::size_t said = std::hash<std::string>()(std::string(reason) + message + about.metadata.uid.str());
  const std::string name = about.metadata.name.str() + "." + std::to_string(said);
  const WallTime now = registry_.clock().wall();
  auto event = event_about(about, name, now);
  event->reason = reason;
  event->message = message;
  event->source.component = component;
  event->reportingComponent = component;
  const ObjectName key{event->metadata.namespace_.str(), name};
  if (create(event).ok()) return;
  (void)change(corev1::Event::info(), key, {}, [now](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
    auto next = std::make_shared<corev1::Event>(static_cast<const corev1::Event&>(current));
    ++next->count;
    next->lastTimestamp = api::Time::from(now);
    return std::shared_ptr<api::Object>(std::move(next));
  });
}

}  // namespace plumb::apiserver
