#include "reference/informer/client.h"

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>

#include "reference/api/types/authenticationv1.h"
#include "reference/api/types/autoscalingv1.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/policyv1.h"

namespace plumb::informer {

namespace {

// A result that one thread waits for and another sets.
template <class T>
class Promise {
 public:
  void set(T value) {
    std::lock_guard lock(mutex_);
    value_.emplace(std::move(value));
    ready_.notify_all();
  }
  T wait() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return value_.has_value(); });
    return std::move(*value_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::optional<T> value_;
};

Request on_object(Verb verb, const Resource& resource, std::string_view namespace_, std::string_view name, std::string_view subresource = {}) {
  Request request;
  request.verb = verb;
  request.resource = &resource;
  request.namespace_ = namespace_;
  request.name = name;
  request.subresource = subresource;
  return request;
}

const Resource& pods() { return resource_of<corev1::Pod>(); }

}  // namespace

Result<ObjectPtr> Client::call(Request request) {
  auto promise = std::make_shared<Promise<Result<ObjectPtr>>>();
  send(std::move(request), [promise](Result<ObjectPtr> result) { promise->set(std::move(result)); });
  return promise->wait();
}

Result<api::ObjectList> Client::list(const Resource& resource, const ListOptions& options) {
  auto promise = std::make_shared<Promise<Result<api::ObjectList>>>();
  list(resource, options, [promise](Result<api::ObjectList> result) { promise->set(std::move(result)); });
  return promise->wait();
}

Result<std::string> Client::get_raw(std::string path_and_query) {
  auto promise = std::make_shared<Promise<Result<std::string>>>();
  get_raw(std::move(path_and_query), [promise](Result<std::string> result) { promise->set(std::move(result)); });
  return promise->wait();
}

std::string_view verb_name(Verb verb) {
  static constexpr std::string_view names[] = {"get", "create", "update", "patch", "delete", "deletecollection"};
  return names[static_cast<int>(verb)];
}

const Resource& resource_of(const api::TypeInfo& type) {
  if (const Resource* found = resources::find_by_type(type)) return *found;
  std::fprintf(stderr, "no resource serves type %.*s of %.*s\n", static_cast<int>(type.name.size()), type.name.data(),
               static_cast<int>(type.package.size()), type.package.data());
  std::abort();
}

Request get_request(const Resource& resource, std::string_view namespace_, std::string_view name) {
  return on_object(Verb::get, resource, namespace_, name);
}

Request create_request(ObjectPtr object) {
  Request request = on_object(Verb::create, resource_of(object->type()), object->metadata.namespace_, {});
  request.object = std::move(object);
  return request;
}

Request update_request(ObjectPtr object, std::string_view subresource) {
  Request request = on_object(Verb::update, resource_of(object->type()), object->metadata.namespace_, object->metadata.name, subresource);
  request.object = std::move(object);
  return request;
}

Request patch_request(const Resource& resource, std::string_view namespace_, std::string_view name, PatchType type, std::string body,
                      std::string_view subresource) {
  Request request = on_object(Verb::patch, resource, namespace_, name, subresource);
  request.patch_type = type;
  request.patch = std::move(body);
  return request;
}

Request remove_request(const Resource& resource, std::string_view namespace_, std::string_view name, metav1::DeleteOptions options) {
  Request request = on_object(Verb::remove, resource, namespace_, name);
  request.delete_options = std::move(options);
  return request;
}

Request remove_collection_request(const Resource& resource, std::string_view namespace_, metav1::DeleteOptions options) {
  Request request = on_object(Verb::remove_collection, resource, namespace_, {});
  request.delete_options = std::move(options);
  return request;
}

Request bind_request(const corev1::Pod& pod, std::string_view node) {
  auto binding = std::make_shared<corev1::Binding>();
  binding->metadata.namespace_ = pod.metadata.namespace_;
  binding->metadata.name = pod.metadata.name;
  binding->metadata.uid = pod.metadata.uid;
  binding->target.kind = "Node";
  binding->target.name = node;
  Request request = on_object(Verb::create, pods(), pod.metadata.namespace_, pod.metadata.name, "binding");
  request.object = std::move(binding);
  return request;
}

Request evict_request(const corev1::Pod& pod, metav1::DeleteOptions options) {
  auto eviction = std::make_shared<policyv1::Eviction>();
  eviction->metadata.namespace_ = pod.metadata.namespace_;
  eviction->metadata.name = pod.metadata.name;
  eviction->deleteOptions = std::move(options);
  Request request = on_object(Verb::create, pods(), pod.metadata.namespace_, pod.metadata.name, "eviction");
  request.object = std::move(eviction);
  return request;
}

Request get_scale_request(const Resource& resource, std::string_view namespace_, std::string_view name) {
  return on_object(Verb::get, resource, namespace_, name, "scale");
}

Request set_scale_request(const Resource& resource, std::string_view namespace_, std::string_view name, std::int32_t replicas) {
  return patch_request(resource, namespace_, name, PatchType::merge, "{\"spec\":{\"replicas\":" + std::to_string(replicas) + "}}", "scale");
}

Request token_request(std::string_view namespace_, std::string_view service_account, ObjectPtr token_request) {
  Request request = on_object(Verb::create, resource_of<corev1::ServiceAccount>(), namespace_, service_account, "token");
  request.object = std::move(token_request);
  return request;
}

metav1::DeleteOptions only_this(const api::Object& object) {
  metav1::DeleteOptions options;
  options.preconditions.ensure().uid = object.metadata.uid;
  return options;
}

std::string object_key(std::string_view namespace_, std::string_view name) {
  if (namespace_.empty()) return std::string(name);
  std::string key;
  key.reserve(namespace_.size() + 1 + name.size());
  return key.append(namespace_).append(1, '/').append(name);
}

KeyParts split_key(std::string_view key) {
  const auto slash = key.find('/');
  if (slash == std::string_view::npos) return {{}, key};
  return {key.substr(0, slash), key.substr(slash + 1)};
}

}  // namespace plumb::informer
