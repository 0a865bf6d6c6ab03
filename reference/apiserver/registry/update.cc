#include "reference/api/walk.h"
#include "reference/apiserver/registry/metadata.h"
#include "reference/apiserver/registry/structure.h"
#include "reference/apiserver/registry/versions.h"
#include "reference/apiserver/registry/write.h"

namespace plumb::apiserver {
namespace {

constexpr int attempts_limit = 64;  // against others who change the same object all the time

class Update : public Write {
 public:
  Update(Registry& registry, const RequestContext& context, const Resource& resource, const ObjectName& name, std::string_view subresource,
         Transform transform, Done<CachedPtr> done)
      : Write(registry, context, resource, name, subresource), transform_(std::move(transform)), answer_(std::move(done)) {}

  // The first attempt trusts the cache; whatever it would refuse because of that is looked at again with a cache that is certainly new.
  void run() { turns().contended(storage_key()) ? take_turn() : attempt(); }

 private:
  void take_turn() {
    in_turn([self = self_as<Update>()] { self->attempt(); });
  }

  // The only way out. The answer comes last: whoever waited for it may end the registry.
  void finish(ApiResult<CachedPtr> result) {
    end_allocation();
    end_turn();
    answer_(std::move(result));
  }

  void attempt() {
    const CachedPtr current = cache()->find(name_.key());
    if (!current) return refresh_or([this] { finish(status::not_found(group_resource(), name_.name)); });
    auto transformed = transform_(**current);
    if (!transformed.ok()) return finish(transformed.status());
    std::shared_ptr<api::Object> next = std::move(*transformed);
    const metav1::ObjectMeta& metadata = next->metadata;
    if (!metadata.resourceVersion.empty() && metadata.resourceVersion != current->object()->metadata.resourceVersion)
      return refresh_or([this] { finish(status::stale(group_resource(), name_.name)); });
    if (!metadata.uid.empty() && metadata.uid != (*current)->metadata.uid)
      return refresh_or([this, wanted = metadata.uid.str(), actual = (*current)->metadata.uid.str()] {
        finish(status::conflict(group_resource(), name_.name, "Precondition failed: UID in precondition: " + wanted + ", UID in object meta: " + actual));
      });
    if (!allocates()) return prepare_and_write(std::move(next), current);
    const bool had_turn = allocates_;
    in_allocation_turn(next.get(), current->object().get(), [self = self_as<Update>(), had_turn, next, current] {
      // While it waited for its turn the object may have changed.
      !had_turn && self->allocates_ ? self->attempt() : self->prepare_and_write(next, current);
    });
  }

  bool allocates() const { return subresource_.empty() && allocator(); }

  void prepare_and_write(std::shared_ptr<api::Object> next, const CachedPtr& current) {
    if (auto refused = prepare(*next, **current)) return finish(std::move(*refused));
    Companions companions = allocated_;
    if (auto refused = reserve(admission(Operation::update, next.get(), current->object().get()), companions))
      return refresh_or([this, refused = std::move(*refused)] { finish(refused); });
    write(std::move(next), current, std::move(companions));
  }

  Refusal prepare(api::Object& next, const api::Object& current) {
    keep_metadata(next, current);
    resource_.set_defaults(next);
    AdmissionRequest request = admission(Operation::update, &next, &current);
    if (auto refused = mutate(request)) return refused;
    allocated_ = {};
    if (allocates()) {
      auto allocated = allocator()->allocate(next, &current, now());
      if (!allocated.ok()) return allocated.status();
      allocated_ = std::move(*allocated);
    }
    if (subresource_.empty()) resource_.prepare_for_update(next, current);
    if (subresource_ == "status") resource_.prepare_for_status_update(next, current);
    if (!subresource_.empty() && subresource_ != "status") resource_.prepare_for_subresource_update(subresource_, next, current);
    // A pod that gets its node is the same pod: upstream's pods keep their generation when they are bound.
    if (subresource_ != "binding" && resource_.has_generation() && resource_.spec_changed(next, current))
      next.metadata.generation = current.metadata.generation + 1;
    resources::FieldErrors errors;
    validate_metadata(resource_, next.metadata, errors);
    validate_metadata_update(next.metadata, current.metadata, errors);
    validate_structure(next, errors);
    if (subresource_.empty() || subresource_ == "scale") {
      validate(next, &current, errors);
    } else if (subresource_ == "status") {
      resource_.validate_status_update(next, current, errors);
    } else {
      resource_.validate_subresource_update(subresource_, next, current, errors);
    }
    if (!errors.empty()) return invalid(errors);
    return admit(request);
  }

