#include "reference/informer/fake_client.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>

#include "harness/base/encoding.h"
#include "harness/base/random.h"
#include "reference/api/text/field_selector.h"
#include "reference/api/text/label_selector.h"
#include "reference/api/types/autoscalingv1.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/policyv1.h"
#include "reference/api/walk.h"
#include "reference/informer/guarded_handler.h"
#include "reference/informer/patch_object.h"

namespace plumb::informer {

namespace {

using MutableObject = std::shared_ptr<api::Object>;

Error status_error(Code code, int http, std::string_view reason, std::string message) {
  return Error{code, std::move(message), std::string(reason), http};
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

Error not_found(const Resource& resource, std::string_view name) {
  return status_error(Code::not_found, 404, "NotFound", resource.group_resource() + " " + quoted(name) + " not found");
}
Error conflict(const Resource& resource, std::string_view name, std::string_view why) {
  return status_error(Code::conflict, 409, "Conflict",
                      "Operation cannot be fulfilled on " + resource.group_resource() + " " + quoted(name) + ": " + std::string(why));
}

// The selectors of a list or watch.
struct Filter {
  std::string namespace_;
  api::LabelSelector labels;
  api::FieldSelector fields;

  static Result<Filter> make(std::string namespace_, const std::string& labels, const std::string& fields) {
    Filter filter;
    filter.namespace_ = std::move(namespace_);
    filter.labels = PLUMB_TRY(api::LabelSelector::parse(labels));
    filter.fields = PLUMB_TRY(api::FieldSelector::parse(fields));
    return filter;
  }
  bool matches(const Resource& resource, const api::Object& object) const {
    if (!namespace_.empty() && object.metadata.namespace_ != namespace_) return false;
    const auto label = [&](std::string_view key) -> std::optional<std::string_view> {
      const api::Str* found = object.metadata.labels.find(key);
      return found ? std::optional(found->view()) : std::nullopt;
    };
    if (!labels.matches(label)) return false;
    if (fields.everything()) return true;
    const auto selectable = resource.selectable_fields(object);
    return fields.matches([&](std::string_view name) -> std::string_view {
      if (name == "metadata.name") return object.metadata.name;
      if (name == "metadata.namespace") return object.metadata.namespace_;
      if (const auto* pod = api::as<corev1::Pod>(object); pod && name == "spec.nodeName") return pod->spec.nodeName;
      for (const auto& field : selectable)
        if (field.name == name) return field.value;
      return {};
    });
  }
};

bool terminal(const corev1::Pod& pod) { return pod.status.phase == "Succeeded" || pod.status.phase == "Failed"; }

void add_finalizer(api::Object& object, std::string_view name) {
  auto& finalizers = object.metadata.finalizers;
  if (std::none_of(finalizers.begin(), finalizers.end(), [&](const api::Str& f) { return f == name; })) finalizers.push_back(api::Str(name));
}

}  // namespace

std::string describe(const Request& request) {
  static constexpr std::string_view verbs[] = {"get", "create", "update", "patch", "remove", "remove_collection"};
  std::string text(verbs[static_cast<int>(request.verb)]);
  text += " " + request.resource->group_resource();
  if (!request.subresource.empty()) text += "/" + request.subresource;
  std::string name = request.name;
  if (name.empty() && request.object) {
    name = request.object->metadata.name.str();
    if (name.empty()) name = request.object->metadata.generateName.str();
  }
  return text + " " + object_key(request.namespace_, name);
}

class FakeClient::State : public std::enable_shared_from_this<State> {
 public:
  State(Clock& clock, std::uint64_t seed) : clock_(clock), random_(seed) {}

  Result<ObjectPtr> call(const Request& request) {
    std::function<std::optional<Error>(const Request&)> interceptor;
    {
      std::lock_guard lock(mutex_);
      log_.push_back(describe(request));
      interceptor = interceptor_;
    }
    if (interceptor)
      if (std::optional<Error> error = interceptor(request)) return std::move(*error);
    Result<ObjectPtr> result = [&] {
      std::lock_guard lock(mutex_);
      return carry_out(request);
    }();
    deliver();
    return result;
  }

