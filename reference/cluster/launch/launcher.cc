#include "reference/cluster/launch/launcher.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>

#include "harness/base/encoding.h"
#include "harness/base/file.h"
#include "reference/api/types/corev1.h"
#include "reference/cluster/connect/connect.h"
#include "reference/cluster/image/oci.h"
#include "reference/cluster/launch/dns_addon.h"
#include "reference/cluster/launch/preflight.h"
#include "reference/cluster/launch/processes.h"
#include "reference/cluster/node/machine.h"
#include "reference/cluster/node/spec_file.h"
#include "reference/cluster/pki/pki.h"
#include "reference/informer/client.h"

namespace plumb::cluster {
namespace {

using namespace std::chrono_literals;
constexpr std::uint16_t proxy_health_port = 10256;
constexpr Duration process_limit = 30s, stop_grace = 5s;

// In the order in which they start; they stop the other way round.
const std::vector<std::string> process_names = {"etcd", "all", "apiserver", "scheduler", "controller-manager", "metrics-server", "load-balancer", "hollow"};

std::string images(const char* archive) { return std::filesystem::path(own_program()).parent_path().parent_path().string() + "/share/plumbline/" + archive; }
std::string test_images() { return images("test-images.tar"); }
std::string dns_image() { return images("dns-image.tar"); }

std::string url(const std::string& host, std::uint16_t port) { return "https://" + host + ":" + std::to_string(port); }

bool serves(const std::string& ip, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const int probe = inet_pton(AF_INET, ip.c_str(), &address.sin_addr) == 1 ? socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
  const bool connected = probe >= 0 && connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (probe >= 0) close(probe);
  return connected;
}

class Launch {
 public:
  Launch(const Layout& layout, ClusterConfig config, const LaunchProgress& progress) : layout_(layout), config_(std::move(config)), progress_(progress) {}

  Status run(Duration limit) {
    const Instant deadline = real_clock().now() + limit;
    const auto existing = load_config(layout_);
    if (!existing.ok() && existing.error().code != Code::not_found) return existing.error();
    PLUMB_TRY(check_config(config_));
    if (existing.ok()) PLUMB_TRY(check_change(*existing, config_, control_plane_runs()));
    PLUMB_TRY(check_machine(config_, node_images()));
    std::error_code error;
    std::filesystem::create_directories(layout_.dir, error);
    if (error) return fail(Code::permission_denied, "making the cluster's folder " + layout_.dir + ": " + error.message() + "; name another with --dir");
    const FolderLock lock = PLUMB_TRY(FolderLock::take(layout_.dir));
    PLUMB_TRY(choose_server_port());
    PLUMB_TRY(save_config(layout_, config_));
    if (config_.nodes > 0) PLUMB_TRY(prepare_network());
    if (existing.ok() && existing->hollow_nodes != config_.hollow_nodes) PLUMB_TRY(stop_process(layout_, "hollow", stop_grace));
    if (config_.store == "etcd" && config_.etcd_servers.empty()) PLUMB_TRY(start_etcd());
    PLUMB_TRY(start_control_plane());
    PLUMB_TRY(start_nodes());
    if (config_.nodes > 0) PLUMB_TRY(set_up_dns(deadline));
    PLUMB_TRY(start_load_balancer());
    PLUMB_TRY(start_hollow_nodes());
    return await_nodes(deadline);
  }

 private:
  ClusterId id() const { return {config_.name, layout_.dir}; }
  bool control_plane_runs() const { return process_running(layout_, "all") || process_running(layout_, "apiserver"); }

  // The port a cluster has had is kept where it can be: there may be copies of its kubeconfig. Nodes that run know it.
  Status choose_server_port() {
    if (config_.port != 0 && control_plane_runs()) return {};
    const std::uint16_t chosen = PLUMB_TRY(choose_port(config_.port ? config_.port : std::uint16_t{6443}));
    if (config_.port != 0 && chosen != config_.port && some_node_runs())
      return fail(Code::unavailable, "port " + std::to_string(config_.port) + " of cluster " + config_.name +
                                         " is taken by another program, and its nodes still run and look for the API server there: end that program, or stop the nodes with `plumb down --keep-data`");
    config_.port = chosen;
    return {};
  }

