#include "reference/apiserver/registry/metadata.h"
#include "reference/apiserver/registry/structure.h"
#include "reference/apiserver/registry/versions.h"
#include "reference/apiserver/registry/write.h"

namespace plumb::apiserver {
namespace {

constexpr int name_attempts = 8;  // for generateName, as upstream

class Create : public Write {
 public:
  Create(Registry& registry, const RequestContext& context, const Resource& resource, std::string_view namespace_,
         std::shared_ptr<api::Object> object, Done<CachedPtr> done)
      : Write(registry, context, resource, {resource.names().namespaced ? std::string(namespace_) : std::string(), {}}, {}), object_(std::move(object)), done_(std::move(done)) {}

  void run() {
    const bool generated = object_->metadata.name.empty() && !object_->metadata.generateName.empty();
    attempts_ = generated ? name_attempts : 1;
    if (auto refused = prepare_new_metadata(resource_, name_.namespace_, *object_, now())) return done_(std::move(*refused));
    name_.name = object_->metadata.name.str();
    resource_.set_defaults(*object_);
    if (auto refused = prepare()) return done_(std::move(*refused));
    attempt();
  }

 private:
  Refusal prepare() {
    AdmissionRequest request = admission(Operation::create, object_.get(), nullptr);
    if (auto refused = mutate(request)) return refused;
    resource_.prepare_for_create(*object_);
    resources::FieldErrors errors;
    validate_metadata(resource_, object_->metadata, errors);
    validate_structure(*object_, errors);
    validate(*object_, nullptr, errors);
    if (!errors.empty()) return invalid(errors);
    return admit(request);
  }

  void attempt() {
    if (context_.dry_run) return rehearse();
    // A later attempt needs the object again.
    auto mine = --attempts_ > 0 ? api::clone(*object_) : std::move(object_);
    put(std::move(mine), 0, done_, [self = self_as<Create>()] { self->taken(); });
  }

  void rehearse() {
    watch_cache().when_fresh([self = self_as<Create>()](Status fresh) {
      if (!fresh.ok()) return self->done_(status::from_error(fresh.error()));
      if (self->cache()->find(self->name_.key())) return self->done_(status::already_exists(self->group_resource(), self->name_.name));
      self->done_(self->unstored(std::move(self->object_), 0));
    });
  }

  void taken() {
    if (attempts_ == 0) return done_(status::already_exists(group_resource(), name_.name));
    name_.name = generated_name(object_->metadata.generateName);
    object_->metadata.name = name_.name;
    attempt();
  }

  std::shared_ptr<api::Object> object_;
  const Done<CachedPtr> done_;
  int attempts_ = 1;
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