  Result<api::ObjectList> list(const Resource& resource, const ListOptions& options) {
    const Filter filter = PLUMB_TRY(Filter::make(options.namespace_, options.label_selector, options.field_selector));
    std::lock_guard lock(mutex_);
    api::ObjectList list;
    list.metadata.resourceVersion = std::to_string(revision_);
    for (const auto& [key, object] : objects_[&resource])
      if (filter.matches(resource, *object)) list.items.push_back(object);
    return list;
  }

  struct Watcher {
    Watcher(const Resource& resource, WatchHandler handler) : resource(&resource), handler(std::move(handler)) {}
    const Resource* resource;
    Filter filter;
    GuardedHandler handler;
  };

  std::shared_ptr<Watcher> watch(const Resource& resource, const WatchOptions& options, WatchHandler handler) {
    auto watcher = std::make_shared<Watcher>(resource, std::move(handler));
    Result<Filter> filter = Filter::make(options.namespace_, options.label_selector, options.field_selector);
    const auto from = parse_int(options.resource_version.empty() ? "0" : options.resource_version);
    {
      std::lock_guard lock(mutex_);
      if (!filter.ok() || !from || (*from != 0 && *from < compacted_)) {
        WatchEvent closed;
        closed.error = !filter.ok() ? filter.error()
                       : !from      ? status_error(Code::invalid_argument, 400, "BadRequest", "resourceVersion is no number")
                                    : status_error(Code::expired, 410, "Expired", "too old resource version: " + options.resource_version);
        pending_.push_back({watcher, std::move(closed)});
      } else {
        watcher->filter = std::move(*filter);
        if (*from == 0) {
          for (const auto& [key, object] : objects_[&resource]) offer(watcher, {revision_, &resource, nullptr, object});
        } else {
          for (const Change& change : history_)
            if (change.revision > *from && change.resource == &resource) offer(watcher, change);
        }
        watchers_.push_back(watcher);
      }
    }
    deliver();
    return watcher;
  }

  void end(const std::shared_ptr<Watcher>& watcher) {
    {
      std::lock_guard lock(mutex_);
      std::erase(watchers_, watcher);
    }
    watcher->handler.end();
  }

  // Stores and tells the watchers; called with the lock held.
  ObjectPtr store(const Resource& resource, MutableObject object) {
    object->metadata.resourceVersion = std::to_string(++revision_);
    ObjectPtr& slot = objects_[&resource][object_key(*object)];
    ObjectPtr before = std::exchange(slot, object);
    changed({revision_, &resource, std::move(before), object});
    return object;
  }
  void drop(const Resource& resource, const ObjectPtr& object) {
    objects_[&resource].erase(object_key(*object));
    MutableObject last = api::clone(*object);
    last->metadata.resourceVersion = std::to_string(++revision_);
    changed({revision_, &resource, last, nullptr});
  }

  void complete(api::Object& object) {
    auto& meta = object.metadata;
    if (meta.uid.empty()) meta.uid = "uid-" + std::to_string(++uids_);
    if (!meta.creationTimestamp) meta.creationTimestamp = api::Time::from(clock_.wall());
  }

  void deliver() {
    std::unique_lock lock(mutex_);
    if (delivering_ || held_) return;
    delivering_ = true;
    while (!pending_.empty() && !held_) {
      Delivery next = std::move(pending_.front());
      pending_.pop_front();
      lock.unlock();
      next.watcher->handler.deliver(std::move(next.event));
      lock.lock();
    }
    delivering_ = false;
  }

  struct Change {
    std::int64_t revision;
    const Resource* resource;
    ObjectPtr before, after;
  };
  struct Delivery {
    std::shared_ptr<Watcher> watcher;
    WatchEvent event;
  };

  void changed(Change change) {
    history_.push_back(change);
    for (const auto& watcher : watchers_)
      if (watcher->resource == change.resource) offer(watcher, change);
  }

