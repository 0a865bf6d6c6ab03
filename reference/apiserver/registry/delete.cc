// Deletion: at once, or by marking the object and waiting for its grace period and its finalizers.
#include <algorithm>

#include "reference/api/types/corev1.h"
#include "reference/api/walk.h"
#include "reference/apiserver/registry/versions.h"
#include "reference/apiserver/registry/write.h"

namespace plumb::apiserver {
namespace {

constexpr int attempts_limit = 64;
constexpr std::string_view orphan_finalizer = "orphan";
constexpr std::string_view foreground_finalizer = "foregroundDeletion";

bool has(const api::List<api::Str>& list, std::string_view value) { return std::find(list.begin(), list.end(), value) != list.end(); }

// What is to become of the dependents, by the options, else by what the object says already, else by the resource's default.
std::string_view propagation(const Resource& resource, const metav1::ObjectMeta& metadata, const metav1::DeleteOptions& options) {
  if (options.orphanDependents) return *options.orphanDependents ? metav1::DeletePropagationOrphan : metav1::DeletePropagationBackground;
  if (options.propagationPolicy) return options.propagationPolicy->view();
  if (has(metadata.finalizers, orphan_finalizer)) return metav1::DeletePropagationOrphan;
  if (has(metadata.finalizers, foreground_finalizer)) return metav1::DeletePropagationForeground;
  return resource.orphans_by_default() ? metav1::DeletePropagationOrphan : metav1::DeletePropagationBackground;
}

void set_finalizers(metav1::ObjectMeta& metadata, std::string_view policy) {
  const auto set = [&](std::string_view finalizer, bool wanted) {
    if (wanted == has(metadata.finalizers, finalizer)) return;
    if (wanted)
      metadata.finalizers.push_back(api::Str(finalizer));
    else
      metadata.finalizers.erase_if([&](const api::Str& each) { return each == finalizer; });
  };
  set(orphan_finalizer, policy == metav1::DeletePropagationOrphan);
  set(foreground_finalizer, policy == metav1::DeletePropagationForeground);
}

std::int64_t grace_seconds(const Resource& resource, const api::Object& object, const metav1::DeleteOptions& options) {
  if (!resource.graceful_deletion()) return 0;
  std::int64_t grace = 0;
  if (const auto* pod = api::as<corev1::Pod>(object)) {
    grace = options.gracePeriodSeconds ? *options.gracePeriodSeconds : pod->spec.terminationGracePeriodSeconds.value_or(30);
    if (pod->spec.nodeName.empty() || pod->status.phase == corev1::PodSucceeded || pod->status.phase == corev1::PodFailed) grace = 0;
  } else {
    grace = options.gracePeriodSeconds.value_or(0);
  }
  return grace < 0 ? 1 : grace;
}

class Delete : public Write {
 public:
  Delete(Registry& registry, const RequestContext& context, const Resource& resource, const ObjectName& name, const metav1::DeleteOptions& options,
         Done<DeleteResult> done)
      : Write(registry, context, resource, name, {}), options_(options), done_(std::move(done)) {}

  void run() {
    if (auto refused = check_delete_options(options_)) return done_(std::move(*refused));
    attempt();
  }

 private:
  void attempt() {
    const CachedPtr current = cache()->find(name_.key());
    if (!current) return refresh_or(status::not_found(group_resource(), name_.name));
    if (auto failed = check_preconditions(options_, **current)) return refresh_or(std::move(*failed));
    AdmissionRequest request = admission(Operation::remove, nullptr, current->object().get());
    if (auto refused = mutate(request)) return finish(std::move(*refused));
    if (auto refused = admit(request)) return finish(std::move(*refused));

    std::shared_ptr<api::Object> next = mark(**current);
    const bool waits = !next->metadata.finalizers.empty() || next->metadata.deletionGracePeriodSeconds.value_or(0) > 0 || holds_content(*next);
    if (context_.dry_run) return finish(DeleteResult{waits ? unstored(std::move(next), current->revision()) : current, !waits});
    auto lost = [self = self_as<Delete>()] { self->again(); };
    if (!waits) {
      if (allocator()) return in_allocation_turn(nullptr, current->object().get(), [self = self_as<Delete>(), current] { self->erase_with_allocation(current); });
      return erase(current, {}, [self = self_as<Delete>()](ApiResult<CachedPtr> gone) { self->gone(std::move(gone)); }, lost);
    }
    if (api::semantically_equal(*next, **current)) return finish(DeleteResult{current, false});
    put(std::move(next), current->revision(), {}, [self = self_as<Delete>()](ApiResult<CachedPtr> marked) {
      marked.ok() ? self->finish(DeleteResult{*marked, false}) : self->finish(marked.status());
    }, lost);
  }