  bool some_node_runs() const {
    for (int i = 0; i < config_.nodes; ++i) {
      const auto machine = NodeMachine::find(id(), node_spec(id(), NetworkPlan{}, i, config_.nodes).name);
      if (machine.ok() && machine->running()) return true;
    }
    return false;
  }

  Status prepare_network() {
    progress_.step("making the network");
    plan_ = PLUMB_TRY(create_host_network(id()));
    return {};
  }

  Status start_etcd() {
    progress_.step("starting etcd");
    if (!process_running(layout_, "etcd")) {
      const auto client = PLUMB_TRY(choose_port(2379)), peer = PLUMB_TRY(choose_port(2380));
      const std::string address = "http://127.0.0.1:" + std::to_string(client), peers = "http://127.0.0.1:" + std::to_string(peer);
      PLUMB_TRY(start_process(layout_,
                              {"etcd",
                               {"etcd", "--data-dir", layout_.etcd(), "--listen-client-urls", address, "--advertise-client-urls", address, "--listen-peer-urls", peers,
                                "--initial-advertise-peer-urls", peers, "--initial-cluster", "default=" + peers},
                               false},
                              process_limit));
      PLUMB_TRY(write_private_file(layout_.dir + "/etcd.address", address));
      PLUMB_TRY(await_etcd(client));
    }
    own_etcd_ = PLUMB_TRY(read_file(layout_.dir + "/etcd.address"));
    return {};
  }

  // It says nothing when it serves; with much data that takes a while.
  Status await_etcd(std::uint16_t port) {
    for (const Instant deadline = real_clock().now() + process_limit; real_clock().now() < deadline; poll(nullptr, 0, 10)) {
      if (serves("127.0.0.1", port)) return {};
      if (!process_running(layout_, "etcd")) break;
    }
    return fail(Code::unavailable, "etcd does not serve on port " + std::to_string(port) + ": see " + layout_.dir + "/logs/etcd.log");
  }

  Status start_control_plane() {
    const Pki pki = PLUMB_TRY(Pki::open(layout_, real_clock()));
    PLUMB_TRY(write_kubeconfig(layout_.kubeconfig(), config_.name, url("127.0.0.1", config_.port), pki.ca_pem(), "kubernetes-admin", PLUMB_TRY(pki.identity(admin_identity()))));
    std::vector<std::string> args = {own_program(), config_.separate ? "apiserver" : "all", "--dir", layout_.dir, "--secure-port", std::to_string(config_.port),
                                     "--certificate-ip", "127.0.0.1"};
    if (plan_) args.insert(args.end(), {"--certificate-ip", plan_->host_ip()});
    if (!plan_) args.insert(args.end(), {"--bind-address", "127.0.0.1"});
    for (const std::string& server : config_.etcd_servers) args.insert(args.end(), {"--etcd-servers", server});
    if (!own_etcd_.empty()) args.insert(args.end(), {"--etcd-servers", own_etcd_});
    // An etcd of its own serves this cluster's one process: a lease would only make the next start wait for the last one's to run out.
    if (!own_etcd_.empty() && !config_.separate) args.push_back("--leader-elect=false");
    if (!config_.separate) add_flags(args, "all");
    progress_.step("starting the control plane");
    if (Status started = start_process(layout_, {args[1], args}, process_limit); !started.ok()) {
      if (config_.etcd_servers.empty()) return started;
      return fail(started.error().code, started.error().message + "; is --etcd-servers right (" + join(config_.etcd_servers, ",") + ")?");
    }
    if (!config_.separate) return {};
    for (const std::string role : {"scheduler", "controller-manager", "metrics-server"}) {
      const std::string component = role == "metrics-server" ? role : "kube-" + role;
      const Identity identity = component_identity(component);
      PLUMB_TRY(write_kubeconfig(layout_.kubeconfig(component), config_.name, url("127.0.0.1", config_.port), pki.ca_pem(), component, PLUMB_TRY(pki.identity(identity))));
      const std::uint16_t port = PLUMB_TRY(choose_port(role == "scheduler" ? 10259 : role == "metrics-server" ? 4443 : 10257));
      std::vector<std::string> flags = {own_program(), role, "--kubeconfig", layout_.kubeconfig(component), "--bind-address", "127.0.0.1", "--secure-port", std::to_string(port),
                                        "--tls-cert-file", layout_.pki(identity.name + ".crt"), "--tls-private-key-file", layout_.pki(identity.name + ".key")};
      add_flags(flags, role);
      PLUMB_TRY(start_process(layout_, {role, flags}, process_limit));
    }
    return {};
  }
  void add_flags(std::vector<std::string>& args, const std::string& role) const {
    if (role == "all" || role == "controller-manager") args.insert(args.end(), {"--cluster-signing-cert-file", layout_.pki("ca.crt"), "--cluster-signing-key-file", layout_.pki("ca.key")});
    if (plan_ && (role == "all" || role == "controller-manager")) args.insert(args.end(), {"--load-balancer-ip-range", plan_->balancer_cidr()});
    const std::vector<std::string> more = flag_args(config_.flags, role);
    args.insert(args.end(), more.begin(), more.end());
  }

