// How every component talks to the API, whatever lies between: the same code runs in one process with the API server, over HTTPS, and in
// tests on a cluster in memory. A client acts as one user; authorization applies on every transport.
//
// Objects are shared and const; the in-process transport hands over the server's own snapshots, so reading copies nothing.
// To change an object, api::clone() it and send the clone.
//
// Errors carry upstream's Status: `reason` is "NotFound", "AlreadyExists", "Conflict", "Invalid", "Forbidden", "Expired",
// "TooManyRequests", …, http_status its code. A server that cannot be reached is Code::unavailable with an empty reason.
//
// Threads: all members may be called from any thread. A `done` or a watch handler runs on a thread of the transport, or on the calling
// thread before the call returns; it must be short, must not block, and may issue further asynchronous calls. The blocking forms are for
// ordinary threads, never for such callbacks. A client must outlive its calls and watches; it ends them when it is destroyed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "reference/api/codec/list.h"
#include "reference/api/object.h"
#include "reference/resources/resource.h"

namespace plumb::corev1 {
struct Pod;
}

namespace plumb::informer {

using api::ObjectPtr;
using resources::Resource;

enum class Verb : std::uint8_t { get, create, update, patch, remove, remove_collection };
// As authorization calls it: get, create, update, patch, delete, deletecollection.
std::string_view verb_name(Verb verb);
enum class PatchType : std::uint8_t { json, merge, strategic };

// One call on one object (or, for remove_collection, on a set of them). Use the makers below.
struct Request {
  Verb verb = Verb::get;
  const Resource* resource = nullptr;
  std::string namespace_;   // empty for cluster-scoped resources
  std::string name;         // for create: only where the object's name stands in the path (subresources)
  std::string subresource;  // "status", "scale", "binding", "eviction", "token"
  ObjectPtr object;         // the body of create and update; its type may be another one than the resource's (Binding, Scale, …)
  PatchType patch_type = PatchType::merge;
  std::string patch;        // JSON
  metav1::DeleteOptions delete_options;
  std::string label_selector, field_selector;  // for remove_collection
  std::string resource_version;                // for get: "" reads the latest, "0" whatever is at hand
  std::string field_manager;
  bool dry_run = false;
};

// The object after the call. nullptr where the server answers with a bare Status (a binding, an eviction, a deletion that is complete).
using Done = std::function<void(Result<ObjectPtr>)>;

struct ListOptions {
  std::string namespace_;  // empty: all
  std::string label_selector, field_selector;
  std::string resource_version;  // "" reads the latest, "0" whatever is at hand
  std::int64_t limit = 0;
  std::string continue_token;
};
using ListDone = std::function<void(Result<api::ObjectList>)>;
// The body of the answer.
using RawDone = std::function<void(Result<std::string>)>;

struct WatchOptions {
  std::string namespace_;
  std::string label_selector, field_selector;
  std::string resource_version;  // events after this one
};

struct WatchEvent {
  enum class Type : std::uint8_t {
    added, modified, deleted,
    bookmark,  // no object; everything up to resource_version has been delivered
    closed,    // the last event: the server ended the watch, or `error` says what failed ("Expired": list again)
  };
  Type type = Type::closed;
  ObjectPtr object;              // for deleted: the last state
  std::string resource_version;  // of the object or bookmark
  Error error;                   // for closed; an empty message means a plain end
};
// Called for one event at a time, in order.
using WatchHandler = std::function<void(WatchEvent)>;

// A watch under way. Destroying it ends it: no handler runs once the destructor has returned (it waits for one that is running, unless it
// is called by it).
class Watch {
 public:
  virtual ~Watch() = default;
};

class Client {
 public:
  virtual ~Client() = default;

  // Calls `done` exactly once. Any number may be in flight; two calls that were sent without waiting may be carried out in any order.
  virtual void send(Request request, Done done) = 0;
  virtual void list(const Resource& resource, const ListOptions& options, ListDone done) = 0;
  virtual std::unique_ptr<Watch> watch(const Resource& resource, const WatchOptions& options, WatchHandler handler) = 0;
  // GET of any path, as JSON: also of APIs whose types this program does not know, such as metrics. `path_and_query` is sent as it stands.
  virtual void get_raw(std::string path_and_query, RawDone done) = 0;

  // Blocking.
  virtual Result<ObjectPtr> call(Request request);
  Result<api::ObjectList> list(const Resource& resource, const ListOptions& options = {});
  Result<std::string> get_raw(std::string path_and_query);

