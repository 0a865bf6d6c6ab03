#include "reference/cluster/control_plane/control_plane.h"

#include "reference/apiserver/apiserver.h"
#include "reference/cluster/control_plane/component.h"
#include "reference/cluster/control_plane/connect.h"
#include "reference/cluster/control_plane/security.h"
#include "reference/cluster/pki/pki.h"
#include "reference/informer/in_process.h"
#include "reference/store/embedded/embedded_store.h"
#include "reference/store/etcd/etcd_store.h"

namespace plumb::cluster {
namespace {

// A component with its client and caches. Destroyed in the order that lets each end before what it uses.
struct Running {
  std::unique_ptr<informer::Client> client;
  std::unique_ptr<informer::InformerFactory> informers;
  std::unique_ptr<Component> component;

  ~Running() {
    if (component) component->stop();
    if (informers) informers->stop();
    component.reset();
  }
};

Result<std::unique_ptr<Running>> run_component(const std::string& name, std::unique_ptr<informer::Client> client, const std::string& root_ca_pem,
                                               Clock& clock) {
  auto running = std::make_unique<Running>();
  running->component = Registry<Component>::make(name);
  if (!running->component) return fail(Code::invalid_argument, "there is no component \"" + name + "\" in this program; plumbd list shows its roles");
  running->client = std::move(client);
  running->informers = std::make_unique<informer::InformerFactory>(*running->client, clock);
  const ComponentContext context{*running->client, *running->informers, clock, root_ca_pem};
  if (Status started = running->component->start(context); !started.ok()) return std::move(started).error().in("starting " + name);
  running->informers->start();
  return running;
}

Result<std::unique_ptr<store::Store>> open_store(const ControlPlaneOptions& options, Clock& clock) {
  if (!options.etcd_servers.empty()) return store::open_etcd({.endpoints = options.etcd_servers, .tls = std::nullopt});
  std::unique_ptr<store::Store> opened = PLUMB_TRY(store::EmbeddedStore::open({.dir = options.layout.store()}, clock));
  return opened;
}

}  // namespace

struct ControlPlane::Parts {
  std::unique_ptr<store::Store> store;
  std::unique_ptr<apiserver::Apiserver> server;
  std::unique_ptr<informer::InProcessTransport> transport;
  std::vector<std::unique_ptr<Running>> components;

  ~Parts() {
    components.clear();
    transport.reset();
    server.reset();
  }
};

ControlPlane::ControlPlane(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ControlPlane::~ControlPlane() = default;
std::uint16_t ControlPlane::port() const { return parts_->server->port(); }

Result<std::unique_ptr<ControlPlane>> ControlPlane::start(ControlPlaneOptions options, Clock& clock) {
  auto parts = std::make_unique<Parts>();
  const Pki pki = PLUMB_TRY(Pki::open(options.layout, clock));
  const net::KeyPair serving = PLUMB_TRY(pki.identity(apiserver_identity(options.certificate_ips)));
  const net::KeyPair kubelet_client = PLUMB_TRY(pki.identity(kubelet_client_identity()));
  parts->store = PLUMB_TRY(open_store(options, clock));

  apiserver::ApiserverOptions server;
  server.store = parts->store.get();
  server.remote_store = !options.etcd_servers.empty();
  server.clock = &clock;
  server.address = options.bind_address;
  server.port = options.secure_port;
  server.threads = options.threads;
  server.tls = net::TlsServerOptions{serving.certificate_pem, serving.key_pem, pki.ca_pem()};
  server.kubelet_client = net::TlsClientOptions{pki.ca_pem(), kubelet_client.certificate_pem, kubelet_client.key_pem, {}, false};
  server.security = [&](apiserver::Registry& registry) { return make_security({pki.signing_key_pem(), options.static_tokens}, registry); };
  parts->server = PLUMB_TRY(apiserver::Apiserver::start(std::move(server)));

  std::vector<apiserver::Authorizer*> authorizers;
  for (const auto& one : parts->server->security().authorizers) authorizers.push_back(one.get());
  parts->transport = std::make_unique<informer::InProcessTransport>(parts->server->registry(), authorizers);
  for (const std::string& name : options.components) {
    auto user = std::make_shared<apiserver::User>();
    user->name = "system:" + name;
    user->groups = {std::string(apiserver::all_authenticated_group)};
    parts->components.push_back(PLUMB_TRY(run_component(name, parts->transport->client(user, name), pki.ca_pem(), clock)));
  }
  return std::unique_ptr<ControlPlane>(new ControlPlane(std::move(parts)));
}

struct RemoteComponent::Parts {
  std::unique_ptr<Running> running;
};
RemoteComponent::RemoteComponent(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RemoteComponent::~RemoteComponent() = default;

Result<std::unique_ptr<RemoteComponent>> RemoteComponent::start(const std::string& name, const std::string& kubeconfig, Clock& clock) {
  Connection connection = PLUMB_TRY(connect(kubeconfig, "plumbd-" + name));
  auto parts = std::make_unique<Parts>();
  parts->running = PLUMB_TRY(run_component(name, std::move(connection.client), connection.ca_pem, clock));
  return std::unique_ptr<RemoteComponent>(new RemoteComponent(std::move(parts)));
}

}  // namespace plumb::cluster
