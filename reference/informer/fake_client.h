// A cluster in memory behind the client interface, for tests of components under a virtual clock. It behaves as the API server does where
// components can tell: resource versions and conflicts, generated names, UIDs, generation, status apart from spec, finalizers, grace,
// propagation, selectors, watches, bindings, terminating namespaces. It sets no defaults, does not validate and does not authorize.
//
// Calls complete on the calling thread; watch events are delivered on the thread that caused them, before the call completes, unless
// held back. Same calls, same seed: same UIDs, names and versions. Safe from any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "reference/informer/client.h"

namespace plumb::informer {

class FakeClient final : public Client {
 public:
  explicit FakeClient(Clock& clock, std::uint64_t seed = 1);
  ~FakeClient() override;

  using Client::get_raw;
  using Client::list;
  void send(Request request, Done done) override;
  void list(const Resource& resource, const ListOptions& options, ListDone done) override;
  std::unique_ptr<Watch> watch(const Resource& resource, const WatchOptions& options, WatchHandler handler) override;
  void get_raw(std::string path_and_query, RawDone done) override;

  // For tests. add() stores as given (also status), replacing what is there, and fills in what is missing; nothing is intercepted.
  ObjectPtr add(ObjectPtr object);
  void erase(const Resource& resource, std::string_view key);
  ObjectPtr find(const Resource& resource, std::string_view key) const;
  template <class T>
  std::shared_ptr<const T> find(std::string_view key) const {
    return api::as<T>(find(resource_of<T>(), key));
  }
  template <class T>
  std::vector<std::shared_ptr<const T>> all() const {
    std::vector<std::shared_ptr<const T>> result;
    for (const ObjectPtr& object : all(resource_of<T>())) result.push_back(api::as<T>(object));
    return result;
  }
  std::vector<ObjectPtr> all(const Resource& resource) const;  // by key

  // What get_raw answers from now on for exactly this path and query; NotFound for all others.
  void serve_raw(std::string path_and_query, Result<std::string> answer);
  // Asked before each call; an error is answered in place of carrying it out.
  void intercept(std::function<std::optional<Error>(const Request&)> interceptor);
  // Calls carried out or refused so far: "create pods default/web-".
  std::vector<std::string> take_log();
  // While held, watches deliver nothing; release() catches up.
  void hold_events();
  void release_events();
  // All watches end with this error.
  void break_watches(Error error);
  // Versions before now are forgotten: a watch from one of them is answered with Expired.
  void compact();
  std::size_t watches() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

// "create pods default/web-", "update deployments.apps/status default/web", "remove nodes n1": how logs and transcripts show a request.
std::string describe(const Request& request);

}  // namespace plumb::informer