  // A change of selection shows as added or deleted.
  void offer(const std::shared_ptr<Watcher>& watcher, const Change& change) {
    const auto selected = [&](const ObjectPtr& object) { return object && watcher->filter.matches(*change.resource, *object); };
    const bool was = selected(change.before), is = selected(change.after);
    if (!was && !is) return;
    WatchEvent event;
    event.type = !was ? WatchEvent::Type::added : is ? WatchEvent::Type::modified : WatchEvent::Type::deleted;
    event.object = change.after ? change.after : change.before;
    event.resource_version = std::to_string(change.revision);
    pending_.push_back({watcher, std::move(event)});
  }

  Result<ObjectPtr> carry_out(const Request& request) {
    const Resource& resource = *request.resource;
    if (request.verb == Verb::create && request.subresource.empty()) return create(request);
    if (request.verb == Verb::remove_collection) return remove_collection(request);
    const auto& table = objects_[&resource];
    const auto found = table.find(object_key(request.namespace_, request.name));
    if (found == table.end()) return not_found(resource, request.name);
    const ObjectPtr current = found->second;
    if (request.verb == Verb::create) return post_subresource(request, current);
    if (request.verb == Verb::remove) return remove(resource, current, request.delete_options);
    if (request.subresource == "scale") return scale(request, current);
    if (request.verb == Verb::get) return current;
    if (request.verb == Verb::update) return update(request, current, api::clone(*request.object));
    return update(request, current, PLUMB_TRY(patch_object(*current, request.patch_type, request.patch)));
  }

  Result<ObjectPtr> create(const Request& request) {
    const Resource& resource = *request.resource;
    MutableObject object = api::clone(*request.object);
    auto& meta = object->metadata;
    if (meta.name.empty()) meta.name = meta.generateName.str() + random_.suffix(5);
    if (objects_[&resource].contains(object_key(*object)))
      return status_error(Code::already_exists, 409, "AlreadyExists", resource.group_resource() + " " + quoted(meta.name) + " already exists");
    if (const auto* home = namespace_of(request.namespace_); home && home->metadata.deletionTimestamp)
      return status_error(Code::permission_denied, 403, "Forbidden",
                          resource.group_resource() + " " + quoted(meta.name) + " is forbidden: unable to create new content in namespace " +
                              request.namespace_ + " because it is being terminated");
    resource.Resource::prepare_for_create(*object);
    if (object->type().name == "Pod") static_cast<corev1::Pod&>(*object).status.phase = corev1::PodPending;
    meta.uid.reset();
    meta.creationTimestamp = {};
    meta.deletionTimestamp = {};
    meta.generation = resource.has_generation() ? 1 : 0;
    complete(*object);
    return store(resource, std::move(object));
  }

  const corev1::Namespace* namespace_of(const std::string& name) {
    const Resource* namespaces = resources::find_by_type(corev1::Namespace::info());
    if (name.empty() || !namespaces) return nullptr;
    const auto found = objects_[namespaces].find(name);
    return found == objects_[namespaces].end() ? nullptr : static_cast<const corev1::Namespace*>(found->second.get());
  }

