// plumbd proxy: traffic to Services on one node of a cluster, and the NetworkPolicies of its pods: one process, whose memory a node pays once.
#include <unistd.h>

#include <cstdio>

#include "harness/base/arguments.h"
#include "harness/base/encoding.h"
#include "reference/cluster/connect/connect.h"
#include "reference/cluster/control_plane/flags.h"
#include "reference/cluster/end_signals.h"
#include "reference/cluster/role.h"
#include "reference/policy/policy.h"
#include "reference/proxy/proxy.h"

namespace plumb::cluster {
namespace {

using namespace std::chrono_literals;

constexpr Duration node_limit = 60s, node_retry = 200ms;

struct Flags {
  std::string kubeconfig, node_name, node_ip, healthz = "0.0.0.0:10256", metrics = "127.0.0.1:10249", node_port_addresses = "primary";
  std::string local_mode = "ClusterCIDR", cluster_cidr, bridge, prefix;
  std::string network_policy = "true", policy_healthz = "127.0.0.1:10254";
  int masquerade_bit = 14;
  bool cleanup = false;
};

std::string this_host() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

// "127.0.0.1:10249", "[::]:10256"; "" and port 0 mean not at all.
Result<std::optional<proxy::Listen>> parse_listen(const std::string& flag, const std::string& text) {
  if (text.empty()) return std::optional<proxy::Listen>();
  const auto colon = text.rfind(':');
  const long port = colon == std::string::npos ? -1 : parse_int(text.substr(colon + 1)).value_or(-1);
  std::string address = text.substr(0, colon);
  if (address.size() > 2 && address.front() == '[') address = address.substr(1, address.size() - 2);
  if (port < 0 || port > 65535 || !api::Ip::parse(address)) return fail(Code::invalid_argument, flag + " " + text + " is not an address and a port, such as 0.0.0.0:10256");
  if (port == 0) return std::optional<proxy::Listen>();
  return std::optional(proxy::Listen{address, static_cast<std::uint16_t>(port)});
}

Result<std::vector<api::IpRange>> parse_ranges(const std::string& flag, const std::string& text) {
  std::vector<api::IpRange> ranges;
  for (const auto one : split(text, ',')) {
    if (trim(one).empty()) continue;
    const auto range = api::IpRange::parse(trim(one));
    if (!range) return fail(Code::invalid_argument, flag + " has " + std::string(one) + ", which is not a range of addresses, such as 10.0.0.0/16");
    ranges.push_back(*range);
  }
  return ranges;
}

Result<proxy::LocalTraffic> local_traffic(const Flags& flags) {
  using Mode = proxy::LocalTraffic::Mode;
  proxy::LocalTraffic local;
  if (flags.local_mode == "ClusterCIDR") {
    local.ranges = PLUMB_TRY(parse_ranges("--cluster-cidr", flags.cluster_cidr));
    local.mode = local.ranges.empty() ? Mode::none : Mode::cidr;
  } else if (flags.local_mode == "NodeCIDR") {
    local.mode = Mode::cidr;
  } else {
    local.mode = flags.local_mode == "BridgeInterface" ? Mode::bridge : Mode::interface_prefix;
    local.interface = local.mode == Mode::bridge ? flags.bridge : flags.prefix;
    const bool name = !local.interface.empty() && local.interface.size() < 16 && local.interface.find_first_of("\"\\*/ \n") == std::string::npos;
    if (!name) return fail(Code::invalid_argument, "--detect-local-mode " + flags.local_mode + " needs the name of an interface: " + (local.mode == Mode::bridge ? "--pod-bridge-interface" : "--pod-interface-name-prefix"));
  }
  return local;
}

Result<proxy::ProxyOptions> options_of(const Flags& flags) {
  proxy::ProxyOptions options;
  options.proxier.node_name = flags.node_name;
  options.proxier.local = PLUMB_TRY(local_traffic(flags));
  if (flags.node_port_addresses != "primary") options.proxier.node_port_ranges = PLUMB_TRY(parse_ranges("--nodeport-addresses", flags.node_port_addresses));
  for (const auto text : split(flags.node_ip, ',')) {
    if (trim(text).empty()) continue;
    const auto ip = api::Ip::parse(trim(text));
    if (!ip) return fail(Code::invalid_argument, "--node-ip has " + std::string(text) + ", which is not an address");
    options.proxier.node_ips.push_back(*ip);
  }
  if (flags.masquerade_bit < 0 || flags.masquerade_bit > 31) return fail(Code::invalid_argument, "--iptables-masquerade-bit must be between 0 and 31");
  options.proxier.masquerade_mark = 1u << flags.masquerade_bit;
  options.healthz = PLUMB_TRY(parse_listen("--healthz-bind-address", flags.healthz));
  options.metrics = PLUMB_TRY(parse_listen("--metrics-bind-address", flags.metrics));
  return options;
}

// What the kubelet has registered the node with.
Result<std::vector<api::Ip>> node_ips(informer::Client& client, const std::string& node_name) {
  Error last;
  for (const Instant deadline = real_clock().now() + node_limit; real_clock().now() < deadline; usleep(std::chrono::duration_cast<std::chrono::microseconds>(node_retry).count())) {
    const auto node = client.get<corev1::Node>("", node_name);
    std::vector<api::Ip> ips;
    if (node.ok())
      for (const corev1::NodeAddress& address : (*node)->status.addresses)
        if (const auto ip = api::Ip::parse(address.address); ip && address.type == "InternalIP") ips.push_back(*ip);
    if (!ips.empty()) return ips;
    last = node.ok() ? fail(Code::not_found, "it has no InternalIP") : node.error();
  }
  return fail(last.code, "finding the addresses of node " + node_name + ": " + last.message + "; is --hostname-override right? --node-ip gives them");
}

struct Running {
  Connection connection;
  std::unique_ptr<proxy::Proxy> proxy;
  std::unique_ptr<policy::PolicyAgent> policies;
};

Result<policy::PolicyOptions> policy_options_of(const Flags& flags, const proxy::ProxyOptions& proxy) {
  policy::PolicyOptions options;
  options.enforcer.node_name = flags.node_name;
  options.min_sync_period = proxy.min_sync_period;
  options.sync_period = proxy.sync_period;
  options.healthz = PLUMB_TRY(parse_listen("--network-policy-healthz-bind-address", flags.policy_healthz));
  return options;
}

Result<Running> start(const Flags& flags, proxy::ProxyOptions options) {
  policy::PolicyOptions policy_options = PLUMB_TRY(policy_options_of(flags, options));
  Running running;
  running.connection = PLUMB_TRY(connect(flags.kubeconfig, "kube-proxy"));
  if (options.proxier.node_ips.empty()) options.proxier.node_ips = PLUMB_TRY(node_ips(*running.connection.client, flags.node_name));
  // Pods are isolated before Services lead to them.
  if (flags.network_policy == "true") running.policies = PLUMB_TRY(policy::PolicyAgent::start(std::move(policy_options), *running.connection.client, real_clock()));
  else PLUMB_TRY(policy::clean_up());
  running.proxy = PLUMB_TRY(proxy::Proxy::start(std::move(options), *running.connection.client, real_clock()));
  return running;
}

class ProxyRole final : public Role {
 public:
  std::string summary() const override { return "leads one node's traffic to Services on to their endpoints and enforces NetworkPolicies on its pods (nftables)"; }
  int run(const std::vector<std::string>& args) override {
    Flags flags;
    flags.node_name = this_host();
    proxy::ProxyOptions defaults;
    Arguments arguments("plumbd proxy", summary());
    arguments.option("--kubeconfig", flags.kubeconfig, "where the API server is and who we are there")
        .option("--hostname-override,--node-name", flags.node_name, "the node's name (default: the host's)")
        .option("--node-ip", flags.node_ip, "the node's addresses, comma-separated, at most one a family (default: those of the Node)")
        .option("--nodeport-addresses", flags.node_port_addresses, "where node ports are served: primary (the node's addresses), or local addresses in these ranges")
        .choice("--detect-local-mode", flags.local_mode, {"ClusterCIDR", "NodeCIDR", "BridgeInterface", "InterfaceNamePrefix"}, "how this node's pods are told from others")
        .option("--cluster-cidr", flags.cluster_cidr, "ranges of pods, for ClusterCIDR")
        .option("--pod-bridge-interface", flags.bridge, "the pods' bridge, for BridgeInterface")
        .option("--pod-interface-name-prefix", flags.prefix, "what pods' interfaces begin with, for InterfaceNamePrefix")
        .flag("--masquerade-all", defaults.proxier.masquerade_all, "give all traffic to cluster addresses the node's address")
        .option("--iptables-masquerade-bit", flags.masquerade_bit, "bit of the packet mark that says: masquerade")
        .option("--healthz-bind-address", flags.healthz, "where /healthz and /livez are served; port 0: nowhere")
        .option("--metrics-bind-address", flags.metrics, "where /metrics and /proxyMode are served; port 0: nowhere")
        .choice("--network-policy", flags.network_policy, {"true", "false"}, "enforce NetworkPolicies on this node's pods; false removes the rules")
        .option("--network-policy-healthz-bind-address", flags.policy_healthz, "where /healthz and /livez of that are served; port 0: nowhere")
        .flag("--cleanup", flags.cleanup, "remove the proxy's rules and those of NetworkPolicies, and end");
    duration_option(arguments, "--nftables-min-sync-period", defaults.min_sync_period, "the shortest time between two changes of the rules");
    duration_option(arguments, "--nftables-sync-period", defaults.sync_period, "time between two looks whether the rules are still there");
    if (const auto done = arguments.parse(args)) return *done;

    if (flags.cleanup) {
      Status clean = proxy::clean_up();
      if (clean.ok()) clean = policy::clean_up();
      return clean.ok() ? kExitOk : (std::fprintf(stderr, "plumbd proxy: %s\n", clean.error().message.c_str()), kExitFailure);
    }
    auto options = options_of(flags);
    if (!options.ok()) return std::fprintf(stderr, "plumbd proxy: %s\n", options.error().message.c_str()), kExitUsage;
    options->proxier.masquerade_all = defaults.proxier.masquerade_all;
    options->min_sync_period = defaults.min_sync_period;
    options->sync_period = defaults.sync_period;
    const sigset_t set = block_end_signals();
    auto running = start(flags, std::move(*options));
    if (!running.ok()) return std::fprintf(stderr, "plumbd proxy: %s\n", running.error().message.c_str()), kExitFailure;
    std::printf("ready\n");
    std::fflush(stdout);
    int number = 0;
    sigwait(&set, &number);
    running->policies.reset();
    running->proxy.reset();
    return kExitOk;
  }
};

const Registered<Role> registered_proxy_role{"proxy", [] { return std::make_unique<ProxyRole>(); }};

}  // namespace
}  // namespace plumb::cluster