  Status start_nodes() {
    for (int i = 0; i < config_.nodes; ++i) {
      NodeSpec spec = node_spec(id(), *plan_, i, config_.nodes);
      if (const auto found = NodeMachine::find(id(), spec.name); found.ok() && found->running()) continue;
      progress_.step("starting node " + spec.name);
      PLUMB_TRY(configure_node(spec));
      auto machine = PLUMB_TRY(NodeMachine::create(spec));
      (void)machine;
    }
    return {};
  }

  Status configure_node(NodeSpec& spec) {
    const Pki pki = PLUMB_TRY(Pki::open(layout_, real_clock()));
    const Identity identity = node_identity(spec.name, spec.node_ip);
    const net::KeyPair pair = PLUMB_TRY(pki.identity(identity));
    const std::string kubeconfig = layout_.kubeconfig(identity.name);
    PLUMB_TRY(write_kubeconfig(kubeconfig, config_.name, url(plan_->host_ip(), config_.port), pki.ca_pem(), identity.common_name, pair));
    spec.sandbox_image = kSandboxImage;
    spec.image_archives = node_images();
    spec.services.push_back({"kubelet",
                             {own_program(), "kubelet", "--kubeconfig", kubeconfig, "--node-name", spec.name, "--node-ip", spec.node_ip, "--root-dir", "/var/lib/kubelet",
                              "--container-runtime-endpoint", "unix:///run/containerd/containerd.sock", "--tls-cert-file", layout_.pki(identity.name + ".crt"),
                              "--tls-private-key-file", layout_.pki(identity.name + ".key"), "--client-ca-file", layout_.pki("ca.crt")},
                             {}});
    if (config_.dns) {
      auto& kubelet = spec.services.back().args;
      kubelet.insert(kubelet.end(), {"--cluster-dns", kDnsServiceIp, "--cluster-domain", kClusterDomain});
    }
    const std::string proxy = PLUMB_TRY(proxy_kubeconfig(pki));
    std::vector<std::string> proxy_args = {own_program(), "proxy", "--kubeconfig", proxy, "--hostname-override", spec.name, "--node-ip", spec.node_ip,
                                           "--detect-local-mode", "BridgeInterface", "--pod-bridge-interface", kPodBridge};
    const std::vector<std::string> more = flag_args(config_.flags, "proxy");
    proxy_args.insert(proxy_args.end(), more.begin(), more.end());
    spec.services.push_back({"proxy", std::move(proxy_args), {}});
    return {};
  }