  void erase_with_allocation(const CachedPtr& current) {
    erase(current, allocator()->release(**current), [self = self_as<Delete>()](ApiResult<CachedPtr> gone) { self->gone(std::move(gone)); }, [self = self_as<Delete>()] { self->again(); });
  }

  void gone(ApiResult<CachedPtr> gone) { gone.ok() ? finish(DeleteResult{*gone, true}) : finish(gone.status()); }

  // The only way out once an attempt was made. The answer comes last: whoever waited for it may end the registry.
  void finish(ApiResult<DeleteResult> result) {
    end_turn();
    end_allocation();
    done_(std::move(result));
  }

  // The object as one that is being deleted.
  std::shared_ptr<api::Object> mark(const api::Object& current) const {
    auto next = api::clone(current);
    metav1::ObjectMeta& metadata = next->metadata;
    set_finalizers(metadata, propagation(resource_, metadata, options_));
    const std::int64_t grace = grace_seconds(resource_, current, options_);
    if (!metadata.deletionTimestamp) {
      metadata.deletionTimestamp = api::Time::from(now() + std::chrono::seconds(grace));
      metadata.deletionGracePeriodSeconds = grace;
      if (metadata.generation > 0) ++metadata.generation;
      if (auto* namespace_ = dynamic_cast_namespace(*next)) namespace_->status.phase = corev1::NamespaceTerminating;
    } else if (const std::int64_t before = metadata.deletionGracePeriodSeconds.value_or(0); options_.gracePeriodSeconds && grace < before) {
      // A grace period can only become shorter.
      metadata.deletionTimestamp.seconds -= before - grace;
      metadata.deletionGracePeriodSeconds = grace;
    }
    return next;
  }

  static corev1::Namespace* dynamic_cast_namespace(api::Object& object) {
    return &object.type() == &corev1::Namespace::info() ? static_cast<corev1::Namespace*>(&object) : nullptr;
  }

  void again() {
    // Those who change the object all the time would be first every time. Who has the turn to allocate waits for no other.
    if (++attempts_ < attempts_limit) return has_turn_ || allocates_ ? attempt() : in_turn([self = self_as<Delete>()] { self->attempt(); });
    finish(status::stale(group_resource(), name_.name));
  }

  void refresh_or(metav1::Status refusal) {
    if (fresh_) return finish(std::move(refusal));
    fresh_ = true;
    watch_cache().when_fresh([self = self_as<Delete>()](Status fresh) {
      fresh.ok() ? self->attempt() : self->finish(status::from_error(fresh.error()));
    });
  }

  const metav1::DeleteOptions options_;
  const Done<DeleteResult> done_;
  int attempts_ = 0;
  bool fresh_ = false;
};

// Deletes the objects of a list, a bounded number at a time.
class DeleteAll : public std::enable_shared_from_this<DeleteAll> {
 public:
  DeleteAll(Registry& registry, const RequestContext& context, const Resource& resource, const metav1::DeleteOptions& options, ListResult list,
            Done<ListResult> done)
      : registry_(registry), context_(context), resource_(resource), options_(options), list_(std::move(list)), done_(std::move(done)) {}

  void run() {
    std::unique_lock lock(mutex_);
    if (starting_) return;
    starting_ = true;
    while (next_ < list_.items.size() && in_flight_ < at_once && !failed_) {
      const metav1::ObjectMeta& metadata = (*list_.items[next_++])->metadata;
      ++in_flight_;
      lock.unlock();
      registry_.remove(context_, resource_, {metadata.namespace_.str(), metadata.name.str()}, options_,
                       [self = shared_from_this()](ApiResult<DeleteResult> result) { self->finished(result); });
      lock.lock();
    }
    starting_ = false;
    if (in_flight_ > 0 || answered_) return;
    answered_ = true;
    lock.unlock();
    failed_ ? done_(std::move(*failed_)) : done_(std::move(list_));
  }

