#include "reference/apiserver/registry/metadata.h"
#include "reference/apiserver/registry/structure.h"
#include "reference/apiserver/registry/versions.h"
#include "reference/apiserver/registry/write.h"

namespace plumb::apiserver {
namespace {

constexpr int name_attempts = 8;  // for generateName, as upstream
constexpr int change_attempts = 64;  // against others who take what it takes, all the time

class Create : public Write {
 public:
  Create(Registry& registry, const RequestContext& context, const Resource& resource, std::string_view namespace_,
         std::shared_ptr<api::Object> object, Done<CachedPtr> done)
      : Write(registry, context, resource, {resource.names().namespaced ? std::string(namespace_) : std::string(), {}}, {}), object_(std::move(object)), done_(std::move(done)) {}

  void run() {
    const bool generated = object_->metadata.name.empty() && !object_->metadata.generateName.empty();
    attempts_ = generated ? name_attempts : 1;
    if (auto refused = prepare_new_metadata(resource_, name_.namespace_, *object_, now())) return finish(std::move(*refused));
    name_.name = object_->metadata.name.str();
    resource_.set_defaults(*object_);
    if (!allocator()) return prepare_and_put();
    asked_for_ = std::move(object_);
    in_allocation_turn(asked_for_.get(), nullptr, [self = self_as<Create>()] { self->allocate_and_put(); });
  }

 private:
  // The only way out. The answer comes last: whoever waited for it may end the registry.
  void finish(ApiResult<CachedPtr> result) {
    if (!turn_.empty()) turns().leave(turn_);
    end_allocation();
    done_(std::move(result));
  }

  void prepare_and_put() {
    if (auto refused = prepare()) return finish(std::move(*refused));
    attempt();
  }

  void allocate_and_put() {
    object_ = api::clone(*asked_for_);
    prepare_and_put();
  }

  Refusal prepare() {
    AdmissionRequest request = admission(Operation::create, object_.get(), nullptr);
    if (auto refused = mutate(request)) return refused;
    if (auto* pool = allocator()) {
      auto allocated = pool->allocate(*object_, nullptr, now());
      if (!allocated.ok()) return allocated.status();
      allocated_ = std::move(*allocated);
    }
    resource_.prepare_for_create(*object_);
    resources::FieldErrors errors;
    validate_metadata(resource_, object_->metadata, errors);
    validate_structure(*object_, errors);
    validate(*object_, nullptr, errors);
    if (!errors.empty()) return invalid(errors);
    return admit(request);
  }

  void attempt() {
    Companions companions = allocated_;
    if (auto refused = reserve(admission(Operation::create, object_.get(), nullptr), companions)) return refresh_or(std::move(*refused));
    if (context_.dry_run) return rehearse();
    if (!companions.changes.empty() && turn_.empty()) return take_turn(storage_key(*companions.changes.front().current));
    const bool alone = companions.changes.empty() && !asked_for_;
    // A later attempt needs the object again.
    auto mine = attempts_ > 1 || !alone ? api::clone(*object_) : std::move(object_);
    put(std::move(mine), 0, std::move(companions), [self = self_as<Create>()](ApiResult<CachedPtr> stored) { self->finish(std::move(stored)); },
        [self = self_as<Create>(), alone] { alone ? self->taken() : self->lost(); });
  }

  // Those that change the same companion do so one after the other, instead of losing to each other. A turn to allocate always comes before.
  void take_turn(std::string key) {
    turn_ = std::move(key);
    turns().enter(turn_, [self = self_as<Create>()] { self->attempt(); });
  }

  void refresh_or(metav1::Status refusal) {
    if (fresh_) return finish(std::move(refusal));
    fresh_ = true;
    watch_cache().when_fresh([self = self_as<Create>()](Status fresh) {
      fresh.ok() ? self->attempt() : self->finish(status::from_error(fresh.error()));
    });
  }

  void rehearse() {
    watch_cache().when_fresh([self = self_as<Create>()](Status fresh) {
      if (!fresh.ok()) return self->finish(status::from_error(fresh.error()));
      if (self->cache()->find(self->name_.key())) return self->finish(status::already_exists(self->group_resource(), self->name_.name));
      self->finish(self->unstored(std::move(self->object_), 0));
    });
  }

  // To another object of that name, or to somebody who took what it was to be given or changed a companion.
  void lost() {
    if (cache()->find(name_.key())) return taken();
    if (--changes_left_ == 0) {
      if (!asked_for_) return finish(status::stale(group_resource(), name_.name));
      return finish(status::unavailable("what " + name_.name + " needs is given to others all the time, please try again"));
    }
    again();
  }

  void taken() {
    if (--attempts_ == 0) return finish(status::already_exists(group_resource(), name_.name));
    api::Object& object = asked_for_ ? *asked_for_ : *object_;
    name_.name = generated_name(object.metadata.generateName);
    object.metadata.name = name_.name;
    again();
  }

  void again() { asked_for_ ? allocate_and_put() : attempt(); }

  std::shared_ptr<api::Object> object_;
  std::shared_ptr<api::Object> asked_for_;  // where an allocator completes it: as it was before
  const Done<CachedPtr> done_;
  int attempts_ = 1;
  int changes_left_ = change_attempts;
  bool fresh_ = false;
  std::string turn_;  // the companion whose turn it has
};

}  // namespace

void Registry::create(const RequestContext& context, const Resource& resource, std::string_view namespace_, std::shared_ptr<api::Object> object,
                      Done<CachedPtr> done) {
  if (resource.is_virtual()) {
    const auto found = virtual_resources_.find(resource.group_resource());
    if (found == virtual_resources_.end()) return done(status::method_not_allowed({resource.group(), resource.names().plural}, "create"));
    auto answer = found->second->create(context, namespace_, std::move(object));
    if (!answer.ok()) return done(answer.status());
    return done(std::make_shared<const CachedObject>(std::string_view(), std::move(*answer), 0));
  }
  std::make_shared<Create>(*this, context, resource, namespace_, to_stored(resource, std::move(object)), in_version(resource, std::move(done)))->run();
}

}  // namespace plumb::apiserver
