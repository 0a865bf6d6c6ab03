// What creates, updates and deletes share: admission and validation before, the guarded transaction, and the answer once the write is
// durable and visible.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "reference/apiserver/registry/registry.h"

namespace plumb::apiserver {

// True when the object cannot go yet for a reason that is not in its metadata: a namespace that is not emptied.
bool holds_content(const api::Object& object);

// One write request on its way. Lives as long as a callback holds it.
class Write : public std::enable_shared_from_this<Write> {
 public:
  Write(Registry& registry, const RequestContext& context, const Resource& resource, ObjectName name, std::string_view subresource)
      : registry_(registry), context_(context), resource_(resource.stored()), asked_(resource), name_(std::move(name)), subresource_(subresource) {}
  virtual ~Write() = default;

 protected:
  template <class Self>
  std::shared_ptr<Self> self_as() {
    return std::static_pointer_cast<Self>(shared_from_this());
  }
  GroupResource group_resource() const { return {asked_.group(), asked_.names().plural}; }
  metav1::Status invalid(const resources::FieldErrors& errors) const;
  // In the version that was asked for; an update (`current`: the object as it was) by the rules of updates, too.
  void validate(const api::Object& next, const api::Object* current, resources::FieldErrors& errors) const;
  AdmissionRequest admission(Operation operation, api::Object* object, const api::Object* old) const;
  Refusal mutate(AdmissionRequest& request) const;
  Refusal admit(const AdmissionRequest& request) const;
  Refusal reserve(const AdmissionRequest& request, Companions& companions) const;
  std::string storage_key() const { return storage_prefix(resource_) + name_.key(); }
  static std::string storage_key(const api::Object& object);
  ResourceCache* cache() const { return registry_.options_.cache->find(resource_); }
  WatchCache& watch_cache() const { return *registry_.options_.cache; }
  WallTime now() const { return registry_.options_.clock->wall(); }
  // A CachedPtr that is not in the cache: for dry runs and computed answers.
  Turns& turns() const { return registry_.turns_; }
  CachedPtr unstored(std::shared_ptr<api::Object> object, Revision revision) const;

  // Runs `next` when it is this write's turn among those that change the same object; end_turn() gives the turn on.
  void in_turn(std::function<void()> next);
  void end_turn();

  // nullptr for most resources.
  Allocator* allocator() const {
    const auto found = registry_.allocators_.find(&resource_);
    return found == registry_.allocators_.end() ? nullptr : found->second;
  }
  // Runs `next` when it is this write's turn, where what is given out comes from one place; end_allocation() gives the turn on.
  void in_allocation_turn(const api::Object* object, const api::Object* current, std::function<void()> next);
  void end_allocation();

  // Puts the object if the key is still at `expected` (0: absent), and its companions with it. `stored` gets what is now visible; `lost` is called when a guard did not
  // hold, with the cache at least as new as the reason why.
  void put(std::shared_ptr<api::Object> object, Revision expected, Companions companions, std::function<void(ApiResult<CachedPtr>)> stored,
           std::function<void()> lost);
  void erase(const CachedPtr& current, Companions companions, std::function<void(ApiResult<CachedPtr>)> erased, std::function<void()> lost);

  Registry& registry_;
  const RequestContext context_;
  const Resource& resource_;  // what is stored
  const Resource& asked_;     // what the request names: the same, or another version of it
  ObjectName name_;
  const std::string subresource_;
  Companions allocated_;  // what the allocator has given the object that is to be stored
  bool has_turn_ = false;
  bool allocates_ = false;  // has the turn to allocate

 private:
  std::string allocation_key() const { return "allocation of " + resource_.group_resource(); }
  // True for objects that vanish some time after they were written.
  bool expires() const { return resource_.names().plural == "events"; }
  // An object as it is sent to the store, and as the cache expects it back.
  struct Sent {
    Bytes bytes;
    std::shared_ptr<WatchCache::OwnWrite> own;
  };
  ApiResult<Sent> send(std::shared_ptr<api::Object> object);
  void put_under(store::LeaseId lease, std::shared_ptr<api::Object> object, Revision expected, Companions companions,
                 std::function<void(ApiResult<CachedPtr>)> stored, std::function<void()> lost);
  void settle(store::Txn txn, Companions companions, std::function<void(Result<Revision>)> settled, std::function<void()> lost);
};

}  // namespace plumb::apiserver