  Result<ObjectPtr> update(const Request& request, const ObjectPtr& current, MutableObject next) {
    const Resource& resource = *request.resource;
    auto& meta = next->metadata;
    const auto& was = current->metadata;
    if (!meta.resourceVersion.empty() && meta.resourceVersion != was.resourceVersion)
      return conflict(resource, was.name, "the object has been modified; please apply your changes to the latest version and try again");
    if (!meta.uid.empty() && meta.uid != was.uid)
      return conflict(resource, was.name, "Precondition failed: UID in precondition: " + meta.uid.str() + ", UID in object meta: " + was.uid.str());
    if (request.subresource == "status") {
      resource.Resource::prepare_for_status_update(*next, *current);
    } else if (request.subresource == "finalize") {
      static_cast<corev1::Namespace&>(*next).status = static_cast<const corev1::Namespace&>(*current).status;
    } else {
      resource.Resource::prepare_for_update(*next, *current);
    }
    meta.uid = was.uid;
    meta.resourceVersion = was.resourceVersion;
    meta.creationTimestamp = was.creationTimestamp;
    meta.deletionTimestamp = was.deletionTimestamp;
    meta.deletionGracePeriodSeconds = was.deletionGracePeriodSeconds;
    meta.generation = was.generation;
    if (resource.has_generation() && resource.spec_changed(*next, *current)) ++meta.generation;
    if (api::semantically_equal(*next, *current)) return current;
    // What a patch leaves that deletes a reference which is not there.
    int controllers = 0;
    for (const auto& owner : meta.ownerReferences) {
      if (owner.kind.empty()) return status_error(Code::invalid_argument, 422, "Invalid", "metadata.ownerReferences: Invalid value: kind must not be empty");
      controllers += owner.controller.value_or(false);
    }
    if (controllers > 1) return status_error(Code::invalid_argument, 422, "Invalid", "metadata.ownerReferences: Invalid value: Only one reference can have Controller set to true");
    ObjectPtr stored = store(resource, std::move(next));
    if (gone(*stored)) drop(resource, stored);
    return stored;
  }

  // Deleted, and nothing holds it any more.
  static bool gone(const api::Object& object) {
    if (!object.metadata.deletionTimestamp || !object.metadata.finalizers.empty()) return false;
    if (const auto* home = api::as<corev1::Namespace>(object)) return home->spec.finalizers.empty();
    return object.metadata.deletionGracePeriodSeconds.value_or(0) == 0;
  }

  Result<ObjectPtr> remove(const Resource& resource, const ObjectPtr& current, const metav1::DeleteOptions& options) {
    const auto& was = current->metadata;
    if (options.preconditions) {
      const auto& wanted = *options.preconditions;
      if (wanted.uid && *wanted.uid != was.uid)
        return conflict(resource, was.name, "Precondition failed: UID in precondition: " + wanted.uid->str() + ", UID in object meta: " + was.uid.str());
      if (wanted.resourceVersion && *wanted.resourceVersion != was.resourceVersion)
        return conflict(resource, was.name, "Precondition failed: ResourceVersion in precondition: " + wanted.resourceVersion->str());
    }
    MutableObject next = api::clone(*current);
    const std::string_view policy = options.propagationPolicy ? options.propagationPolicy->view() : std::string_view();
    if (policy == metav1::DeletePropagationOrphan || options.orphanDependents.value_or(false)) add_finalizer(*next, "orphan");
    if (policy == metav1::DeletePropagationForeground) add_finalizer(*next, "foregroundDeletion");

    std::int64_t grace = 0;
    if (const auto* pod = api::as<corev1::Pod>(*current); pod && !pod->spec.nodeName.empty() && !terminal(*pod))
      grace = options.gracePeriodSeconds ? *options.gracePeriodSeconds : pod->spec.terminationGracePeriodSeconds.value_or(30);
    if (was.deletionTimestamp) grace = std::min(grace, was.deletionGracePeriodSeconds.value_or(0));

    auto& meta = next->metadata;
    if (!meta.deletionTimestamp || grace < meta.deletionGracePeriodSeconds.value_or(0)) {
      meta.deletionTimestamp = api::Time::from(clock_.wall() + std::chrono::seconds(grace));
      meta.deletionGracePeriodSeconds = grace;
      if (resource.has_generation()) ++meta.generation;
    }
    if (gone(*next)) {
      drop(resource, current);
      return ObjectPtr();
    }
    if (next->type().name == "Namespace") static_cast<corev1::Namespace&>(*next).status.phase = corev1::NamespaceTerminating;
    if (api::semantically_equal(*next, *current)) return current;
    return store(resource, std::move(next));
  }

  Result<ObjectPtr> remove_collection(const Request& request) {
    const Filter filter = PLUMB_TRY(Filter::make(request.namespace_, request.label_selector, request.field_selector));
    std::vector<ObjectPtr> chosen;
    for (const auto& [key, object] : objects_[request.resource])
      if (filter.matches(*request.resource, *object)) chosen.push_back(object);
    for (const ObjectPtr& object : chosen) (void)remove(*request.resource, object, request.delete_options);
    return ObjectPtr();
  }

