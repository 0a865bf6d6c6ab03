// plumbd dns: the names of a cluster. Runs in a pod of it, as the pod's service account, or anywhere with a kubeconfig.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <cstdio>
#include <memory>

#include "harness/base/arguments.h"
#include "harness/base/encoding.h"
#include "harness/base/file.h"
#include "reference/cluster/connect/connect.h"
#include "reference/cluster/end_signals.h"
#include "reference/cluster/role.h"
#include "reference/dns/dns.h"

namespace plumb::cluster {
namespace {

constexpr int highest_ttl = 3600, most_threads = 64;

struct Flags {
  std::string kubeconfig, domain = "cluster.local", pods = "insecure", address, resolv_conf = "/etc/resolv.conf", health = "0.0.0.0:8080", ready = "0.0.0.0:8181", metrics = "0.0.0.0:9153";
  std::vector<std::string> forward, stub_domains;
  int port = 53, ttl = 30, threads = 2;
};

// "0.0.0.0:8080", "[::]:8080"; "" and port 0 mean not at all.
Result<std::optional<dns::Listen>> parse_listen(const std::string& flag, const std::string& text) {
  if (text.empty()) return std::optional<dns::Listen>();
  const auto colon = text.rfind(':');
  const long port = colon == std::string::npos ? -1 : parse_int(text.substr(colon + 1)).value_or(-1);
  std::string address = text.substr(0, colon);
  if (address.size() > 2 && address.front() == '[') address = address.substr(1, address.size() - 2);
  if (port < 0 || port > 65535 || !api::Ip::parse(address)) return fail(Code::invalid_argument, flag + " " + text + " is not an address and a port, such as 0.0.0.0:8080");
  if (port == 0) return std::optional<dns::Listen>();
  return std::optional(dns::Listen{address, static_cast<std::uint16_t>(port)});
}

Result<std::vector<dns::SocketAddress>> parse_servers(std::string_view text) {
  std::vector<dns::SocketAddress> servers;
  for (const auto one : split(text, ','))
    if (!trim(one).empty()) servers.push_back(PLUMB_TRY(dns::parse_server(trim(one))));
  return servers;
}

// "example.com=10.0.0.1:53,10.0.0.2"
Result<dns::StubDomain> parse_stub_domain(const std::string& text) {
  const auto equals = text.find('=');
  dns::StubDomain stub;
  stub.domain = dns::lower(trim(std::string_view(text).substr(0, equals)));
  if (stub.domain.ends_with('.')) stub.domain.pop_back();
  if (equals != std::string::npos) stub.servers = PLUMB_TRY(parse_servers(std::string_view(text).substr(equals + 1)));
  if (stub.domain.empty() || stub.servers.empty()) return fail(Code::invalid_argument, "--stub-domain " + text + " is not a domain and its name servers, such as example.com=10.0.0.1:53");
  return stub;
}

std::vector<api::Ip> own_ips() {
  std::vector<api::Ip> ips;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return ips;
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> held(list, freeifaddrs);
  for (const ifaddrs* each = list; each; each = each->ifa_next) {
    if (!each->ifa_addr || (each->ifa_flags & IFF_LOOPBACK) || (each->ifa_addr->sa_family != AF_INET && each->ifa_addr->sa_family != AF_INET6)) continue;
    char text[INET6_ADDRSTRLEN] = "";
    const void* octets = each->ifa_addr->sa_family == AF_INET ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr)
                                                              : &reinterpret_cast<const sockaddr_in6*>(each->ifa_addr)->sin6_addr;
    inet_ntop(each->ifa_addr->sa_family, octets, text, sizeof text);
    if (const auto ip = api::Ip::parse(text); ip && !std::string_view(text).starts_with("fe80:")) ips.push_back(*ip);
  }
  return ips;
}

Result<dns::DnsOptions> options_of(const Flags& flags) {
  dns::DnsOptions options;
  options.zone.domain = dns::lower(flags.domain);
  if (options.zone.domain.ends_with('.')) options.zone.domain.pop_back();
  if (options.zone.domain.empty()) return fail(Code::invalid_argument, "--cluster-domain is empty");
  if (flags.ttl < 0 || flags.ttl > highest_ttl) return fail(Code::invalid_argument, "--ttl must be between 0 and " + std::to_string(highest_ttl) + " seconds");
  if (flags.port < 1 || flags.port > 65535) return fail(Code::invalid_argument, "--port must be between 1 and 65535");
  if (flags.threads < 1 || flags.threads > most_threads) return fail(Code::invalid_argument, "--threads must be between 1 and " + std::to_string(most_threads));
  options.zone.ttl = static_cast<std::uint32_t>(flags.ttl);
  options.zone.pods = flags.pods == "insecure" ? dns::Pods::insecure : flags.pods == "verified" ? dns::Pods::verified : dns::Pods::disabled;
  options.zone.own_ips = own_ips();
  options.server.address = flags.address;
  options.server.port = static_cast<std::uint16_t>(flags.port);
  options.server.threads = flags.threads;
  for (const std::string& text : flags.forward)
    for (const auto& server : PLUMB_TRY(parse_servers(text))) options.server.forward.servers.push_back(server);
  if (flags.forward.empty() && !flags.resolv_conf.empty()) options.server.forward.servers = PLUMB_TRY(dns::servers_in(PLUMB_TRY(read_file(flags.resolv_conf))));
  for (const std::string& text : flags.stub_domains) options.server.forward.stub_domains.push_back(PLUMB_TRY(parse_stub_domain(text)));
  options.health = PLUMB_TRY(parse_listen("--health-bind-address", flags.health));
  options.ready = PLUMB_TRY(parse_listen("--ready-bind-address", flags.ready));
  options.metrics = PLUMB_TRY(parse_listen("--metrics-bind-address", flags.metrics));
  return options;
}

struct Running {
  Connection connection;
  std::unique_ptr<dns::Dns> dns;
};

Result<Running> start(const Flags& flags, dns::DnsOptions options) {
  Running running;
  running.connection = PLUMB_TRY(connect(flags.kubeconfig, "plumbd-dns"));
  running.dns = PLUMB_TRY(dns::Dns::start(std::move(options), *running.connection.client, real_clock()));
  return running;
}

class DnsRole final : public Role {
 public:
  std::string summary() const override { return "answers for the names of a cluster's services and pods"; }
  int run(const std::vector<std::string>& args) override {
    Flags flags;
    Arguments arguments("plumbd dns", summary());
    arguments.option("--kubeconfig", flags.kubeconfig, "where the API server is and who we are there (default in a pod: the pod's service account)")
        .option("--cluster-domain", flags.domain, "the cluster's domain")
        .choice("--pods", flags.pods, {"insecure", "verified", "disabled"}, "names of pods by address: any address, those of pods, none")
        .option("--ttl", flags.ttl, "seconds for which the cluster's records may be kept")
        .option("--forward", flags.forward, "name servers for all other names, comma-separated (default: those of --resolv-conf)")
        .option("--resolv-conf", flags.resolv_conf, "where they stand otherwise; empty: other names are refused")
        .option("--stub-domain", flags.stub_domains, "DOMAIN=SERVER[,SERVER]: name servers of one domain; may be given several times")
        .option("--bind-address", flags.address, "where DNS is served (default: every address)")
        .option("--port", flags.port, "on which port, UDP and TCP")
        .option("--threads", flags.threads, "threads that answer")
        .option("--health-bind-address", flags.health, "where /health is served; port 0: nowhere")
        .option("--ready-bind-address", flags.ready, "where /ready is served; port 0: nowhere")
        .option("--metrics-bind-address", flags.metrics, "where /metrics is served; port 0: nowhere");
    if (const auto done = arguments.parse(args)) return *done;
    auto options = options_of(flags);
    if (!options.ok()) return std::fprintf(stderr, "plumbd dns: %s\n", options.error().message.c_str()), kExitUsage;
    const sigset_t set = block_end_signals();
    auto running = start(flags, std::move(*options));
    if (!running.ok()) return std::fprintf(stderr, "plumbd dns: %s\n", running.error().message.c_str()), kExitFailure;
    std::printf("serving on port %d\n", running->dns->port());
    std::fflush(stdout);
    int number = 0;
    sigwait(&set, &number);
    running->dns.reset();
    return kExitOk;
  }
};

const Registered<Role> registered{"dns", [] { return std::make_unique<DnsRole>(); }};

}  // namespace
}  // namespace plumb::cluster
