#include "reference/cluster/node/host_network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/encoding.h"
#include "harness/base/process.h"

namespace plumb::cluster {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kFirstBlock = 16, kLastBlock = 239;
constexpr char kForwardSetting[] = "/proc/sys/net/ipv4/ip_forward";

// Two clusters that come up at the same time must not choose the same block. A folder can be locked, and leaves nothing behind.
class HostLock {
 public:
  HostLock() : fd_(open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (fd_ >= 0) flock(fd_, LOCK_EX);
  }
  ~HostLock() { close(fd_); }
  HostLock(const HostLock&) = delete;

 private:
  int fd_;
};

struct Range {
  std::uint32_t first = 0, last = 0;
};

std::optional<Range> range_of(const std::string& cidr) {
  const auto slash = std::min(cidr.find('/'), cidr.size());
  in_addr address;
  if (inet_pton(AF_INET, cidr.substr(0, slash).c_str(), &address) != 1) return std::nullopt;
  const auto bits = slash < cidr.size() ? parse_int(cidr.substr(slash + 1)) : 32;
  if (!bits || *bits < 0 || *bits > 32) return std::nullopt;
  const std::uint32_t host_mask = *bits == 0 ? ~0u : *bits == 32 ? 0 : (1u << (32 - *bits)) - 1;
  const std::uint32_t first = ntohl(address.s_addr) & ~host_mask;
  return Range{first, first | host_mask};
}

bool is_free(const NetworkPlan& plan, const std::vector<std::string>& routes) {
  return std::none_of(routes.begin(), routes.end(), [&](const auto& route) { return cidrs_overlap(plan.cluster_cidr(), route); });
}

// Destinations the host knows, without the default route and without what goes through the cluster's own bridge.
Result<std::vector<std::string>> foreign_routes(const ClusterId& id) {
  const auto text = PLUMB_TRY(run_checked({"ip", "-j", "-4", "route", "show", "table", "all"}));
  const json routes = json::parse(text, nullptr, false);
  if (!routes.is_array()) return fail(Code::internal, "reading the host's routes: `ip -j route` did not print JSON; iproute2 5 or later is needed");
  std::vector<std::string> result;
  for (const auto& route : routes)
    if (route.value("dst", "default") != "default" && route.value("dev", "") != bridge_name(id)) result.push_back(route["dst"]);
  return result;
}

std::string plan_file(const ClusterId& id) { return id.dir + "/network.json"; }
std::string forward_file(const ClusterId& id) { return id.dir + "/ip-forward-was-off"; }

Result<NetworkPlan> load_or_choose(const ClusterId& id) {
  const auto routes = PLUMB_TRY(foreign_routes(id));
  std::ifstream file(plan_file(id));
  const json kept = file ? json::parse(file, nullptr, false) : json();
  if (kept.is_object() && kept.contains("block")) {
    const NetworkPlan plan{kept.value("block", 0)};
    if (is_free(plan, routes)) return plan;
    return fail(Code::already_exists, "network of cluster " + id.name + ": " + plan.cluster_cidr() +
                                          " is now used by something else on this host (see `ip route`); remove that, or bring the cluster down");
  }
  const auto plan = PLUMB_TRY(choose_network(cluster_tag(id), routes));
  std::ofstream out(plan_file(id), std::ios::trunc);
  out << json{{"block", plan.block}} << "\n";
  if (!out.flush()) return fail_errno("writing " + plan_file(id));
  return plan;
}

Status turn_forwarding_on(const ClusterId& id) {
  std::ifstream setting(kForwardSetting);
  int value = 1;
  if (!(setting >> value) || value != 0) return {};
  std::ofstream(forward_file(id)) << "0\n";
  std::ofstream out(kForwardSetting);
  out << "1\n";
  if (!out.flush()) return fail_errno(std::string("writing 1 to ") + kForwardSetting);
  return {};
}

std::vector<std::string> links_with(const std::string& prefix, const std::string& suffix = "") {
  std::vector<std::string> result;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/sys/class/net", ignored)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(prefix) && name.ends_with(suffix)) result.push_back(name);
  }
  return result;
}

