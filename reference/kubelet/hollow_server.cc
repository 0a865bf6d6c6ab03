#include "reference/kubelet/hollow_server.h"

#include <mutex>

#include "harness/base/encoding.h"
#include "harness/net/server.h"
#include "reference/api/codec/json.h"
#include "reference/kubelet/access.h"

namespace plumb::kubelet {
namespace {

void text(net::ResponseWriter response, int status, std::string body) { response.send(status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)); }

std::string pod_list(const NodeUsage& usage) {
  std::string body = R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[)";
  for (const PodUsage& each : usage.pods) {
    if (&each != &usage.pods.front()) body += ',';
    api::encode_json(*each.pod, body);
  }
  return body + "]}";
}

}  // namespace

std::string hollow_address(int index) {
  return "127." + std::to_string(18 + index / 65536 % 2) + "." + std::to_string(index / 256 % 256) + "." + std::to_string(index % 256);
}

std::optional<int> hollow_index(std::string_view host) {
  const auto parts = split(host.substr(0, host.find(':')), '.');
  if (parts.size() != 4 || parts[0] != "127") return std::nullopt;
  std::int64_t number[4] = {};
  for (std::size_t i = 1; i < 4; ++i) {
    const auto value = parse_int(parts[i]);
    if (!value || *value < 0 || *value > 255) return std::nullopt;
    number[i] = *value;
  }
  if (number[1] < 18 || number[1] > 19) return std::nullopt;
  return static_cast<int>((number[1] - 18) * 65536 + number[2] * 256 + number[3]);
}

struct HollowServer::Core : std::enable_shared_from_this<Core> {
  std::unique_ptr<informer::DelegatedAccess> access;
  std::unique_ptr<net::Server> server;
  std::mutex mutex;  // held while the source is asked, so that serve({}) waits for it
  Source source;     // under mutex

  void handle(net::Request request, net::ResponseWriter response) {
    if (request.path == "/healthz") return text(response, 200, "ok");
    const auto index = hollow_index(request.headers.get("host"));
    if (!index) return text(response, 404, "no simulated node has this address: ask one by the address that its Node names\n");
    auto usage = read(*index);
    if (!usage) return text(response, 404, "there is no such node\n");
    const auto question = access_question(request, usage->node);
    access->check(request, question, [path = request.path, usage = std::move(*usage), response](Result<apiserver::UserPtr> user) mutable {
      if (!user.ok()) return text(response, user.error().http_status, user.error().message);
      if (path == "/pods") return response.send(200, {{"Content-Type", "application/json"}}, pod_list(usage));
      const auto page = usage_page(path, usage);
      if (!page) return text(response, 404, "404 page not found\n");
      response.send(200, {{"Content-Type", page->type}}, page->body);
    });
  }
  std::optional<NodeUsage> read(int index) {
    std::lock_guard lock(mutex);
    return source ? source(index) : std::nullopt;
  }
};

Result<std::unique_ptr<HollowServer>> HollowServer::start(HollowServerOptions options, informer::Client& reviews, Clock& clock) {
  auto core = std::make_shared<Core>();
  core->access = std::make_unique<informer::DelegatedAccess>(reviews, clock, informer::DelegatedAccess::Options{options.tls.client_ca_pem, std::nullopt});
  net::ServerOptions serving;
  serving.address = options.address;
  serving.port = options.port;
  serving.tls = std::move(options.tls);
  serving.name = "kubelets";
  core->server = PLUMB_TRY(net::Server::start(std::move(serving), [weak = std::weak_ptr(core)](net::Request request, net::ResponseWriter response) {
    if (const auto self = weak.lock()) self->handle(std::move(request), std::move(response));
  }));
  return std::unique_ptr<HollowServer>(new HollowServer(std::move(core)));
}
HollowServer::~HollowServer() { core_->server->stop({}); }
std::uint16_t HollowServer::port() const { return core_->server->port(); }

void HollowServer::serve(Source source) {
  std::lock_guard lock(core_->mutex);
  core_->source = std::move(source);
}

}  // namespace plumb::kubelet
