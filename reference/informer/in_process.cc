#include "reference/informer/in_process.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "harness/base/encoding.h"
#include "reference/api/types/autoscalingv1.h"
#include "reference/apiserver/apiserver.h"
#include "reference/apiserver/authorization/authorizer.h"
#include "reference/apiserver/registry/registry.h"
#include "reference/informer/guarded_handler.h"
#include "reference/informer/http_answers.h"
#include "reference/informer/patch_object.h"

namespace plumb::informer {

namespace {

using apiserver::ApiResult;
using apiserver::CachedPtr;
using apiserver::ObjectName;

constexpr std::size_t events_at_once = 256;

apiserver::Done<CachedPtr> object_answer(Done done) {
  return [done = std::move(done)](ApiResult<CachedPtr> result) {
    result.ok() ? done(*result ? (*result)->object() : ObjectPtr()) : done(apiserver::status::to_error(result.status()));
  };
}

// A binding, an eviction: the server answers with a Status.
template <class T>
apiserver::Done<T> bare_answer(Done done) {
  return [done = std::move(done)](ApiResult<T> result) { result.ok() ? done(ObjectPtr()) : done(apiserver::status::to_error(result.status())); };
}

apiserver::Done<apiserver::DeleteResult> delete_answer(Done done) {
  return [done = std::move(done)](ApiResult<apiserver::DeleteResult> result) {
    if (!result.ok()) return done(apiserver::status::to_error(result.status()));
    done(result->removed || !result->object ? ObjectPtr() : result->object->object());
  };
}

metav1::Status to_status(const Error& error) {
  metav1::Status status = apiserver::status::from_error(error);
  if (error.http_status) status.code = error.http_status;
  if (!error.reason.empty()) status.reason = error.reason;
  return status;
}

ObjectPtr scale_of(const Resource& resource, const api::Object& object) {
  const auto view = resource.scale(object);
  auto scale = std::make_shared<autoscalingv1::Scale>();
  scale->metadata.name = object.metadata.name;
  scale->metadata.namespace_ = object.metadata.namespace_;
  scale->metadata.uid = object.metadata.uid;
  scale->metadata.resourceVersion = object.metadata.resourceVersion;
  scale->metadata.creationTimestamp = object.metadata.creationTimestamp;
  scale->spec.replicas = view.spec_replicas;
  scale->status.replicas = view.status_replicas;
  scale->status.selector = view.selector;
  return scale;
}

apiserver::Done<CachedPtr> scale_answer(const Resource& resource, Done done) {
  return [&resource, done = std::move(done)](ApiResult<CachedPtr> result) {
    result.ok() ? done(scale_of(resource, **(*result))) : done(apiserver::status::to_error(result.status()));
  };
}

}  // namespace

class InProcessTransport::Core {
 public:
  struct Subscription {
    explicit Subscription(WatchHandler handler) : handler(std::move(handler)) {}
    GuardedHandler handler;
    std::mutex mutex;
    apiserver::WatcherPtr watcher;  // under mutex
  };

  Core(apiserver::Registry& registry, std::vector<apiserver::Authorizer*> authorizers, apiserver::Apiserver* server)
      : registry(registry), server(server), authorizers_(std::move(authorizers)), thread_([this] { run(); }) {}
  ~Core() {
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
      ready_.notify_all();
    }
    thread_.join();
  }