bool other_clusters_are_up() {
  const auto bridges = links_with("p", "br");
  return std::any_of(bridges.begin(), bridges.end(), [](const auto& name) {
    return name.size() == 11 && name.find_first_not_of("0123456789abcdef", 1) == 9;
  });
}

}  // namespace

std::string NetworkPlan::cluster_cidr() const { return "10." + std::to_string(block) + ".0.0/16"; }
std::string NetworkPlan::host_ip() const { return "10." + std::to_string(block) + ".255.1"; }
std::string NetworkPlan::node_ip(int index) const { return "10." + std::to_string(block) + ".255." + std::to_string(10 + index); }
std::string NetworkPlan::pod_cidr(int index) const { return "10." + std::to_string(block) + "." + std::to_string(index) + ".0/24"; }
std::string NetworkPlan::balancer_cidr() const { return "10." + std::to_string(block) + ".254.0/24"; }

bool cidrs_overlap(const std::string& a, const std::string& b) {
  const auto left = range_of(a), right = range_of(b);
  return left && right && left->first <= right->last && right->first <= left->last;
}

Result<NetworkPlan> choose_network(const std::string& tag, const std::vector<std::string>& routes) {
  constexpr int kBlocks = kLastBlock - kFirstBlock + 1;
  const int start = static_cast<int>(std::strtoul(tag.c_str(), nullptr, 16) % kBlocks);
  for (int n = 0; n < kBlocks; n++) {
    const NetworkPlan plan{kFirstBlock + (start + n) % kBlocks};
    if (plan.block == 96) continue;  // the customary range of service addresses, inside every cluster
    if (is_free(plan, routes)) return plan;
  }
  return fail(Code::resource_exhausted, "choosing a network: no 10.x.0.0/16 is free on this host; see `ip route show table all`");
}

Result<NetworkPlan> create_host_network(const ClusterId& id) {
  const HostLock lock;
  const auto plan = PLUMB_TRY(load_or_choose(id));
  const auto bridge = bridge_name(id), table = nft_table_name(id);
  if (!fs::exists("/sys/class/net/" + bridge))
    PLUMB_TRY(run_checked({"ip", "-batch", "-"}, {.input = "link add " + bridge + " type bridge\naddr add " + plan.host_ip() + "/24 dev " +
                                                           bridge + "\nlink set " + bridge + " up\n"}));
  // For what has no node to go to: it ends here, in place of leaving the machine.
  PLUMB_TRY(run_checked({"ip", "route", "replace", plan.balancer_cidr(), "dev", bridge}));
  const std::string rules = "table inet " + table + "\ndelete table inet " + table + "\ntable inet " + table +
                            " {\n  chain leaving {\n    type nat hook postrouting priority srcnat;\n    ip saddr " + plan.cluster_cidr() +
                            " ip daddr != " + plan.cluster_cidr() + " masquerade\n  }\n}\n";
  PLUMB_TRY(run_checked({"nft", "-f", "-"}, {.input = rules}));
  PLUMB_TRY(turn_forwarding_on(id));
  return plan;
}

Status add_pod_route(const ClusterId& id, const NetworkPlan& plan, int index) {
  PLUMB_TRY(run_checked({"ip", "route", "replace", plan.pod_cidr(index), "via", plan.node_ip(index), "dev", bridge_name(id)}));
  return {};
}

Status remove_link(const std::string& name) {
  if (!fs::exists("/sys/class/net/" + name)) return {};
  const auto removed = run_checked({"ip", "link", "del", name});
  if (!removed.ok() && fs::exists("/sys/class/net/" + name)) return removed.error();
  return {};
}

Status remove_host_network(const ClusterId& id) {
  const HostLock lock;
  for (const auto& link : links_with(link_prefix(id))) PLUMB_TRY(remove_link(link));
  const auto tables = PLUMB_TRY(run_checked({"nft", "list", "tables"}));
  if (tables.find("table inet " + nft_table_name(id) + "\n") != std::string::npos)
    PLUMB_TRY(run_checked({"nft", "delete", "table", "inet", nft_table_name(id)}));
  if (fs::exists(forward_file(id)) && !other_clusters_are_up()) std::ofstream(kForwardSetting) << "0\n";
  std::error_code ignored;
  fs::remove(forward_file(id), ignored);
  return {};
}

}  // namespace plumb::cluster
