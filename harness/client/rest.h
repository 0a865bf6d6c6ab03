// The Kubernetes API in its own verbs, on JSON documents. Safe from any thread; every call blocks until its answer is there.
//
// An error answer of the server becomes an Error with its message, `reason` ("NotFound"), `http_status`, and a code to branch on.
// Requests that may be repeated (GET, PUT, DELETE) are, up to five times, when the server says it is busy (429, 503, 504), after the
// delay it asks for. There is no client-side rate limit. Include nlohmann/json.hpp where results are used.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "harness/client/exec.h"
#include "harness/client/line_stream.h"
#include "harness/client/transport.h"

namespace plumb::client {

using Json = nlohmann::json;
using Query = std::map<std::string, std::string>;  // limit, continue, labelSelector, fieldSelector, resourceVersion, dryRun, …

// A collection: `{"apps/v1", "deployments", "default"}`. Without a namespace: cluster-scoped, or over all namespaces.
struct Resource {
  std::string group_version;
  std::string plural;
  std::string space;

  std::string path(std::string_view name = {}, std::string_view subresource = {}) const;
};

struct ApiResource {
  std::string group_version, plural, kind;
  bool namespaced = false;
  Resource in(const std::string& space) const { return {group_version, plural, namespaced ? space : std::string()}; }
};

enum class PatchKind { json, merge, strategic, apply };
std::string_view content_type(PatchKind kind);

class Watch;

class Client {
 public:
  Client(Config config, std::unique_ptr<Transport> transport, Clock& clock = real_clock());
  ~Client();
  static Result<std::shared_ptr<Client>> connect(const Config& config);

  const Config& config() const { return config_; }
  Transport& transport() { return *transport_; }

  Result<Json> get(const Resource& resource, std::string_view name, std::string_view subresource = {}, const Query& query = {});
  Result<Json> list(const Resource& resource, const Query& query = {});  // one page
  Result<Json> list_all(const Resource& resource, Query query = {}, int page_size = 500);
  // `name` is for subresources of an object (token, eviction, binding); a new object has its name inside.
  Result<Json> create(const Resource& resource, const Json& object, const Query& query = {}, std::string_view name = {},
                      std::string_view subresource = {});
  Result<Json> update(const Resource& resource, const Json& object, std::string_view subresource = {}, const Query& query = {});
  Result<Json> patch(const Resource& resource, std::string_view name, PatchKind kind, const Json& patch, std::string_view subresource = {},
                     const Query& query = {});
  // `options`: DeleteOptions (propagationPolicy, gracePeriodSeconds, preconditions), or null. Answers the object or a Status.
  Result<Json> remove(const Resource& resource, std::string_view name, const Json& options);
  Result<Json> remove(const Resource& resource, std::string_view name);
  Result<Json> remove_collection(const Resource& resource, const Query& query = {});
  Result<std::string> logs(const std::string& space, std::string_view pod, const Query& query = {});  // container, previous, tailLines, …
  // Returns once the server has accepted; lines then come as the container writes them, until it ends.
  Result<std::unique_ptr<LineStream>> follow_logs(const std::string& space, std::string_view pod, Query query = {});
  Result<ExecResult> exec(const std::string& space, std::string_view pod, const std::vector<std::string>& command, const ExecOptions& options = {});

  // From `resourceVersion` in the query (without one: from now, beginning with what exists).
  Result<std::unique_ptr<Watch>> watch(const Resource& resource, Query query = {});

  // The condition over one object (nullptr while it does not exist), driven by a watch. Answers the object as it then was (null when
  // absent). `what` completes "waited for …" in the error, which shows what was last seen.
  Result<Json> wait_for(const Resource& resource, const std::string& name, std::string_view what,
                        const std::function<bool(const Json*)>& condition, Duration timeout);
  // The same over a collection, by name.
  using Objects = std::map<std::string, Json>;
  Status wait_for_all(const Resource& resource, const Query& query, std::string_view what,
                      const std::function<bool(const Objects&)>& condition, Duration timeout);

  // Where objects of that kind live; from discovery, remembered. not_found when the server does not serve it.
  Result<ApiResource> find_kind(const std::string& api_version, const std::string& kind);
  Result<ApiResource> find_resource(const std::string& group_version, const std::string& plural);
  Result<Json> version();

  // Any path, for what has no verb above. A non-2xx answer is an Error.
  Result<Json> call(const std::string& method, const std::string& path, const Json* body, const Query& query = {},
                    const Headers& headers = {});
  // Any path, any answer; sent once.
  Result<Response> raw(const std::string& method, const std::string& path, std::string body = {}, const Query& query = {},
                       const Headers& headers = {});

 private:
  Result<Response> send(Request request);
  Result<std::vector<ApiResource>> discover(const std::string& group_version);

  const Config config_;
  const std::unique_ptr<Transport> transport_;
  Clock& clock_;
  struct Cache;
  const std::unique_ptr<Cache> cache_;
};

// An error answer as an Error; `what` says what was attempted.
Error error_of(const Response& response, std::string_view what);

// The target of a request: path and encoded query.
std::string target_of(const std::string& path, const Query& query);

}  // namespace plumb::client
