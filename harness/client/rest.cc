#include "harness/client/rest.h"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>

#include "harness/base/encoding.h"
#include "harness/base/wait.h"
#include "harness/client/watch.h"

namespace plumb::client {
namespace {

constexpr int max_attempts = 6;
constexpr Duration call_timeout = std::chrono::seconds(60);

Code code_of(int status, std::string_view reason) {
  switch (status) {
    case 400: case 413: case 422: return Code::invalid_argument;
    case 401: return Code::unauthenticated;
    case 403: return Code::permission_denied;
    case 404: return Code::not_found;
    case 405: case 406: case 415: return Code::unsupported;
    case 409: return reason == "AlreadyExists" ? Code::already_exists : Code::conflict;
    case 410: return Code::expired;
    case 412: return Code::conflict;
    case 429: return Code::resource_exhausted;
    case 502: case 503: return Code::unavailable;
    case 504: return Code::deadline_exceeded;
    default: return Code::internal;
  }
}

std::string text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string name_of(const Json& object) {
  const auto at = Json::json_pointer("/metadata/name");
  return object.is_object() && object.contains(at) && object[at].is_string() ? object[at].get<std::string>() : std::string();
}

bool repeatable(const std::string& method) { return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE"; }

// A server error that names a time to come again is repeated whatever the method, as client-go does: the server did nothing.
bool busy(const Request& request, const Response& response) {
  const int status = response.status;
  if (status >= 500 && !header(response.headers, "retry-after").empty()) return true;
  return repeatable(request.method) && (status == 429 || status == 502 || status == 503 || status == 504);
}

Duration delay_before(int attempt, const Response* response) {
  if (response != nullptr) {
    if (const auto seconds = parse_int(header(response->headers, "retry-after")); seconds && *seconds >= 0) {
      return std::chrono::seconds(std::min<std::int64_t>(*seconds, 30));
    }
  }
  return std::chrono::milliseconds(50 << attempt);
}

Result<Json> parse(const Response& response, const std::string& what) {
  Json document = Json::parse(response.body, nullptr, false);
  if (document.is_discarded()) return fail(Code::internal, what + ": the answer is not JSON: " + response.body.substr(0, 200));
  return document;
}

std::string brief(const Json& object) {
  Json shown = object;
  if (shown.is_object() && shown.contains("metadata") && shown["metadata"].is_object()) shown["metadata"].erase("managedFields");
  std::string out = shown.dump(-1, ' ', false, Json::error_handler_t::replace);
  constexpr std::size_t limit = 4000;
  return out.size() > limit ? out.substr(0, limit) + "…" : out;
}

}  // namespace

std::string_view content_type(PatchKind kind) {
  switch (kind) {
    case PatchKind::json: return "application/json-patch+json";
    case PatchKind::merge: return "application/merge-patch+json";
    case PatchKind::strategic: return "application/strategic-merge-patch+json";
    case PatchKind::apply: return "application/apply-patch+yaml";
  }
  return {};
}

struct Client::Cache {
  std::mutex mutex;
  std::map<std::string, std::vector<ApiResource>> groups;
};

std::string Resource::path(std::string_view name, std::string_view subresource) const {
  std::string out = (group_version.find('/') == std::string::npos ? "/api/" : "/apis/") + group_version;
  if (!space.empty()) out += "/namespaces/" + url_encode(space);
  out += "/" + plural;
  if (!name.empty()) out += "/" + url_encode(name);
  if (!subresource.empty()) out += "/" + std::string(subresource);
  return out;
}

std::string target_of(const std::string& path, const Query& query) {
  std::string out = path;
  char joint = path.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [key, value] : query) {
    out += joint + url_encode(key) + "=" + url_encode(value);
    joint = '&';
  }
  return out;
}

Error error_of(const Response& response, std::string_view what) {
  const Json status = Json::parse(response.body, nullptr, false);
  std::string message, reason;
  if (status.is_object() && text(status, "kind") == "Status") {
    message = text(status, "message");
    reason = text(status, "reason");
  } else {
    message = response.body.substr(0, 300);
  }
  if (response.status == 401) message += ": the server does not accept the credentials; check the kubeconfig's user: is its token right, is its certificate of this cluster and not expired?";
  Error error = fail(code_of(response.status, reason), std::string(what) + ": HTTP " + std::to_string(response.status) +
                                                           (reason.empty() ? "" : " " + reason) + ": " + message, reason);
  error.http_status = response.status;
  return error;
}

Client::Client(Config config, std::unique_ptr<Transport> transport, Clock& clock)
    : config_(std::move(config)), transport_(std::move(transport)), clock_(clock), cache_(std::make_unique<Cache>()) {}
Client::~Client() = default;

Result<std::shared_ptr<Client>> Client::connect(const Config& config) {
  return std::make_shared<Client>(config, PLUMB_TRY(make_curl_transport(config)));
}

Result<Response> Client::send(Request request) {
  request.timeout = call_timeout;
  for (int attempt = 1;; ++attempt) {
    auto response = transport_->send(request);
    const bool again = response.ok() ? busy(request, *response)
                                     : request.method == "GET" && response.error().code == Code::unavailable && attempt < 3;
    if (!again || attempt == max_attempts) return response;
    plumb::wait_for(clock_, delay_before(attempt, response.ok() ? &*response : nullptr));
  }
}

Result<Response> Client::raw(const std::string& method, const std::string& path, std::string body, const Query& query, const Headers& headers) {
  return transport_->send({.method = method, .target = target_of(path, query), .headers = headers, .body = std::move(body), .timeout = call_timeout});
}

Result<Json> Client::call(const std::string& method, const std::string& path, const Json* body, const Query& query, const Headers& headers) {
  Request request{.method = method, .target = target_of(path, query), .headers = headers};
  if (header(headers, "accept").empty()) request.headers.emplace_back("accept", "application/json");
  if (body != nullptr && !body->is_null()) {
    request.body = body->dump(-1, ' ', false, Json::error_handler_t::replace);
    if (header(headers, "content-type").empty()) request.headers.emplace_back("content-type", "application/json");
  }
  const Response response = PLUMB_TRY(send(std::move(request)));
  const std::string what = method + " " + path;
  if (response.status < 200 || response.status > 299) return error_of(response, what);
  return parse(response, what);
}

Result<Json> Client::get(const Resource& resource, std::string_view name, std::string_view subresource, const Query& query) {
  return call("GET", resource.path(name, subresource), nullptr, query);
}

Result<Json> Client::list(const Resource& resource, const Query& query) { return call("GET", resource.path(), nullptr, query); }

Result<Json> Client::list_all(const Resource& resource, Query query, int page_size) {
  query["limit"] = std::to_string(page_size);
  Json whole = PLUMB_TRY(list(resource, query));
  if (!whole["items"].is_array()) whole["items"] = Json::array();
  while (true) {
    const auto at = whole["metadata"].find("continue");
    if (at == whole["metadata"].end() || !at->is_string() || at->get<std::string>().empty()) return whole;
    query["continue"] = at->get<std::string>();
    auto page = list(resource, query);
    if (!page.ok() && page.error().code == Code::expired) return list(resource, [&] { auto all = query; all.erase("continue"); all.erase("limit"); return all; }());
    if (!page.ok()) return page;
    for (Json& item : (*page)["items"]) whole["items"].push_back(std::move(item));
    whole["metadata"] = (*page)["metadata"];
  }
}

Result<Json> Client::create(const Resource& resource, const Json& object, const Query& query, std::string_view name, std::string_view subresource) {
  return call("POST", resource.path(name, subresource), &object, query);
}

Result<Json> Client::update(const Resource& resource, const Json& object, std::string_view subresource, const Query& query) {
  return call("PUT", resource.path(name_of(object), subresource), &object, query);
}

Result<Json> Client::patch(const Resource& resource, std::string_view name, PatchKind kind, const Json& patch, std::string_view subresource,
                           const Query& query) {
  return call("PATCH", resource.path(name, subresource), &patch, query, {{"content-type", std::string(content_type(kind))}});
}

Result<Json> Client::remove(const Resource& resource, std::string_view name, const Json& options) {
  return call("DELETE", resource.path(name), &options);
}
Result<Json> Client::remove(const Resource& resource, std::string_view name) { return call("DELETE", resource.path(name), nullptr); }

Result<Json> Client::remove_collection(const Resource& resource, const Query& query) { return call("DELETE", resource.path(), nullptr, query); }

Result<std::string> Client::logs(const std::string& space, std::string_view pod, const Query& query) {
  const std::string path = Resource{"v1", "pods", space}.path(pod, "log");
  Response response = PLUMB_TRY(send({.target = target_of(path, query)}));
  if (response.status != 200) return error_of(response, "GET " + path);
  return std::move(response.body);
}

Result<std::unique_ptr<LineStream>> Client::follow_logs(const std::string& space, std::string_view pod, Query query) {
  query["follow"] = "true";
  auto lines = std::make_unique<LineStream>(*transport_, Request{.target = target_of(Resource{"v1", "pods", space}.path(pod, "log"), query)});
  PLUMB_TRY(lines->opened(std::chrono::steady_clock::now() + call_timeout));
  return lines;
}

Result<ExecResult> Client::exec(const std::string& space, std::string_view pod, const std::vector<std::string>& command, const ExecOptions& options) {
  return run_exec(config_, Resource{"v1", "pods", space}.path(pod, "exec"), command, options);
}

Result<std::unique_ptr<Watch>> Client::watch(const Resource& resource, Query query) {
  auto watch = std::make_unique<Watch>(*transport_, resource.path(), std::move(query));
  PLUMB_TRY(watch->opened(std::chrono::steady_clock::now() + call_timeout));
  return watch;
}

Status Client::wait_for_all(const Resource& resource, const Query& query, std::string_view what,
                            const std::function<bool(const Objects&)>& condition, Duration timeout) {
  const Instant deadline = std::chrono::steady_clock::now() + timeout;
  Objects objects;
  while (true) {
    const Json listed = PLUMB_TRY(list(resource, query));
    objects.clear();
    for (const Json& item : listed["items"].is_array() ? listed["items"] : Json::array()) objects[name_of(item)] = item;
    if (condition(objects)) return {};
    Query from = query;
    from["resourceVersion"] = text(listed["metadata"], "resourceVersion");
    Watch watch(*transport_, resource.path(), std::move(from));
    while (true) {
      auto event = watch.next(deadline);
      if (!event.ok() && event.error().code == Code::expired) break;
      if (!event.ok()) return event.error().in("waited for " + std::string(what));
      if (!event->has_value()) {
        Json seen = Json::array();
        for (const auto& [name, object] : objects) seen.push_back(object);
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout).count();
        return fail(Code::deadline_exceeded, "waited " + std::to_string(seconds) + " s for " + std::string(what) + "; last seen: " + brief(seen));
      }
      if ((*event)->type == "BOOKMARK") continue;
      const std::string name = name_of((*event)->object);
      if ((*event)->type == "DELETED") objects.erase(name);
      else objects[name] = std::move((*event)->object);
      if (condition(objects)) return {};
    }
  }
}