  Result<ObjectPtr> post_subresource(const Request& request, const ObjectPtr& current) {
    if (request.subresource == "binding") {
      const auto& binding = static_cast<const corev1::Binding&>(*request.object);
      auto pod = std::static_pointer_cast<corev1::Pod>(api::clone(*current));
      if (!binding.metadata.uid.empty() && binding.metadata.uid != pod->metadata.uid)
        return conflict(*request.resource, request.name, "Precondition failed: UID in precondition differs");
      if (pod->metadata.deletionTimestamp)
        return conflict(*request.resource, request.name, "pod " + request.name + " is being deleted, cannot be assigned to a host");
      if (!pod->spec.nodeName.empty())
        return conflict(*request.resource, request.name, "pod " + request.name + " is already assigned to node " + quoted(pod->spec.nodeName));
      pod->spec.nodeName = binding.target.name;
      corev1::PodCondition& scheduled = pod->status.conditions.emplace_back();
      scheduled.type = corev1::PodScheduled;
      scheduled.status = "True";
      scheduled.lastTransitionTime = api::Time::from(clock_.wall());
      store(*request.resource, pod);
      return ObjectPtr();
    }
    if (request.subresource == "eviction") {
      const auto& eviction = static_cast<const policyv1::Eviction&>(*request.object);
      const Result<ObjectPtr> removed =
          remove(*request.resource, current, eviction.deleteOptions ? *eviction.deleteOptions : metav1::DeleteOptions{});
      if (!removed.ok()) return removed.error();
      return ObjectPtr();
    }
    return status_error(Code::not_found, 404, "NotFound", "the fake client serves no subresource " + request.subresource);
  }

  Result<ObjectPtr> scale(const Request& request, const ObjectPtr& current) {
    const Resource& resource = *request.resource;
    const auto view = resource.scale(*current);
    auto scale = std::make_shared<autoscalingv1::Scale>();
    scale->metadata = current->metadata;
    scale->spec.replicas = view.spec_replicas;
    scale->status.replicas = view.status_replicas;
    scale->status.selector = view.selector;
    if (request.verb == Verb::get) return ObjectPtr(scale);
    MutableObject wanted = request.verb == Verb::update ? api::clone(*request.object) : PLUMB_TRY(patch_object(*scale, request.patch_type, request.patch));
    const api::Str& version = wanted->metadata.resourceVersion;
    if (!version.empty() && version != current->metadata.resourceVersion)
      return conflict(resource, current->metadata.name, "the object has been modified; please apply your changes to the latest version and try again");
    MutableObject next = api::clone(*current);
    resource.set_scale(*next, static_cast<autoscalingv1::Scale&>(*wanted).spec.replicas);
    if (resource.has_generation()) ++next->metadata.generation;
    const ObjectPtr stored = store(resource, std::move(next));
    wanted->metadata.resourceVersion = stored->metadata.resourceVersion;
    return ObjectPtr(wanted);
  }