 private:
  static constexpr std::size_t at_once = 64;

  void finished(const ApiResult<DeleteResult>& result) {
    {
      const std::lock_guard lock(mutex_);
      --in_flight_;
      if (!result.ok() && result.status().code != 404 && !failed_) failed_ = result.status();
      if (in_flight_ > at_once / 2) return;
    }
    run();
  }

  Registry& registry_;
  const RequestContext context_;
  const Resource& resource_;
  const metav1::DeleteOptions options_;
  ListResult list_;
  const Done<ListResult> done_;

  std::mutex mutex_;
  std::size_t next_ = 0, in_flight_ = 0;
  bool starting_ = false, answered_ = false;
  std::optional<metav1::Status> failed_;
};

}  // namespace

Refusal check_preconditions(const metav1::DeleteOptions& options, const api::Object& object) {
  const metav1::Preconditions* wanted = options.preconditions.get();
  if (!wanted) return std::nullopt;
  const metav1::ObjectMeta& metadata = object.metadata;
  // Upstream names the kind here where it names the resource elsewhere.
  const GroupResource kind{object.type().group, object.type().name};
  if (wanted->uid && *wanted->uid != metadata.uid)
    return status::conflict(kind, metadata.name, "the UID in the precondition (" + wanted->uid->str() + ") does not match the UID in record (" + metadata.uid.str() +
                                                     "). The object might have been deleted and then recreated");
  if (wanted->resourceVersion && *wanted->resourceVersion != metadata.resourceVersion)
    return status::conflict(kind, metadata.name, "the ResourceVersion in the precondition (" + wanted->resourceVersion->str() +
                                                     ") does not match the ResourceVersion in record (" + metadata.resourceVersion.str() +
                                                     "). The object might have been modified");
  return std::nullopt;
}

std::optional<metav1::Status> check_delete_options(const metav1::DeleteOptions& options) {
  resources::FieldErrors errors;
  const auto& policy = options.propagationPolicy;
  const std::vector<std::string_view> known = {metav1::DeletePropagationForeground, metav1::DeletePropagationBackground, metav1::DeletePropagationOrphan};
  if (options.orphanDependents && policy)
    errors.invalid(resources::FieldPath("propagationPolicy"), resources::FieldErrors::quoted(*policy), "orphanDependents and deletionPropagation cannot be both set");
  if (policy && std::find(known.begin(), known.end(), policy->view()) == known.end())
    errors.not_supported(resources::FieldPath("propagationPolicy"), resources::FieldErrors::quoted(*policy), {known[0], known[1], known[2], "nil"});
  for (const api::Str& each : options.dryRun)
    if (each != "All") errors.not_supported(resources::FieldPath("dryRun"), resources::FieldErrors::quoted(each), {"All"});
  if (errors.empty()) return std::nullopt;
  return status::invalid("meta.k8s.io", "DeleteOptions", "", errors);
}

void Registry::remove(const RequestContext& context, const Resource& resource, const ObjectName& name, const metav1::DeleteOptions& options,
                      Done<DeleteResult> done) {
  if (!options_.cache->find(resource)) return done(status::method_not_allowed({resource.group(), resource.names().plural}, "delete"));
  std::make_shared<Delete>(*this, context, resource, name, options, in_version(resource, std::move(done)))->run();
}

void Registry::remove_collection(const RequestContext& context, const Resource& resource, const ListOptions& selection,
                                 const metav1::DeleteOptions& options, Done<ListResult> done) {
  list(resource, selection, [this, context, &resource, options, done = std::move(done)](ApiResult<ListResult> listed) {
    if (!listed.ok()) return done(listed.status());
    std::make_shared<DeleteAll>(*this, context, resource, options, std::move(*listed), done)->run();
  });
}

}  // namespace plumb::apiserver