Result<Json> Client::wait_for(const Resource& resource, const std::string& name, std::string_view what,
                              const std::function<bool(const Json*)>& condition, Duration timeout) {
  Json last;
  PLUMB_TRY(wait_for_all(
      resource, {{"fieldSelector", "metadata.name=" + name}}, what,
      [&](const Objects& objects) {
        const auto found = objects.find(name);
        last = found == objects.end() ? Json() : found->second;
        return condition(found == objects.end() ? nullptr : &found->second);
      },
      timeout));
  return last;
}

Result<std::vector<ApiResource>> Client::discover(const std::string& group_version) {
  {
    std::lock_guard lock(cache_->mutex);
    if (const auto found = cache_->groups.find(group_version); found != cache_->groups.end()) return found->second;
  }
  const std::string root = group_version.find('/') == std::string::npos ? "/api/" : "/apis/";
  const Json document = PLUMB_TRY(call("GET", root + group_version, nullptr));
  std::vector<ApiResource> resources;
  for (const Json& item : document.value("resources", Json::array())) {
    resources.push_back({group_version, text(item, "name"), text(item, "kind"), item.value("namespaced", false)});
  }
  std::lock_guard lock(cache_->mutex);
  return cache_->groups[group_version] = std::move(resources);
}

Result<ApiResource> Client::find_kind(const std::string& api_version, const std::string& kind) {
  for (const ApiResource& resource : PLUMB_TRY(discover(api_version))) {
    if (resource.kind == kind && resource.plural.find('/') == std::string::npos) return resource;
  }
  return fail(Code::not_found, "the server does not serve kind " + kind + " in " + api_version);
}

Result<ApiResource> Client::find_resource(const std::string& group_version, const std::string& plural) {
  for (const ApiResource& resource : PLUMB_TRY(discover(group_version))) {
    if (resource.plural == plural) return resource;
  }
  return fail(Code::not_found, "the server does not serve " + plural + " in " + group_version);
}

Result<Json> Client::version() { return call("GET", "/version", nullptr); }

}  // namespace plumb::client