  template <class T>
  Result<std::shared_ptr<const T>> get(std::string_view namespace_, std::string_view name);
  template <class T>
  Result<std::shared_ptr<const T>> create(const std::shared_ptr<const T>& object);
  template <class T>
  Result<std::shared_ptr<const T>> update(const std::shared_ptr<const T>& object);
  template <class T>
  Result<std::shared_ptr<const T>> update_status(const std::shared_ptr<const T>& object);
  template <class T>
  Result<std::shared_ptr<const T>> patch(std::string_view namespace_, std::string_view name, PatchType type, std::string body,
                                         std::string_view subresource = {});
  template <class T>
  Status remove(std::string_view namespace_, std::string_view name, metav1::DeleteOptions options = {});
};

// The resource that serves a type. A type that no resource serves is a defect of the caller and stops the program.
const Resource& resource_of(const api::TypeInfo& type);
template <class T>
const Resource& resource_of() {
  static const Resource& found = resource_of(T::info());
  return found;
}

// Makers of requests. Namespace and name are those of the object where one is given.
Request get_request(const Resource& resource, std::string_view namespace_, std::string_view name);
Request create_request(ObjectPtr object);
Request update_request(ObjectPtr object, std::string_view subresource = {});
inline Request update_status_request(ObjectPtr object) { return update_request(std::move(object), "status"); }
Request patch_request(const Resource& resource, std::string_view namespace_, std::string_view name, PatchType type, std::string body,
                      std::string_view subresource = {});
Request remove_request(const Resource& resource, std::string_view namespace_, std::string_view name, metav1::DeleteOptions options = {});
Request remove_collection_request(const Resource& resource, std::string_view namespace_, metav1::DeleteOptions options = {});
// POST pods/{name}/binding. Refused with Conflict when the pod has a node, is being deleted, or its UID differs.
Request bind_request(const corev1::Pod& pod, std::string_view node);
// POST pods/{name}/eviction: TooManyRequests while a disruption budget forbids it.
Request evict_request(const corev1::Pod& pod, metav1::DeleteOptions options = {});
// The scale subresource: get_scale gives an autoscaling/v1 Scale, set_scale changes spec.replicas.
Request get_scale_request(const Resource& resource, std::string_view namespace_, std::string_view name);
Request set_scale_request(const Resource& resource, std::string_view namespace_, std::string_view name, std::int32_t replicas);
// POST serviceaccounts/{name}/token; `token_request` is an authentication.k8s.io/v1 TokenRequest, so is the answer.
Request token_request(std::string_view namespace_, std::string_view service_account, ObjectPtr token_request);

// Delete options that pin the object: another one of the same name is left alone (Conflict).
metav1::DeleteOptions only_this(const api::Object& object);

inline bool is_reason(const Error& error, std::string_view reason) { return error.reason == reason; }
inline bool is_not_found(const Error& error) { return is_reason(error, "NotFound"); }
inline bool is_conflict(const Error& error) { return is_reason(error, "Conflict"); }
inline bool is_already_exists(const Error& error) { return is_reason(error, "AlreadyExists"); }
// Expired, Gone: the resourceVersion asked for is no longer kept.
inline bool is_expired(const Error& error) { return is_reason(error, "Expired") || is_reason(error, "Gone"); }

// "namespace/name", or "name" for what has no namespace: upstream's MetaNamespaceKey.
std::string object_key(std::string_view namespace_, std::string_view name);
inline std::string object_key(const api::Object& object) { return object_key(object.metadata.namespace_, object.metadata.name); }
struct KeyParts {
  std::string_view namespace_, name;
};
KeyParts split_key(std::string_view key);

namespace detail {
template <class T>
Result<std::shared_ptr<const T>> typed(Result<ObjectPtr> result) {
  if (!result.ok()) return std::move(result).error();
  if (auto object = api::as<T>(*result)) return object;
  return fail(Code::internal, "the server answered with another kind than " + std::string(T::info().name));
}
}  // namespace detail

template <class T>
Result<std::shared_ptr<const T>> Client::get(std::string_view namespace_, std::string_view name) {
  return detail::typed<T>(call(get_request(resource_of<T>(), namespace_, name)));
}
template <class T>
Result<std::shared_ptr<const T>> Client::create(const std::shared_ptr<const T>& object) {
  return detail::typed<T>(call(create_request(object)));
}
template <class T>
Result<std::shared_ptr<const T>> Client::update(const std::shared_ptr<const T>& object) {
  return detail::typed<T>(call(update_request(object)));
}
template <class T>
Result<std::shared_ptr<const T>> Client::update_status(const std::shared_ptr<const T>& object) {
  return detail::typed<T>(call(update_status_request(object)));
}
template <class T>
Result<std::shared_ptr<const T>> Client::patch(std::string_view namespace_, std::string_view name, PatchType type, std::string body,
                                               std::string_view subresource) {
  return detail::typed<T>(call(patch_request(resource_of<T>(), namespace_, name, type, std::move(body), subresource)));
}
template <class T>
Status Client::remove(std::string_view namespace_, std::string_view name, metav1::DeleteOptions options) {
  Result<ObjectPtr> result = call(remove_request(resource_of<T>(), namespace_, name, std::move(options)));
  if (!result.ok()) return std::move(result).error();
  return {};
}

}  // namespace plumb::informer
