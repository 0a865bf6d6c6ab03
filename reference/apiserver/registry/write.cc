#include "reference/apiserver/registry/write.h"

#include <utility>

#include "reference/api/codec/protobuf.h"
#include "reference/api/types/corev1.h"

namespace plumb::apiserver {

bool holds_content(const api::Object& object) {
  const auto* namespace_ = api::as<corev1::Namespace>(object);
  return namespace_ && !namespace_->spec.finalizers.empty();
}

metav1::Status Write::invalid(const resources::FieldErrors& errors) const {
  return status::invalid(resource_.group(), resource_.type().name, name_.name, errors);
}

void Write::validate(const api::Object& next, const api::Object* current, resources::FieldErrors& errors) const {
  const bool converted = asked_.stored_as();
  const auto there = [&](const api::Object& stored) { return converted ? asked_.from_stored(stored) : nullptr; };
  const std::shared_ptr<api::Object> shown_next = there(next), shown_current = current ? there(*current) : nullptr;
  const api::Object& object = converted ? *shown_next : next;
  asked_.validate(object, errors);
  current ? asked_.validate_update(object, converted ? *shown_current : *current, errors) : asked_.validate_create(object, errors);
}

AdmissionRequest Write::admission(Operation operation, api::Object* object, const api::Object* old) const {
  AdmissionRequest request{context_, resource_};
  request.subresource = subresource_;
  request.operation = operation;
  request.namespace_ = name_.namespace_;
  request.name = name_.name;
  request.object = object;
  request.old = old;
  request.now = now();
  return request;
}

Refusal Write::mutate(AdmissionRequest& request) const {
  const AdmissionChain* chain = registry_.options_.admission;
  return chain ? chain->mutate(request, registry_) : std::nullopt;
}

Refusal Write::admit(const AdmissionRequest& request) const {
  const AdmissionChain* chain = registry_.options_.admission;
  return chain ? chain->validate(request, registry_) : std::nullopt;
}

CachedPtr Write::unstored(std::shared_ptr<api::Object> object, Revision revision) const {
  const std::string key = name_.key();
  return std::make_shared<const CachedObject>(key, std::move(object), revision);
}

void Write::in_allocation_turn(const api::Object* object, const api::Object* current, std::function<void()> next) {
  if (allocates_ || !allocator()->takes_turns(object, current)) return next();
  turns().enter(allocation_key(), [this, self = shared_from_this(), next = std::move(next)] {
    allocates_ = true;
    next();
  });
}

void Write::end_allocation() {
  if (std::exchange(allocates_, false)) turns().leave(allocation_key());
}

void Write::settle(store::Txn txn, std::function<void(Result<Revision>)> settled, std::function<void()> lost) {
  WatchCache& cache = watch_cache();
  const std::size_t own_guards = txn.guards.size();
  txn.guards.insert(txn.guards.end(), along_.guards.begin(), along_.guards.end());
  txn.ops.insert(txn.ops.end(), along_.ops.begin(), along_.ops.end());
  registry_.options_.store->txn(std::move(txn), [&cache, own_guards, along = std::exchange(along_, {}).settled, settled = std::move(settled),
                                                 lost = std::move(lost)](Result<store::TxnResponse> response) {
    if (response.ok() && along) along(*response, own_guards);
    if (!response.ok()) return settled(std::move(response).error());
    const Revision revision = response->revision;
    if (response->succeeded)
      return cache.when_at(revision, [settled, revision](Status reached) { reached.ok() ? settled(revision) : settled(std::move(reached).error()); });
    // Whatever changed the key is at most as new as the newest value of a guard; without one it was removed, up to `revision`.
    Revision newest = 0;
    for (const auto& value : response->values)
      if (value) newest = std::max(newest, value->mod_revision);
    cache.when_at(newest ? newest : revision, [settled, lost](Status reached) { reached.ok() ? lost() : settled(std::move(reached).error()); });
  });
}

void Write::put(std::shared_ptr<api::Object> object, Revision expected, std::function<void(ApiResult<CachedPtr>)> stored, std::function<void()> lost) {
  if (!expires()) return put_under(0, std::move(object), expected, std::move(stored), std::move(lost));
  registry_.event_leases_.with(registry_.blocking_, [self = shared_from_this(), object, expected, stored, lost](Result<store::LeaseId> lease) {
    lease.ok() ? self->put_under(*lease, object, expected, stored, lost) : stored(status::from_error(lease.error()));
  });
}

void Write::put_under(store::LeaseId lease, std::shared_ptr<api::Object> object, Revision expected, std::function<void(ApiResult<CachedPtr>)> stored,
                      std::function<void()> lost) {
  object->metadata.resourceVersion.reset();
  std::string text;
  api::encode_protobuf(*object, text);
  if (text.size() > store::max_value_bytes)
    return stored(status::entity_too_large("the object is too large to be stored: " + std::to_string(text.size()) + " bytes, at most " +
                                           std::to_string(store::max_value_bytes) + " are possible"));
  const Bytes bytes = store::bytes(std::move(text));
  auto own = std::make_shared<WatchCache::OwnWrite>();
  own->object = std::move(object);
  watch_cache().expect(bytes, own);
  WatchCache& cache = watch_cache();
  settle(
      store::Txn::update(storage_key(), bytes, expected, lease),
      [this, self = shared_from_this(), &cache, own, bytes, stored = std::move(stored)](Result<Revision> revision) {
        cache.forget(bytes);
        if (!revision.ok()) return stored(status::from_error(revision.error()));
        if (own->published) return stored(own->published);
        own->object->metadata.resourceVersion = std::to_string(*revision);
        stored(unstored(std::move(own->object), *revision));
      },
      [&cache, bytes, lost = std::move(lost)] {
        cache.forget(bytes);
        lost();
      });
}

void Write::erase(const CachedPtr& current, std::function<void(ApiResult<CachedPtr>)> erased, std::function<void()> lost) {
  settle(
      store::Txn::remove(storage_key(), current->revision()),
      [this, self = shared_from_this(), current, erased = std::move(erased)](Result<Revision> revision) {
        if (!revision.ok()) return erased(status::from_error(revision.error()));
        auto last = api::clone(**current);
        last->metadata.resourceVersion = std::to_string(*revision);
        erased(unstored(std::move(last), *revision));
      },
      std::move(lost));
}

}  // namespace plumb::apiserver