  std::optional<metav1::Status> refused(const apiserver::User& user, std::string_view verb, const Resource& resource, std::string_view subresource,
                                        std::string_view namespace_, std::string_view name) const {
    if (authorizers_.empty()) return std::nullopt;
    apiserver::Attributes attributes;
    attributes.user = &user;
    attributes.verb = verb;
    attributes.group = resource.group();
    attributes.version = resource.version();
    attributes.resource = resource.names().plural;
    attributes.subresource = subresource;
    attributes.namespace_ = namespace_;
    attributes.name = name;
    for (apiserver::Authorizer* authorizer : authorizers_) {
      const apiserver::Verdict verdict = authorizer->authorize(attributes);
      if (verdict.decision == apiserver::Decision::allow) return std::nullopt;
      if (verdict.decision == apiserver::Decision::deny) break;
    }
    std::string what = resource.names().plural;
    if (!subresource.empty()) what.append("/").append(subresource);
    std::string why = "User \"" + user.name + "\" cannot " + std::string(verb) + " resource \"" + what + "\" in API group \"" +
                      std::string(resource.group()) + "\" " +
                      (namespace_.empty() ? "at the cluster scope" : "in the namespace \"" + std::string(namespace_) + "\"");
    return apiserver::status::forbidden({resource.group(), what}, name, why);
  }

  // May be called under a lock of the watch cache: it only notes who is ready.
  void signal(std::weak_ptr<Subscription> subscription) {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(subscription));
    ready_.notify_one();
  }

  apiserver::Registry& registry;
  apiserver::Apiserver* const server;  // may be nullptr

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ready_.wait(lock, [&] { return stopped_ || !queue_.empty(); });
      if (stopped_) return;
      const std::weak_ptr<Subscription> next = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      if (const auto subscription = next.lock()) drain(subscription);
      lock.lock();
    }
  }

  void drain(const std::shared_ptr<Subscription>& subscription) {
    apiserver::WatcherPtr watcher;
    {
      std::lock_guard lock(subscription->mutex);
      watcher = subscription->watcher;
    }
    if (!watcher) return;
    apiserver::Watcher::Batch batch = watcher->take(events_at_once);
    for (apiserver::WatchEvent& event : batch.events) {
      if (subscription->handler.ended()) return;
      subscription->handler.deliver(convert(event));
    }
    if (batch.ended) {
      WatchEvent closed;
      if (batch.error) closed.error = apiserver::status::to_error(*batch.error);
      subscription->handler.deliver(std::move(closed));
    } else if (batch.more) {
      signal(subscription);
    }
  }

  static WatchEvent convert(apiserver::WatchEvent& event) {
    static constexpr WatchEvent::Type types[] = {WatchEvent::Type::added, WatchEvent::Type::modified, WatchEvent::Type::deleted,
                                                 WatchEvent::Type::bookmark};
    WatchEvent converted;
    converted.type = types[static_cast<int>(event.type)];
    if (event.object) converted.object = event.object->object();
    converted.resource_version = std::to_string(event.revision);
    return converted;
  }

  const std::vector<apiserver::Authorizer*> authorizers_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::weak_ptr<Subscription>> queue_;  // under mutex_; each watcher stands here at most once
  bool stopped_ = false;                           // under mutex_
  std::thread thread_;
};

class InProcessTransport::InProcessClient final : public Client {
 public:
  InProcessClient(std::shared_ptr<Core> core, apiserver::UserPtr user, std::string user_agent)
      : core_(std::move(core)), user_(std::move(user)), user_agent_(std::move(user_agent)) {}

  using Client::get_raw;
  using Client::list;

  void send(Request request, Done done) override {
    const Resource& resource = *request.resource;
    if (auto refused = core_->refused(*user_, verb_name(request.verb), resource, request.subresource, request.namespace_, request.name))
      return done(apiserver::status::to_error(*refused));
    const ObjectName name{request.namespace_, request.name};
    switch (request.verb) {
      case Verb::get:
        return core_->registry.get(resource, name, request.resource_version,
                                   request.subresource == "scale" ? scale_answer(resource, std::move(done)) : object_answer(std::move(done)));
      case Verb::create: return create(request, name, std::move(done));
      case Verb::update:
      case Verb::patch: return change(request, name, std::move(done));
      case Verb::remove: return core_->registry.remove(context(request), resource, name, request.delete_options, delete_answer(std::move(done)));
      case Verb::remove_collection: return remove_collection(request, std::move(done));
    }
  }

