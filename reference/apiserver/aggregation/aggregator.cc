#include "reference/apiserver/aggregation/aggregator.h"

#include "harness/base/encoding.h"
#include "harness/net/crypto.h"
#include "reference/apiserver/aggregation/group_priorities.h"
#include "reference/apiserver/http/tunnel.h"

namespace plumb::apiserver {
namespace {

using namespace std::chrono_literals;
using apiregistrationv1::APIService;

constexpr std::size_t clients_limit = 64;
constexpr Duration ask_timeout = 5s, request_timeout = 60s;  // upstream's
constexpr std::size_t discovery_limit = 8 << 20;
constexpr const char* text_type = "text/plain; charset=utf-8";
constexpr const char* managed_label = "kube-aggregator.kubernetes.io/automanaged";

// Upstream's for names of extra fields: what may not stand in a header's name.
std::string header_key(std::string_view key) {
  std::string out;
  for (const char c : key) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("!#$&'*+-.^_`|~").find(c) != std::string_view::npos;
    if (fine)
      out += c;
    else
      out += "%" + hex_encode(std::string_view(&c, 1));
  }
  return out;
}

net::Headers identity_headers(const User& user) {
  net::Headers headers{{"X-Remote-User", user.name}};
  if (!user.uid.empty()) headers.add("X-Remote-Uid", user.uid);
  for (const std::string& group : user.groups) headers.add("X-Remote-Group", group);
  for (const auto& [key, values] : user.extra)
    for (const std::string& value : values) headers.add("X-Remote-Extra-" + header_key(key), value);
  return headers;
}

std::shared_ptr<APIService> local_service(std::string_view group, std::string_view version, WallTime now) {
  auto made = std::make_shared<APIService>();
  made->metadata.name = std::string(version) + "." + std::string(group);
  made->metadata.labels.set(managed_label, "onstart");
  made->spec.group = group;
  made->spec.version = version;
  const GroupPriority priority = priority_of(group, version);
  made->spec.groupPriorityMinimum = priority.group;
  made->spec.versionPriority = priority.version;
  const Availability local = local_availability();
  apiregistrationv1::APIServiceCondition& condition = made->status.conditions.emplace_back();
  condition.type = apiregistrationv1::Available;
  condition.status = local.status;
  condition.reason = local.reason;
  condition.message = local.message;
  condition.lastTransitionTime = api::Time::from(now);
  return made;
}

// Upstream serves apiregistration.k8s.io beside what it registers.
std::map<std::string, std::shared_ptr<APIService>> local_services(WallTime now) {
  std::map<std::string, std::shared_ptr<APIService>> made;
  for (const Resource* resource : resources::all()) {
    if (resource->group() == APIService::info().group) continue;
    auto service = local_service(resource->group(), resource->version(), now);
    made.emplace(service->metadata.name.str(), std::move(service));
  }
  return made;
}

// Clients that differ in any of it are apart.
std::string tls_key(const net::TlsClientOptions& tls, const net::Endpoint& endpoint) {
  return endpoint.text() + (tls.insecure_skip_verify ? " any " : " verified ") + tls.server_name + " " + hex_encode(net::sha256(tls.ca_pem));
}

}  // namespace

Aggregator::Aggregator(Registry& registry, Clock& clock, AggregationOptions options)
    : registry_(registry), clock_(clock), options_(std::move(options)),
      availability_(registry, clock, [this](const net::Endpoint& endpoint, const std::string& path, AvailabilityWatch::Asked asked) { ask(endpoint, path, std::move(asked)); }) {}

Aggregator::~Aggregator() = default;

Status Aggregator::ensure_local_services() {
  std::vector<std::shared_ptr<api::Object>> missing;
  OwnCalls calls(registry_);
  for (auto& [name, wanted] : local_services(clock_.wall())) {
    const auto present = registry_.ClusterView::get<APIService>({}, name);
    if (!present) {
      missing.push_back(std::move(wanted));
      continue;
    }
    // What somebody has put in the place of a local one stays.
    if (present->spec == wanted->spec || present->spec.service) continue;
    const auto written = calls.change(APIService::info(), {{}, name}, {}, [spec = wanted->spec](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
      auto next = std::make_shared<APIService>(static_cast<const APIService&>(current));
      next->spec = spec;
      return std::shared_ptr<api::Object>(std::move(next));
    });
    if (!written.ok()) return status::to_error(written.status()).in("registering APIService " + name);
  }
  return calls.create_missing(std::move(missing));
}

