#include "reference/cluster/control_plane/control_plane.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "reference/api/text/ip.h"
#include "reference/api/text/names.h"
#include "reference/apiserver/apiserver.h"
#include "reference/cluster/connect/connect.h"
#include "reference/cluster/control_plane/runner.h"
#include "reference/cluster/control_plane/security.h"
#include "reference/cluster/pki/pki.h"
#include "reference/informer/in_process.h"
#include "reference/store/embedded/embedded_store.h"
#include "reference/store/etcd/etcd_store.h"

namespace plumb::cluster {
namespace {

std::optional<informer::LeaderElectionOptions> candidate(const ElectionFlags& flags, const std::string& component) {
  if (!flags.leader_elect) return std::nullopt;
  return flags.candidate(component);
}

Result<std::unique_ptr<store::Store>> open_store(const ControlPlaneOptions& options, Clock& clock) {
  if (!options.etcd_servers.empty()) return store::open_etcd({.endpoints = options.etcd_servers, .tls = std::nullopt});
  std::unique_ptr<store::Store> opened = PLUMB_TRY(store::EmbeddedStore::open({.dir = options.layout.store()}, clock));
  return opened;
}

std::optional<std::string> interface_address() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return std::nullopt;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> held(list, freeifaddrs);
  for (const ifaddrs* each = list; each; each = each->ifa_next) {
    if (!each->ifa_addr || each->ifa_addr->sa_family != AF_INET || (each->ifa_flags & IFF_LOOPBACK) || !(each->ifa_flags & IFF_UP)) continue;
    char text[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr, text, sizeof text);
    if (api::check_ordinary_ip(text).empty()) return text;
  }
  return std::nullopt;
}

// Where pods and other machines reach this server.
std::string advertised(const ControlPlaneOptions& options) {
  if (!options.services.advertise_address.empty()) return options.services.advertise_address;
  for (const std::string& ip : options.certificate_ips)
    if (api::check_ip(ip).empty() && api::check_ordinary_ip(ip).empty()) return ip;
  return interface_address().value_or("");
}

bool is_unspecified(const std::string& address) { return address.empty() || address == "0.0.0.0" || address == "::"; }
bool is_loopback(const std::string& address) { return address == "localhost" || address == "::1" || address.starts_with("127."); }

// In the certificate: also the address of the Service default/kubernetes.
std::vector<std::string> served_addresses(const ControlPlaneOptions& options) {
  std::vector<std::string> addresses = options.certificate_ips;
  const auto add = [&](const std::string& address) {
    if (!address.empty() && std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
  };
  add(advertised(options));
  const auto range = options.services.cluster_ip_ranges.empty() ? std::nullopt : api::IpRange::parse(options.services.cluster_ip_ranges.front());
  if (range) add(api::Ip{range->network.v6, range->network.number + 1}.text());
  return addresses;
}

}  // namespace

std::vector<NamedComponent> all_components() {
  std::vector<NamedComponent> made;
  for (const auto& [name, make] : Registry<Component>::all()) made.push_back({name, make()});
  return made;
}

// As in a process of its own, but for the token: the transport believes us.
class InProcessAccounts final : public Accounts {
 public:
  explicit InProcessAccounts(informer::InProcessTransport& transport) : transport_(transport) {}
  informer::Client* client(const std::string& account) override {
    std::lock_guard lock(mutex_);
    auto& made = clients_[account];
    if (made) return made.get();
    auto user = std::make_shared<apiserver::User>();
    user->name = std::string("system:serviceaccount:") + kAccountNamespace + ":" + account;
    user->groups = {"system:serviceaccounts", std::string("system:serviceaccounts:") + kAccountNamespace, std::string(apiserver::all_authenticated_group)};
    made = transport_.client(user, account);
    return made.get();
  }

 private:
  informer::InProcessTransport& transport_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<informer::Client>> clients_;  // under mutex_
};

struct ControlPlane::Parts {
  std::unique_ptr<store::Store> store;
  std::unique_ptr<apiserver::Apiserver> server;
  std::unique_ptr<informer::InProcessTransport> transport;
  std::vector<std::unique_ptr<Runner>> components;

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
  const net::KeyPair serving = PLUMB_TRY(pki.identity(apiserver_identity(served_addresses(options))));
  const net::KeyPair kubelet_client = PLUMB_TRY(pki.identity(kubelet_client_identity()));
  parts->store = PLUMB_TRY(open_store(options, clock));