  Result<std::string> proxy_kubeconfig(const Pki& pki) {
    const std::string path = layout_.kubeconfig("kube-proxy");
    PLUMB_TRY(write_kubeconfig(path, config_.name, url(plan_->host_ip(), config_.port), pki.ca_pem(), "kube-proxy", PLUMB_TRY(pki.identity(component_identity("kube-proxy")))));
    return path;
  }

  // It is a proxy to the API server: it reads the same objects.
  Status start_load_balancer() {
    if (config_.nodes == 0) return {};
    const std::string kubeconfig = PLUMB_TRY(proxy_kubeconfig(PLUMB_TRY(Pki::open(layout_, real_clock()))));
    return start_process(layout_, {"load-balancer", {own_program(), "load-balancer", "--kubeconfig", kubeconfig, "--ip-range", plan_->balancer_cidr(), "--device", bridge_name(id())}},
                         process_limit);
  }

  std::vector<std::string> node_images() const {
    std::vector<std::string> archives = {test_images()};
    if (config_.dns) archives.push_back(dns_image());
    return archives;
  }

  // Only its objects: its pod starts while nobody waits for it.
  Status set_up_dns(Instant deadline) {
    const Connection connection = PLUMB_TRY(connect(layout_.kubeconfig(), "plumbd-up"));
    return config_.dns ? apply_dns(*connection.client, deadline) : remove_dns(*connection.client);
  }

  Status start_hollow_nodes() {
    if (config_.hollow_nodes == 0) return {};
    progress_.step("starting " + std::to_string(config_.hollow_nodes) + " hollow nodes");
    const Pki pki = PLUMB_TRY(Pki::open(layout_, real_clock()));
    const Identity identity = hollow_identity();
    const std::string kubeconfig = layout_.kubeconfig(identity.name);
    PLUMB_TRY(write_kubeconfig(kubeconfig, config_.name, url("127.0.0.1", config_.port), pki.ca_pem(), identity.common_name, PLUMB_TRY(pki.identity(identity))));
    return start_process(layout_, {"hollow", {own_program(), "hollow", "--kubeconfig", kubeconfig, "--nodes", std::to_string(config_.hollow_nodes), "--tls-cert-file",
                                              layout_.pki(identity.name + ".crt"), "--tls-private-key-file", layout_.pki(identity.name + ".key"), "--client-ca-file", layout_.pki("ca.crt")}},
                         process_limit);
  }

  Status await_nodes(Instant deadline) {
    const std::size_t wanted = static_cast<std::size_t>(config_.nodes + config_.hollow_nodes);
    if (wanted == 0) return {};
    progress_.step("waiting for " + std::to_string(wanted) + (wanted == 1 ? " node" : " nodes") + " to be Ready");
    Connection connection = PLUMB_TRY(connect(layout_.kubeconfig(), "plumbd-up"));
    // The first list is a list, not a watch from nowhere: nodes that are Ready already would otherwise be missed.
    std::mutex mutex;
    std::condition_variable changed;
    std::set<std::string> ready;
    bool closed = false;
    const auto see = [&](const api::Object& object, bool gone) {
      const auto& node = static_cast<const corev1::Node&>(object);
      bool is_ready = false;
      for (const corev1::NodeCondition& condition : node.status.conditions) is_ready |= condition.type == "Ready" && condition.status == "True";
      if (is_ready && !gone)
        ready.insert(node.metadata.name.str());
      else
        ready.erase(node.metadata.name.str());
    };
    while (real_clock().now() < deadline) {
      const auto list = PLUMB_TRY(connection.client->list(informer::resource_of<corev1::Node>()));
      std::unique_lock lock(mutex);
      ready.clear();
      closed = false;
      for (const auto& item : list.items) see(*item, false);
      if (ready.size() >= wanted) return {};
      lock.unlock();
      informer::WatchOptions options;
      options.resource_version = list.metadata.resourceVersion.str();
      const auto watch = connection.client->watch(informer::resource_of<corev1::Node>(), options, [&](informer::WatchEvent event) {
        std::lock_guard inner(mutex);
        if (event.type == informer::WatchEvent::Type::closed) closed = true;
        else if (event.object) see(*event.object, event.type == informer::WatchEvent::Type::deleted);
        changed.notify_one();
      });
      lock.lock();
      changed.wait_until(lock, deadline, [&] { return closed || ready.size() >= wanted; });
      const bool all = ready.size() >= wanted;
      // The watch ends without the lock: it waits for an event that is being told, which takes the lock.
      lock.unlock();
      if (all) return {};
    }
    return fail(Code::deadline_exceeded, "only " + std::to_string(ready.size()) + " of " + std::to_string(wanted) +
                                             " nodes are Ready; `kubectl get nodes` and the logs in " + layout_.dir + "/nodes tell more");
  }

