// The API over HTTP: finds out who asks for what, whether they may, and hands the request to what answers it. Called by net::Server on a
// reactor thread; never blocks.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/net/server.h"
#include "reference/apiserver/authentication/authenticator.h"
#include "reference/apiserver/authorization/authorizer.h"
#include "reference/apiserver/http/call.h"

namespace plumb::apiserver {

// Serves what is no resource: everything at a path, or below it when it ends in '/'.
struct Route {
  std::string path;
  std::function<void(const CallPtr&)> serve;
  bool even_if_busy = false;  // health and metrics answer when the server is at its limit
  bool any_accept = false;    // looks at the Accept header by itself
};

// Serves a subresource that is a stream or a proxy ("log", "exec", "attach", "portforward", "proxy").
class Connector {
 public:
  virtual ~Connector() = default;
  virtual void connect(const CallPtr& call, const Resource& resource) = 0;
};

// Takes requests that another server answers, once it is known that the user may make them.
class Delegate {
 public:
  virtual ~Delegate() = default;
  // True when the call is taken care of.
  virtual bool take(const CallPtr& call) = 0;
};

class Handler {
 public:
  struct Options {
    Registry* registry = nullptr;
    std::vector<Authenticator*> authenticators = {};
    std::vector<Authorizer*> authorizers = {};
    bool anonymous = true;
    std::size_t max_in_flight = 3'000;  // watches and other streams not counted
    Connector* connector = nullptr;     // nullptr: those subresources answer 503
    Delegate* delegate = nullptr;       // nullptr: this server answers everything
    std::vector<Route> routes = {};
  };
  explicit Handler(Options options);

  void handle(net::Request request, net::ResponseWriter writer) { serve(std::move(request), std::move(writer), nullptr); }
  // For a user who is known already: a part of this process.
  void handle_as(UserPtr user, net::Request request, net::ResponseWriter writer) { serve(std::move(request), std::move(writer), std::move(user)); }

 private:
  void serve(net::Request request, net::ResponseWriter writer, UserPtr known);
  ApiResult<UserPtr> identify(const net::Request& request) const;
  ApiResult<UserPtr> authenticate(const net::Request& request) const;
  ApiResult<UserPtr> impersonate(const net::Request& request, UserPtr user) const;
  std::optional<metav1::Status> authorize(const User& user, const RequestInfo& info, std::string_view path) const;
  Verdict judge(const Attributes& attributes) const;
  void dispatch(const CallPtr& call);
  const Route* find_route(std::string_view path) const;
  bool admit(const CallPtr& call, const Route* route);

  const Options options_;
  std::atomic<std::size_t> in_flight_{0};
};

// Serves one request for a resource that is known to exist. Implemented in resource_handler.cc.
void serve_resource(Registry& registry, Connector* connector, const CallPtr& call, const Resource& resource);

}  // namespace plumb::apiserver
