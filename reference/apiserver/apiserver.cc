#include "reference/apiserver/apiserver.h"

#include "harness/net/local.h"
#include "harness/net/server.h"
#include "reference/apiserver/bootstrap.h"
#include "reference/apiserver/compaction.h"
#include "reference/apiserver/discovery/discovery.h"
#include "reference/apiserver/discovery/openapi.h"
#include "reference/apiserver/http/forms.h"
#include "reference/apiserver/http/health.h"
#include "reference/apiserver/http/kubelet_connector.h"

namespace plumb::apiserver {
namespace {

constexpr Duration stop_grace = std::chrono::seconds(1);

std::pair<net::Headers, std::string> transport_error(int code, std::string_view what) {
  metav1::Status status = code == 413   ? status::entity_too_large("Request entity too large: limit is " + std::to_string(net::ServerOptions().max_body_bytes))
                          : code == 503 ? status::unavailable(std::string(what))
                          : code == 500 ? status::internal(what)
                                        : status::bad_request(std::string(what));
  status.code = code;
  return {{{"content-type", "application/json"}}, struct_form("v1", metav1::Status::info(), &status, Encoding::json)};
}

}  // namespace

struct Apiserver::Parts {
  ApiserverOptions options;
  std::unique_ptr<WatchCache> cache;
  std::unique_ptr<AdmissionChain> admission;
  std::unique_ptr<Registry> registry;
  std::unique_ptr<Services> services;
  Security security;
  std::unique_ptr<Connector> connector;
  std::unique_ptr<Aggregator> aggregator;
  std::unique_ptr<Handler> handler;
  std::unique_ptr<net::Server> server;
  std::unique_ptr<Compaction> compaction;

  Status assemble();
  Status listen();
};

Status Apiserver::Parts::assemble() {
  WatchCache::Options cache_options;
  cache_options.remote_store = options.remote_store;
  cache = PLUMB_TRY(WatchCache::start(*options.store, *options.clock, resources::all(), cache_options));
  admission = std::make_unique<AdmissionChain>(options.disabled_admission);
  registry = std::make_unique<Registry>(Registry::Options{options.store, options.clock, cache.get(), admission.get()});
  services = PLUMB_TRY(Services::make(*registry, *options.store, options.services));
  if (!options.security) return fail(Code::invalid_argument, "an API server needs authentication and authorization: none were given");
  security = PLUMB_TRY(options.security(*registry));
  std::map<std::string, VirtualResource*> computed;
  for (const auto& [name, resource] : security.virtual_resources) computed.emplace(name, resource.get());
  registry->extend(security.tokens.get(), std::move(computed));

  if (options.kubelet_client) connector = std::make_unique<KubeletConnector>(*registry, *options.kubelet_client);
  aggregator = std::make_unique<Aggregator>(*registry, *options.clock, options.aggregation);
  Handler::Options handling;
  handling.connector = connector.get();
  handling.delegate = aggregator.get();
  handling.registry = registry.get();
  for (const auto& each : security.authenticators) handling.authenticators.push_back(each.get());
  for (const auto& each : security.authorizers) handling.authorizers.push_back(each.get());
  handling.anonymous = security.anonymous;
  handling.routes = security.routes;
  for (Route& route : health_routes(*options.store, *cache)) handling.routes.push_back(std::move(route));
  for (Route& route : openapi_routes()) handling.routes.push_back(std::move(route));
  for (Route& route : discovery_routes([delegate = aggregator.get()] { return delegate->foreign(); })) handling.routes.push_back(std::move(route));
  handler = std::make_unique<Handler>(std::move(handling));
  return {};
}

Status Apiserver::Parts::listen() {
  net::ServerOptions serving;
  serving.address = options.address;
  serving.port = options.port;
  serving.tls = options.tls;
  serving.threads = options.threads;
  serving.error_answer = transport_error;
  serving.name = "apiserver";
  server = PLUMB_TRY(net::Server::start(std::move(serving), [this](net::Request request, net::ResponseWriter writer) {
    handler->handle(std::move(request), std::move(writer));
  }));
  return {};
}

Apiserver::Apiserver(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<Apiserver>> Apiserver::start(ApiserverOptions options) {
  auto parts = std::make_unique<Parts>();
  parts->options = std::move(options);
  std::unique_ptr<Apiserver> made(new Apiserver(std::move(parts)));
  PLUMB_TRY(made->parts_->assemble());
  PLUMB_TRY(ensure_system_objects(*made->parts_->registry));
  PLUMB_TRY(made->parts_->services->prepare());
  OwnCalls own(*made->parts_->registry);
  PLUMB_TRY(publish_trust(own, made->parts_->options.trust));
  PLUMB_TRY(made->parts_->aggregator->ensure_local_services());
  made->parts_->aggregator->start();
  PLUMB_TRY(made->parts_->listen());
  made->parts_->services->serve(made->port(), *made->parts_->options.clock);
  made->parts_->compaction = std::make_unique<Compaction>(*made->parts_->options.store, *made->parts_->options.clock);
  return made;
}

Apiserver::~Apiserver() {
  parts_->compaction.reset();
  parts_->services.reset();
  if (parts_->cache)
    for (const auto& cache : parts_->cache->all()) cache->end_watchers(std::nullopt);
  if (parts_->server) parts_->server->stop(stop_grace);
  parts_->server.reset();
  parts_->handler.reset();
  parts_->aggregator.reset();
  parts_->connector.reset();
  parts_->security = {};
  parts_->registry.reset();
  parts_->cache.reset();
}

std::uint16_t Apiserver::port() const { return parts_->server->port(); }
Registry& Apiserver::registry() { return *parts_->registry; }
const Security& Apiserver::security() const { return parts_->security; }

void Apiserver::get(UserPtr user, std::string user_agent, std::string path_and_query, std::function<void(Result<net::ClientResponse>)> done) {
  net::Request request;
  request.method = "GET";
  const auto query = std::min(path_and_query.find('?'), path_and_query.size());
  request.path = path_and_query.substr(0, query);
  request.query = path_and_query.substr(std::min(query + 1, path_and_query.size()));
  request.headers = {{"accept", "application/json"}, {"user-agent", std::move(user_agent)}};
  const auto as_user = [handler = parts_->handler.get(), user = std::move(user)](net::Request asked, net::ResponseWriter writer) {
    handler->handle_as(user, std::move(asked), std::move(writer));
  };
  net::ask_locally(parts_->server->reactor(), as_user, std::move(request), {}, std::move(done));
}

}  // namespace plumb::apiserver
