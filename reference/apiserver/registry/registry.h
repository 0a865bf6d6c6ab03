// The generic registry: every verb on every resource, typed and without HTTP. The HTTP server and the in-process transport of the
// components call exactly this. Authentication and authorization lie before it; defaults, admission, validation and storage lie behind it.
//
// Calls never block: the answer comes through `Done`, at once on the calling thread or later on a thread of the store; it must be short
// (hand work to a queue or a reactor). Objects in answers are shared and immutable. Requests in flight are bounded by the callers.
//
// Consistency is upstream's: a get or list without resourceVersion sees every write acknowledged before it; a write is answered when it
// is durable and visible to reads and watches.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "reference/apiserver/admission/plugin.h"
#include "reference/apiserver/authorization/authorizer.h"
#include "reference/apiserver/cache/watch_cache.h"
#include "reference/apiserver/context.h"
#include "reference/apiserver/registry/event_leases.h"
#include "reference/apiserver/registry/extensions.h"
#include "reference/apiserver/registry/turns.h"
#include "reference/apiserver/status.h"
#include "reference/resources/resource.h"
#include "reference/store/store.h"

namespace plumb::apiserver {

using resources::Resource;

struct ObjectName {
  std::string namespace_, name;
  std::string key() const { return namespace_.empty() ? name : namespace_ + "/" + name; }
};

struct ListOptions {
  Selection selection;
  std::int64_t limit = 0;
  std::string continue_token;
  std::string resource_version;        // "": the latest; "0": anything; else at least it, or exactly it
  std::string resource_version_match;  // "", NotOlderThan, Exact
};

struct ListResult {
  std::vector<CachedPtr> items;
  Revision revision = 0;
  std::string continue_token;
  std::optional<std::int64_t> remaining;
};

struct WatchOptions {
  Selection selection;
  std::string resource_version;
  std::string resource_version_match;
  bool allow_bookmarks = false;
  std::optional<bool> send_initial_events;
};

struct DeleteResult {
  CachedPtr object;      // as it is now, or was last
  bool removed = false;  // gone; otherwise it waits for finalizers or its grace period
};

// What an update changes: from the object as it is to a new one. Called again when somebody else was faster; may refuse.
using Transform = std::function<ApiResult<std::shared_ptr<api::Object>>(const api::Object& current)>;

class Registry final : public ClusterView {
 public:
  struct Options {
    store::Store* store = nullptr;
    Clock* clock = nullptr;
    WatchCache* cache = nullptr;
    const AdmissionChain* admission = nullptr;  // nullptr: none
  };
  explicit Registry(Options options) : options_(std::move(options)), event_leases_(*options_.store, *options_.clock), blocking_(2, 64) {}

  // Before the first request: who issues tokens (nullptr: nobody), who answers virtual resources, by group_resource(), and whom admission
  // asks what a user may do (nobody: then nobody may).
  void extend(TokenIssuer* tokens, std::map<std::string, VirtualResource*> virtual_resources, std::vector<Authorizer*> authorizers = {});
  // Before the first write of that resource.
  void allocate_with(const Resource& resource, Allocator& allocator) { allocators_.emplace(&resource.stored(), &allocator); }

  void get(const Resource& resource, const ObjectName& name, std::string_view resource_version, Done<CachedPtr> done);
  void list(const Resource& resource, const ListOptions& options, Done<ListResult> done);
  void watch(const Resource& resource, const WatchOptions& options, Done<WatcherPtr> done);

  // `object` is the caller's to give: it must not be shared. Virtual resources answer with a CachedPtr that was never stored.
  void create(const RequestContext& context, const Resource& resource, std::string_view namespace_, std::shared_ptr<api::Object> object,
              Done<CachedPtr> done);
  // PUT. An empty resourceVersion overwrites whatever is there.
  void update(const RequestContext& context, const Resource& resource, const ObjectName& name, std::string_view subresource,
              std::shared_ptr<api::Object> object, Done<CachedPtr> done);
  // Patches and every other change: read, transform, write if unchanged, and again on a conflict unless the transform set a
  // resourceVersion of its own that no longer holds.
  void transform(const RequestContext& context, const Resource& resource, const ObjectName& name, std::string_view subresource,
                 Transform transform, Done<CachedPtr> done);
  void remove(const RequestContext& context, const Resource& resource, const ObjectName& name, const metav1::DeleteOptions& options,
              Done<DeleteResult> done);
  // Answers with what was deleted, as it was.
  void remove_collection(const RequestContext& context, const Resource& resource, const ListOptions& selection,
                         const metav1::DeleteOptions& options, Done<ListResult> done);

  // Subresources with bodies of their own.
  void bind(const RequestContext& context, const ObjectName& pod, const api::Object& binding, Done<CachedPtr> done);
  void evict(const RequestContext& context, const ObjectName& pod, const api::Object& eviction, Done<DeleteResult> done);
  void issue_token(const RequestContext& context, const ObjectName& account, std::shared_ptr<api::Object> request, Done<std::shared_ptr<api::Object>> done);

  // ClusterView: as the cache has it now.
  api::ObjectPtr get(const api::TypeInfo& type, std::string_view namespace_, std::string_view name) const override;
  std::vector<api::ObjectPtr> list(const api::TypeInfo& type, std::string_view namespace_) const override;
  using ClusterView::get;
  bool may(const Attributes& attributes) const override { return authorize_all(authorizers_, attributes).decision == Decision::allow; }

  WatchCache& cache() const { return *options_.cache; }
  Clock& clock() const { return *options_.clock; }

 private:
  friend class Write;
  // What is created below an object: an eviction, a token.
  Refusal admit_creation(const RequestContext& context, const Resource& resource, const ObjectName& name, std::string_view subresource, api::Object* object) const;

  const Options options_;
  TokenIssuer* tokens_ = nullptr;
  std::map<std::string, VirtualResource*> virtual_resources_;
  std::vector<Authorizer*> authorizers_;
  std::map<const Resource*, Allocator*> allocators_;
  EventLeases event_leases_;
  Turns turns_;
  WorkerPool blocking_;  // what waits for the store: lists of past revisions, new leases
};

// 422 for options that upstream refuses.
std::optional<metav1::Status> check_delete_options(const metav1::DeleteOptions& options);
// 409 when the object is not the one that the options speak of.
Refusal check_preconditions(const metav1::DeleteOptions& options, const api::Object& object);

// Reads a selection as requests spell it; 400 with upstream's text when it is malformed or names a field that is not selectable.
ApiResult<Selection> parse_selection(const Resource& resource, std::string_view namespace_, std::string_view label_selector, std::string_view field_selector);

}  // namespace plumb::apiserver
