// A local, always current copy of one resource, kept by list and watch.
//
// What the cache promises:
// - It shows a state the server had, and moves only forward: an object never goes back to an older version.
// - It lags behind the server, by as little as the transport allows. Who writes and then reads the cache may not see the write yet.
// - Once it has synced it holds everything the list held. From then on every change is seen, except that several changes of one
//   object may show as one, and an object deleted and made again between two lists may show as an update with another UID.
// - It survives everything the connection does: a watch that ends is resumed from the last version seen (bookmarks move it when nothing
//   happens); when that version is no longer kept (410), or the server has lost it, the resource is listed again and the
//   difference is delivered. Retries back off from 200 ms to 30 s, with jitter.
// - Where the server does not serve the resource (404, as of an older release), it has synced without objects, and goes on asking.
// - Objects are shared snapshots, the server's own where the transport is in-process: reading copies nothing. They are const.
//
// What handlers are promised: one call at a time per informer, in order, after the cache has changed; first an add for each object
// already there, so a handler that comes late misses nothing. They run on the thread that delivers, so they must be short and must not
// block: put a key on a queue. There is no periodic resync.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "reference/informer/client.h"
#include "reference/informer/store.h"

namespace plumb::informer {

// before is nullptr for an add; after is nullptr for a deletion, where before is the last state known.
using Handler = std::function<void(const ObjectPtr& before, const ObjectPtr& after)>;

// Which part of a resource is watched.
struct Scope {
  std::string namespace_, label_selector, field_selector;
  auto operator<=>(const Scope&) const = default;
};

class Informer {
 public:
  Informer(Client& client, Clock& clock, const Resource& resource, Scope scope = {});
  // No handler runs once this has returned.
  ~Informer();

  void start();  // idempotent
  // Also before start() and at any time after it.
  void add_handler(Handler handler);
  void add_index(std::string_view name, IndexFunction function) { store_->add_index(std::string(name), std::move(function)); }

  // The first list has been delivered to the cache and to all handlers added before.
  bool has_synced() const;
  const Store& store() const { return *store_; }
  template <class T>
  Lister<T> lister() const {
    return Lister<T>(store_);
  }
  const Resource& resource() const;
  // The newest version seen; "" before the first list.
  std::string resource_version() const;

 private:
  class Core;
  std::shared_ptr<Store> store_;
  std::shared_ptr<Core> core_;
};

// One informer per resource and scope for a whole process, however many components use it. Safe from any thread.
class InformerFactory {
 public:
  InformerFactory(Client& client, Clock& clock) : client_(client), clock_(clock) {}

  // Made at the first call, started by start() or, if that has been called, at once.
  Informer& informer(const Resource& resource, const Scope& scope = {});
  template <class T>
  Informer& informer(const Scope& scope = {}) {
    return informer(resource_of<T>(), scope);
  }
  void start();
  // All informers made so far.
  bool has_synced() const;
  // Ends all informers; references to them become invalid.
  void stop();

 private:
  struct Entry {
    const Resource* resource;
    Scope scope;
    std::unique_ptr<Informer> informer;
  };
  Client& client_;
  Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;  // under mutex_
  bool started_ = false;        // under mutex_
};

}  // namespace plumb::informer