  apiserver::ApiserverOptions server;
  server.store = parts->store.get();
  server.remote_store = !options.etcd_servers.empty();
  server.clock = &clock;
  server.address = options.bind_address;
  server.port = options.secure_port;
  server.threads = options.threads;
  server.services = options.services;
  server.services.advertise_address = advertised(options);
  server.tls = net::TlsServerOptions{serving.certificate_pem, serving.key_pem, pki.ca_pem()};
  server.kubelet_client = net::TlsClientOptions{pki.ca_pem(), kubelet_client.certificate_pem, kubelet_client.key_pem, {}, false};
  server.security = [&](apiserver::Registry& registry) { return make_security({pki.signing_key_pem(), options.static_tokens}, registry); };
  PLUMB_TRY(options.aggregation.apply(pki, server));
  parts->server = PLUMB_TRY(apiserver::Apiserver::start(std::move(server)));

  std::vector<apiserver::Authorizer*> authorizers;
  for (const auto& one : parts->server->security().authorizers) authorizers.push_back(one.get());
  parts->transport = std::make_unique<informer::InProcessTransport>(parts->server->registry(), authorizers, parts->server.get());
  for (NamedComponent& each : options.components) {
    auto user = std::make_shared<apiserver::User>();
    user->name = "system:" + each.name;
    user->groups = {std::string(apiserver::all_authenticated_group)};
    RunnerOptions runner;
    runner.name = each.name;
    runner.component = std::move(each.component);
    runner.client = parts->transport->client(user, each.name);
    runner.accounts = std::make_unique<InProcessAccounts>(*parts->transport);
    runner.root_ca_pem = pki.ca_pem();
    runner.identity = [pki, name = each.name]() -> Result<net::TlsClientOptions> {
      const net::KeyPair pair = PLUMB_TRY(pki.identity(component_identity(name)));
      return net::TlsClientOptions{pki.ca_pem(), pair.certificate_pem, pair.key_pem, {}, false};
    };
    runner.bind_address = options.bind_address;
    // Who listens on this machine alone is reached from it alone.
    if (!is_loopback(options.bind_address)) runner.advertise_address = advertised(options);
    if (!options.etcd_servers.empty()) runner.election = candidate(options.election, each.name);
    parts->components.push_back(PLUMB_TRY(Runner::start(std::move(runner), clock)));
  }
  return std::unique_ptr<ControlPlane>(new ControlPlane(std::move(parts)));
}

struct RemoteComponent::Parts {
  std::unique_ptr<informer::Client> reviews;
  std::unique_ptr<SecureServing> serving;
  std::unique_ptr<Runner> runner;
};
std::optional<std::uint16_t> RemoteComponent::port() const {
  if (!parts_->serving) return std::nullopt;
  return parts_->serving->port();
}
RemoteComponent::RemoteComponent(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RemoteComponent::~RemoteComponent() = default;

Result<std::unique_ptr<RemoteComponent>> RemoteComponent::start(RemoteOptions options, Clock& clock) {
  const std::string name = options.component.name;
  Connection connection = PLUMB_TRY(connect(options.kubeconfig, "plumbd-" + name));
  RunnerOptions runner;
  runner.name = name;
  const bool serves_itself = options.component.component->serves_itself();
  runner.component = std::move(options.component.component);
  if (serves_itself) runner.secure_port = static_cast<std::uint16_t>(options.serving.secure_port);
  runner.client = std::move(connection.client);
  const auto http = [kubeconfig = options.kubeconfig] { return connect_without_identity(kubeconfig); };
  runner.accounts = make_token_accounts(*runner.client, http, clock, "plumbd-" + name);
  runner.root_ca_pem = connection.ca_pem;
  runner.identity = [tls = connection.identity]() -> Result<net::TlsClientOptions> {
    if (tls.certificate_pem.empty()) return fail(Code::invalid_argument, "the kubeconfig names no client certificate");
    return tls;
  };
  runner.bind_address = options.serving.bind_address;
  if (!is_loopback(options.serving.bind_address)) runner.advertise_address = is_unspecified(options.serving.bind_address) ? interface_address().value_or("") : options.serving.bind_address;
  runner.election = candidate(options.election, name);
  runner.lost_leadership = std::move(options.lost_leadership);
  auto parts = std::make_unique<Parts>();
  if (options.serving.secure_port != 0 && !serves_itself) {
    // A client of its own: the serving stands before the component does, and after it.
    parts->reviews = std::move(PLUMB_TRY(connect(options.kubeconfig, "plumbd-" + name + "/reviews")).client);
    parts->serving = PLUMB_TRY(SecureServing::start(options.serving, connection.ca_pem, *parts->reviews, clock));
  }
  parts->runner = PLUMB_TRY(Runner::start(std::move(runner), clock));
  return std::unique_ptr<RemoteComponent>(new RemoteComponent(std::move(parts)));
}

}  // namespace plumb::cluster