  // Nothing holds the object any more: its last finalizer went with this update.
  static bool released(const api::Object& next) {
    return next.metadata.deletionTimestamp && next.metadata.finalizers.empty() && next.metadata.deletionGracePeriodSeconds.value_or(0) == 0 &&
           !holds_content(next);
  }

  void write(std::shared_ptr<api::Object> next, const CachedPtr& current, Companions companions) {
    if (context_.dry_run) {
      next->metadata.resourceVersion = (*current)->metadata.resourceVersion;
      return finish(unstored(std::move(next), current->revision()));
    }
    auto lost = [self = self_as<Update>()] { self->again(); };
    if (released(*next)) {
      Companions released = allocator() ? allocator()->release(**current) : Companions();
      return erase(current, std::move(released), [self = self_as<Update>(), next](ApiResult<CachedPtr> erased) {
        if (erased.ok()) next->metadata.resourceVersion = (**erased)->metadata.resourceVersion;
        erased.ok() ? self->finish(self->unstored(next, (*erased)->revision())) : self->finish(erased.status());
      }, lost);
    }
    next->metadata.resourceVersion = (*current)->metadata.resourceVersion;
    if (api::semantically_equal(*next, **current)) return finish(current);
    put(std::move(next), current->revision(), std::move(companions), [self = self_as<Update>()](ApiResult<CachedPtr> stored) { self->finish(std::move(stored)); }, lost);
  }

  void again() {
    // Whoever has one turn does not wait for another: it could be held by somebody who waits for the first.
    if (++attempts_ < attempts_limit) return has_turn_ || allocates_ ? attempt() : take_turn();
    finish(status::stale(group_resource(), name_.name));
  }

  void refresh_or(std::function<void()> give_up) {
    if (fresh_) return give_up();
    fresh_ = true;
    watch_cache().when_fresh([self = self_as<Update>()](Status fresh) {
      fresh.ok() ? self->attempt() : self->finish(status::from_error(fresh.error()));
    });
  }

  const Transform transform_;
  const Done<CachedPtr> answer_;
  int attempts_ = 0;
  bool fresh_ = false;
};

}  // namespace

void Registry::transform(const RequestContext& context, const Resource& resource, const ObjectName& name, std::string_view subresource,
                         Transform transform, Done<CachedPtr> done) {
  if (!options_.cache->find(resource)) return done(status::method_not_allowed({resource.group(), resource.names().plural}, "update"));
  std::make_shared<Update>(*this, context, resource, name, subresource, on_stored(resource, std::move(transform)), in_version(resource, std::move(done)))->run();
}

void Registry::update(const RequestContext& context, const Resource& resource, const ObjectName& name, std::string_view subresource,
                      std::shared_ptr<api::Object> object, Done<CachedPtr> done) {
  if (auto refused = check_name(object->metadata, name.namespace_, name.name)) return done(std::move(*refused));
  const auto put = [object = api::ObjectPtr(std::move(object)), &resource](const api::Object&) -> ApiResult<std::shared_ptr<api::Object>> {
    if (object->metadata.resourceVersion.empty() && !resource.unconditional_update()) {
      resources::FieldErrors errors;
      errors.invalid(resources::FieldPath("metadata.resourceVersion"), "0", "must be specified for an update");
      return status::invalid(resource.group(), resource.type().name, object->metadata.name, errors);
    }
    return api::clone(*object);
  };
  transform(context, resource, name, subresource, put, std::move(done));
}

}  // namespace plumb::apiserver