  void list(const Resource& resource, const ListOptions& options, ListDone done) override {
    if (auto refused = core_->refused(*user_, "list", resource, {}, options.namespace_, {})) return done(apiserver::status::to_error(*refused));
    auto selection = apiserver::parse_selection(resource, options.namespace_, options.label_selector, options.field_selector);
    if (!selection.ok()) return done(apiserver::status::to_error(selection.status()));
    apiserver::ListOptions wanted;
    wanted.selection = std::move(*selection);
    wanted.limit = options.limit;
    wanted.continue_token = options.continue_token;
    wanted.resource_version = options.resource_version;
    core_->registry.list(resource, wanted, [done = std::move(done)](ApiResult<apiserver::ListResult> result) {
      if (!result.ok()) return done(apiserver::status::to_error(result.status()));
      api::ObjectList list;
      list.metadata.resourceVersion = std::to_string(result->revision);
      list.metadata.continue_ = result->continue_token;
      list.items.reserve(result->items.size());
      for (const CachedPtr& item : result->items) list.items.push_back(item->object());
      done(std::move(list));
    });
  }

  void get_raw(std::string path_and_query, RawDone done) override {
    if (!core_->server) return done(apiserver::status::to_error(apiserver::status::path_not_found()).in("GET " + path_and_query + " of a registry without a server"));
    core_->server->get(user_, user_agent_, std::move(path_and_query), [done = std::move(done)](Result<net::ClientResponse> response) { done(raw_answer(std::move(response))); });
  }

  std::unique_ptr<Watch> watch(const Resource& resource, const WatchOptions& options, WatchHandler handler) override {
    class Handle final : public Watch {
     public:
      explicit Handle(std::shared_ptr<Core::Subscription> subscription) : subscription_(std::move(subscription)) {}
      ~Handle() override {
        subscription_->handler.end();
        std::lock_guard lock(subscription_->mutex);
        watcher_ = std::move(subscription_->watcher);
      }

     private:
      apiserver::WatcherPtr watcher_;  // let go of after the lock
      std::shared_ptr<Core::Subscription> subscription_;
    };

    auto subscription = std::make_shared<Core::Subscription>(std::move(handler));
    const auto fail_with = [&](const metav1::Status& status) {
      WatchEvent closed;
      closed.error = apiserver::status::to_error(status);
      subscription->handler.deliver(std::move(closed));
      return std::make_unique<Handle>(subscription);
    };
    if (auto refused = core_->refused(*user_, "watch", resource, {}, options.namespace_, {})) return fail_with(*refused);
    auto selection = apiserver::parse_selection(resource, options.namespace_, options.label_selector, options.field_selector);
    if (!selection.ok()) return fail_with(selection.status());
    apiserver::WatchOptions wanted;
    wanted.selection = std::move(*selection);
    wanted.resource_version = options.resource_version;
    wanted.allow_bookmarks = true;
    core_->registry.watch(resource, wanted, [core = core_, subscription](ApiResult<apiserver::WatcherPtr> result) {
      if (!result.ok()) {
        WatchEvent closed;
        closed.error = apiserver::status::to_error(result.status());
        return subscription->handler.deliver(std::move(closed));
      }
      const apiserver::WatcherPtr watcher = *result;
      watcher->on_ready([core = std::weak_ptr(core), weak = std::weak_ptr(subscription)] {
        if (const auto alive = core.lock()) alive->signal(weak);
      });
      {
        std::lock_guard lock(subscription->mutex);
        if (subscription->handler.ended()) return;
        subscription->watcher = watcher;
      }
      core->signal(subscription);
    });
    return std::make_unique<Handle>(std::move(subscription));
  }

 private:
  apiserver::RequestContext context(const Request& request) const {
    apiserver::RequestContext made;
    made.user = user_;
    made.dry_run = request.dry_run;
    made.field_manager = request.field_manager;
    made.user_agent = user_agent_;
    return made;
  }