  const Layout& layout_;
  ClusterConfig config_;
  const LaunchProgress& progress_;
  std::optional<NetworkPlan> plan_;
  std::string own_etcd_;
};

}  // namespace

Status bring_up(const Layout& layout, ClusterConfig config, const LaunchProgress& progress, Duration limit) {
  return Launch(layout, std::move(config), progress).run(limit);
}

Result<ClusterState> inspect(const Layout& layout) {
  ClusterState state;
  state.config = PLUMB_TRY(load_config(layout));
  state.kubeconfig = layout.kubeconfig();
  for (const std::string& name : process_names)
    if (std::filesystem::exists(layout.pid_file(name))) state.processes.push_back({name, process_running(layout, name)});
  const ClusterId id{state.config.name, layout.dir};
  for (int i = 0; i < state.config.nodes; ++i) {
    const std::string name = node_spec(id, NetworkPlan{}, i, state.config.nodes).name;
    const auto machine = NodeMachine::find(id, name);
    const bool runs = machine.ok() && machine->running();
    state.processes.push_back({name, runs});
    const auto spec = read_spec(node_dir(id, name) + "/node.json");
    state.processes.push_back({name + " proxy", runs && spec.ok() && serves(spec->node_ip, proxy_health_port)});
  }
  if (auto connection = connect(layout.kubeconfig(), "plumbd-status"); connection.ok())
    state.ready = connection->client->call(informer::get_request(informer::resource_of<corev1::Namespace>(), "", "default")).ok();
  return state;
}

bool holds_cluster(const Layout& layout) {
  std::error_code error;
  if (std::filesystem::exists(layout.config(), error) || std::filesystem::exists(layout.dir + "/network.json", error)) return true;
  return std::any_of(process_names.begin(), process_names.end(), [&](const std::string& name) { return std::filesystem::exists(layout.pid_file(name), error); });
}

Status bring_down(const Layout& layout, bool keep_data) {
  const auto config = load_config(layout);
  if (!config.ok() && config.error().code == Code::permission_denied) return config.error();
  std::error_code error;
  // A folder that was named by mistake is left alone: /etc has a folder "pki", too. Of a folder that is gone there may be traces on the host.
  const bool there = std::filesystem::exists(layout.dir, error);
  if (there && !holds_cluster(layout)) return {};
  std::optional<FolderLock> lock;
  if (there) lock.emplace(PLUMB_TRY(FolderLock::take(layout.dir)));
  for (auto name = process_names.rbegin(); name != process_names.rend(); ++name) PLUMB_TRY(stop_process(layout, *name, stop_grace));
  if (geteuid() == 0) PLUMB_TRY(cleanup({config.ok() ? config->name : std::filesystem::path(layout.dir).filename().string(), layout.dir}, !keep_data));
  if (keep_data) return {};
  // Only what a cluster puts there, and last what makes the folder a cluster's.
  for (const char* part : {"pki", "store", "etcd", "logs", "nodes"}) std::filesystem::remove_all(layout.dir + "/" + part, error);
  for (const char* part : {"kubeconfig", "etcd.address", "cluster.json"}) std::filesystem::remove(layout.dir + "/" + part, error);
  std::filesystem::remove(layout.dir, error);
  return {};
}

}  // namespace plumb::cluster
