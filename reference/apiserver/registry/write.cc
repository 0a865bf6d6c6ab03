#include "reference/apiserver/registry/write.h"

#include <algorithm>
#include <utility>

#include "harness/base/encoding.h"
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

Refusal Write::reserve(const AdmissionRequest& request, Companions& companions) const {
  const AdmissionChain* chain = registry_.options_.admission;
  return chain ? chain->reserve(request, registry_, companions) : std::nullopt;
}

std::string Write::storage_key(const api::Object& object) {
  const ObjectName name{object.metadata.namespace_.str(), object.metadata.name.str()};
  return storage_prefix(*resources::find_by_type(object.type())) + name.key();
}

CachedPtr Write::unstored(std::shared_ptr<api::Object> object, Revision revision) const {
  const std::string key = name_.key();
  return std::make_shared<const CachedObject>(key, std::move(object), revision);
}

void Write::in_turn(std::function<void()> next) {
  turns().enter(storage_key(), [this, self = shared_from_this(), next = std::move(next)] {
    has_turn_ = true;
    next();
  });
}

void Write::end_turn() {
  if (std::exchange(has_turn_, false)) turns().leave(storage_key());
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

void Write::settle(store::Txn txn, Companions companions, std::function<void(Result<Revision>)> settled, std::function<void()> lost) {
  WatchCache& cache = watch_cache();
  const std::size_t own_guards = txn.guards.size();
  txn.guards.insert(txn.guards.end(), companions.guards.begin(), companions.guards.end());
  txn.ops.insert(txn.ops.end(), companions.ops.begin(), companions.ops.end());
  const std::vector<store::Guard> guards = txn.guards;
  registry_.options_.store->txn(std::move(txn), [&cache, guards, own_guards, told = std::move(companions.settled), settled = std::move(settled),
                                                 lost = std::move(lost)](Result<store::TxnResponse> response) {
    if (response.ok() && told) told(*response, own_guards);
    if (!response.ok()) return settled(std::move(response).error());
    const Revision revision = response->revision;
    if (response->succeeded)
      return cache.when_at(revision, [settled, revision](Status reached) { reached.ok() ? settled(revision) : settled(std::move(reached).error()); });
    // Whatever changed a key is at most as new as the newest value of a guard; a key without one was removed, up to `revision`.
    Revision newest = 0;
    for (std::size_t i = 0; i < guards.size(); ++i) {
      const auto& value = response->values[i];
      if (value || guards[i].mod_revision) newest = std::max(newest, value ? value->mod_revision : revision);
    }
    cache.when_at(newest ? newest : revision, [settled, lost](Status reached) { reached.ok() ? lost() : settled(std::move(reached).error()); });
  });
}

void Write::put(std::shared_ptr<api::Object> object, Revision expected, Companions companions, std::function<void(ApiResult<CachedPtr>)> stored,
                std::function<void()> lost) {
  if (!expires()) return put_under(0, std::move(object), expected, std::move(companions), std::move(stored), std::move(lost));
  registry_.event_leases_.with(registry_.blocking_, [self = shared_from_this(), object, expected, companions, stored, lost](Result<store::LeaseId> lease) {
    lease.ok() ? self->put_under(*lease, object, expected, companions, stored, lost) : stored(status::from_error(lease.error()));
  });
}

ApiResult<Write::Sent> Write::send(std::shared_ptr<api::Object> object) {
  object->metadata.resourceVersion.reset();
  std::string text;
  api::encode_protobuf(*object, text);
  if (text.size() > store::max_value_bytes)
    return status::entity_too_large("the object is too large to be stored: " + std::to_string(text.size()) + " bytes, at most " +
                                    std::to_string(store::max_value_bytes) + " are possible");
  Sent sent{store::bytes(std::move(text)), std::make_shared<WatchCache::OwnWrite>()};
  sent.own->object = std::move(object);
  return sent;
}

void Write::put_under(store::LeaseId lease, std::shared_ptr<api::Object> object, Revision expected, Companions companions,
                      std::function<void(ApiResult<CachedPtr>)> stored, std::function<void()> lost) {
  auto main = send(std::move(object));
  if (!main.ok()) return stored(main.status());
  std::vector<Sent> all{*main};
  store::Txn txn = store::Txn::update(storage_key(), main->bytes, expected, lease);
  for (const Companions::Change& change : companions.changes) {
    auto sent = send(change.next);
    if (!sent.ok()) return stored(sent.status());
    const std::string key = storage_key(*change.current);
    txn.guards.push_back({key, parse_int(change.current->metadata.resourceVersion).value_or(0)});
    txn.ops.push_back({store::Op::Kind::put, key, sent->bytes});
    all.push_back(std::move(*sent));
  }
  WatchCache& cache = watch_cache();
  for (const Sent& each : all) cache.expect(each.bytes, each.own);
  const auto forget = [&cache, all] {
    for (const Sent& each : all) cache.forget(each.bytes);
  };
  settle(
      std::move(txn), std::move(companions),
      [this, self = shared_from_this(), forget, own = main->own, stored = std::move(stored)](Result<Revision> revision) {
        forget();
        if (!revision.ok()) return stored(status::from_error(revision.error()));
        if (own->published) return stored(own->published);
        own->object->metadata.resourceVersion = std::to_string(*revision);
        stored(unstored(std::move(own->object), *revision));
      },
      [forget, lost = std::move(lost)] {
        forget();
        lost();
      });
}

void Write::erase(const CachedPtr& current, Companions companions, std::function<void(ApiResult<CachedPtr>)> erased, std::function<void()> lost) {
  settle(
      store::Txn::remove(storage_key(), current->revision()), std::move(companions),
      [this, self = shared_from_this(), current, erased = std::move(erased)](Result<Revision> revision) {
        if (!revision.ok()) return erased(status::from_error(revision.error()));
        auto last = api::clone(**current);
        last->metadata.resourceVersion = std::to_string(*revision);
        erased(unstored(std::move(last), *revision));
      },
      std::move(lost));
}

}  // namespace plumb::apiserver