  Clock& clock_;
  std::mutex mutex_;
  // All below under mutex_.
  Random random_;
  std::int64_t revision_ = 1, compacted_ = 0, uids_ = 0;
  std::map<const Resource*, std::map<std::string, ObjectPtr>> objects_;
  std::vector<Change> history_;
  std::vector<std::shared_ptr<Watcher>> watchers_;
  std::deque<Delivery> pending_;
  bool delivering_ = false, held_ = false;
  std::function<std::optional<Error>(const Request&)> interceptor_;
  std::vector<std::string> log_;
  std::map<std::string, Result<std::string>> raw_;
};

FakeClient::FakeClient(Clock& clock, std::uint64_t seed) : state_(std::make_shared<State>(clock, seed)) {}
FakeClient::~FakeClient() = default;

void FakeClient::send(Request request, Done done) { done(state_->call(request)); }

void FakeClient::list(const Resource& resource, const ListOptions& options, ListDone done) { done(state_->list(resource, options)); }

void FakeClient::get_raw(std::string path_and_query, RawDone done) {
  Result<std::string> answer = [&]() -> Result<std::string> {
    std::lock_guard lock(state_->mutex_);
    const auto found = state_->raw_.find(path_and_query);
    if (found == state_->raw_.end()) return status_error(Code::not_found, 404, "NotFound", "the fake client serves no path " + path_and_query);
    return found->second;
  }();
  done(std::move(answer));
}

std::unique_ptr<Watch> FakeClient::watch(const Resource& resource, const WatchOptions& options, WatchHandler handler) {
  class Handle final : public Watch {
   public:
    Handle(std::shared_ptr<State> state, std::shared_ptr<State::Watcher> watcher) : state_(std::move(state)), watcher_(std::move(watcher)) {}
    ~Handle() override { state_->end(watcher_); }

   private:
    std::shared_ptr<State> state_;
    std::shared_ptr<State::Watcher> watcher_;
  };
  return std::make_unique<Handle>(state_, state_->watch(resource, options, std::move(handler)));
}

ObjectPtr FakeClient::add(ObjectPtr object) {
  const Resource& resource = resource_of(object->type());
  MutableObject copy = api::clone(*object);
  ObjectPtr stored;
  {
    std::lock_guard lock(state_->mutex_);
    if (copy->metadata.generation == 0 && resource.has_generation()) copy->metadata.generation = 1;
    state_->complete(*copy);
    stored = state_->store(resource, std::move(copy));
  }
  state_->deliver();
  return stored;
}

void FakeClient::erase(const Resource& resource, std::string_view key) {
  {
    std::lock_guard lock(state_->mutex_);
    auto& table = state_->objects_[&resource];
    const auto found = table.find(std::string(key));
    if (found == table.end()) return;
    const ObjectPtr object = found->second;
    state_->drop(resource, object);
  }
  state_->deliver();
}

ObjectPtr FakeClient::find(const Resource& resource, std::string_view key) const {
  std::lock_guard lock(state_->mutex_);
  const auto& table = state_->objects_[&resource];
  const auto found = table.find(std::string(key));
  return found == table.end() ? nullptr : found->second;
}

std::vector<ObjectPtr> FakeClient::all(const Resource& resource) const {
  std::lock_guard lock(state_->mutex_);
  std::vector<ObjectPtr> result;
  for (const auto& [key, object] : state_->objects_[&resource]) result.push_back(object);
  return result;
}

void FakeClient::serve_raw(std::string path_and_query, Result<std::string> answer) {
  std::lock_guard lock(state_->mutex_);
  state_->raw_.insert_or_assign(std::move(path_and_query), std::move(answer));
}

void FakeClient::intercept(std::function<std::optional<Error>(const Request&)> interceptor) {
  std::lock_guard lock(state_->mutex_);
  state_->interceptor_ = std::move(interceptor);
}

std::vector<std::string> FakeClient::take_log() {
  std::lock_guard lock(state_->mutex_);
  return std::exchange(state_->log_, {});
}

void FakeClient::hold_events() {
  std::lock_guard lock(state_->mutex_);
  state_->held_ = true;
}

void FakeClient::release_events() {
  {
    std::lock_guard lock(state_->mutex_);
    state_->held_ = false;
  }
  state_->deliver();
}

void FakeClient::break_watches(Error error) {
  {
    std::lock_guard lock(state_->mutex_);
    for (const auto& watcher : state_->watchers_) {
      WatchEvent closed;
      closed.error = error;
      state_->pending_.push_back({watcher, std::move(closed)});
    }
    state_->watchers_.clear();
  }
  state_->deliver();
}

void FakeClient::compact() {
  std::lock_guard lock(state_->mutex_);
  state_->compacted_ = ++state_->revision_;
  state_->history_.clear();
}

std::size_t FakeClient::watches() const {
  std::lock_guard lock(state_->mutex_);
  return state_->watchers_.size();
}

}  // namespace plumb::informer