  void create(const Request& request, const ObjectName& name, Done done) {
    apiserver::Registry& registry = core_->registry;
    if (request.subresource.empty())
      return registry.create(context(request), *request.resource, request.namespace_, api::clone(*request.object), object_answer(std::move(done)));
    if (request.subresource == "binding") return registry.bind(context(request), name, *request.object, bare_answer<CachedPtr>(std::move(done)));
    if (request.subresource == "eviction")
      return registry.evict(context(request), name, *request.object, bare_answer<apiserver::DeleteResult>(std::move(done)));
    if (request.subresource == "token") {
      return registry.issue_token(context(request), name, api::clone(*request.object),
                                  [done = std::move(done)](ApiResult<std::shared_ptr<api::Object>> result) {
                                    result.ok() ? done(ObjectPtr(*result)) : done(apiserver::status::to_error(result.status()));
                                  });
    }
    done(apiserver::status::to_error(
        apiserver::status::not_found({request.resource->group(), request.resource->names().plural + "/" + request.subresource}, request.name)));
  }

  void change(const Request& request, const ObjectName& name, Done done) {
    apiserver::Registry& registry = core_->registry;
    const Resource& resource = *request.resource;
    if (request.subresource == "scale") return rescale(request, name, std::move(done));
    if (request.verb == Verb::update)
      return registry.update(context(request), resource, name, request.subresource, api::clone(*request.object), object_answer(std::move(done)));
    registry.transform(context(request), resource, name, request.subresource,
                       [type = request.patch_type, patch = request.patch](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
                         auto patched = patch_object(current, type, patch);
                         if (!patched.ok()) return to_status(patched.error());
                         return std::move(*patched);
                       },
                       object_answer(std::move(done)));
  }

  void rescale(const Request& request, const ObjectName& name, Done done) {
    const Resource& resource = *request.resource;
    core_->registry.transform(context(request), resource, name, "",
                              [&resource, request](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
                                ObjectPtr wanted = request.object;
                                if (request.verb == Verb::patch) {
                                  auto patched = patch_object(*scale_of(resource, current), request.patch_type, request.patch);
                                  if (!patched.ok()) return to_status(patched.error());
                                  wanted = std::move(*patched);
                                }
                                const auto* scale = wanted ? api::as<autoscalingv1::Scale>(*wanted) : nullptr;
                                if (!scale) return apiserver::status::bad_request("not a Scale object");
                                auto next = api::clone(current);
                                next->metadata.resourceVersion = scale->metadata.resourceVersion;
                                resource.set_scale(*next, scale->spec.replicas);
                                return next;
                              },
                              scale_answer(resource, std::move(done)));
  }

  void remove_collection(const Request& request, Done done) {
    auto selection = apiserver::parse_selection(*request.resource, request.namespace_, request.label_selector, request.field_selector);
    if (!selection.ok()) return done(apiserver::status::to_error(selection.status()));
    apiserver::ListOptions chosen;
    chosen.selection = std::move(*selection);
    core_->registry.remove_collection(context(request), *request.resource, chosen, request.delete_options,
                                      bare_answer<apiserver::ListResult>(std::move(done)));
  }

  const std::shared_ptr<Core> core_;
  const apiserver::UserPtr user_;
  const std::string user_agent_;
};

InProcessTransport::InProcessTransport(apiserver::Registry& registry, std::vector<apiserver::Authorizer*> authorizers, apiserver::Apiserver* server)
    : core_(std::make_shared<Core>(registry, std::move(authorizers), server)) {}
InProcessTransport::~InProcessTransport() = default;

std::unique_ptr<Client> InProcessTransport::client(apiserver::UserPtr user, std::string user_agent) {
  return std::make_unique<InProcessClient>(core_, std::move(user), std::move(user_agent));
}

}  // namespace plumb::informer