bool Aggregator::take(const CallPtr& call) {
  const auto& parts = call->info().parts;
  const bool legacy = parts.size() >= 2 && parts[0] == "api";
  if (!legacy && (parts.size() < 3 || parts[0] != "apis")) return false;
  const ForeignPtr table = availability_.table();
  if (table->empty()) return false;
  const auto found = table->find(legacy ? "/" + parts[1] : parts[1] + "/" + parts[2]);
  if (found == table->end()) return false;
  pass_on(call, found->second);
  return true;
}

void Aggregator::pass_on(const CallPtr& call, const ForeignVersion& foreign) {
  if (!foreign.available || foreign.endpoints.empty()) return call->send_text(503, text_type, "service unavailable\n");
  const net::Endpoint& endpoint = foreign.endpoints[turn_++ % foreign.endpoints.size()];
  const auto connection = client(*foreign.service, endpoint);
  if (!connection.ok()) return call->send_text(500, text_type, connection.error().message + "\n");
  const net::Request& request = call->request();
  Passage passage;
  passage.added = identity_headers(*call->context().user);
  passage.verbatim = true;
  if (call->info().verb != "watch") passage.timeout = request_timeout;
  tunnel(call, *connection, request.query.empty() ? request.path : request.path + "?" + request.query, "APIService " + foreign.service->metadata.name.str(), std::move(passage));
}

// Whoever owns the network and answers in the server's place is found out when requests are passed on: here nothing is verified, as upstream.
void Aggregator::ask(const net::Endpoint& endpoint, const std::string& path, AvailabilityWatch::Asked asked) {
  const std::string url = "https://" + endpoint.text() + path;
  auto made = connect(endpoint, {{}, options_.proxy_client_certificate, options_.proxy_client_key, {}, true});
  if (!made.ok()) return asked(std::move(made).error().in("failing or missing response from " + url));
  User kube_aggregator;
  kube_aggregator.name = "system:kube-aggregator";
  kube_aggregator.groups = {std::string(masters_group)};
  net::ClientRequest request;
  request.target = path;
  request.headers = identity_headers(kube_aggregator);
  request.headers.add("accept", "application/json");
  request.timeout = ask_timeout;
  const auto http = *made;
  http->send_async(std::move(request), [url, http, asked = std::move(asked)](Result<net::ClientResponse> response) {
    if (!response.ok()) return asked(std::move(response).error().in("failing or missing response from " + url));
    if (response->status < 200 || response->status >= 300)
      return asked(fail(Code::unavailable, "failing or missing response from " + url + ": bad status from " + url + ": " + std::to_string(response->status)));
    asked(std::move(response->body));
  });
}

Result<std::shared_ptr<net::HttpClient>> Aggregator::client(const APIService& service, const net::Endpoint& endpoint) {
  net::TlsClientOptions tls{service.spec.caBundle.data.str(), options_.proxy_client_certificate, options_.proxy_client_key, {}, service.spec.insecureSkipTLSVerify};
  tls.server_name = service.spec.service->name.str() + "." + service.spec.service->namespace_.str() + ".svc";
  return connect(endpoint, std::move(tls));
}

Result<std::shared_ptr<net::HttpClient>> Aggregator::connect(const net::Endpoint& endpoint, net::TlsClientOptions tls) {
  const std::string key = tls_key(tls, endpoint);
  const std::lock_guard lock(mutex_);
  if (const auto found = clients_.find(key); found != clients_.end()) return found->second;
  net::ClientOptions options;
  options.endpoint = endpoint;
  options.tls = std::move(tls);
  options.max_response_bytes = discovery_limit;
  auto made = PLUMB_TRY(net::HttpClient::create(std::move(options)));
  if (clients_.size() >= clients_limit) clients_.erase(clients_.begin());
  return clients_.emplace(key, std::move(made)).first->second;
}

}  // namespace plumb::apiserver
